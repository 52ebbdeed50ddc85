//! One calibrated expert for each modality, loaded when it is first needed.
//!
//! Over 400 lines because loading an expert, preparing what it takes and asking it, alone or
//! together with other readers, all reach into the same fields; what it answers is in `answer`, and
//! what answers lack is in `complete`.

mod answer;
mod complete;

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use burn::tensor::{Device, Int, Tensor, TensorData};
use limbic_backbones::Backbone;
use limbic_features::{Extract, Features, TextTokenizer};
use limbic_media::{Clip, Face, Frame, GrayImage, Modality, PerModality, RgbImage};
use limbic_model::{
    Branch, Checkpoint, Contents, EncoderConfig, Input, InputConfig, LabelKind, Recipe, Sequence,
};

use self::answer::Asked;
use crate::emotion::Emotion;
use crate::error::{Error, Failure, Result};
use crate::fusion::Fusion;
use crate::question::{About, Question};
use crate::scores::Scores;
use crate::together::{Reader, Sharing, Together};

/// Side of the face that the vision expert reads, unless its recipe says otherwise.
const FACE: u32 = 48;

/// One answer an input; `None` where an expert has nothing to say.
type Answers = std::result::Result<Vec<Option<Scores>>, Failure>;

/// The experts of one model.
pub(crate) struct Experts {
    name: String,
    bytes: Arc<Cow<'static, [u8]>>,
    id: String,
    fusion: Fusion,
    contents: OnceLock<Contents>,
    question: OnceLock<Question>,
    /// One place a modality, in the order of [`Modality::ALL`].
    loaded: Vec<OnceLock<Option<Expert>>>,
    /// Where several threads read with it.
    sharing: Option<Arc<Sharing>>,
}

/// One modality's branch, ready to answer.
pub(crate) struct Expert {
    modality: Modality,
    checkpoint: Checkpoint,
    shared: Option<Shared>,
    tokenizer: Option<TextTokenizer>,
    /// The pretrained network whose rows it reads.
    network: Option<Backbone>,
    device: Device,
    asked: Asked,
    /// Whether it learned the eight emotions.
    learns: bool,
    temperature: f32,
    covered: [bool; Emotion::COUNT],
    /// The label set of valence and arousal, with their rows.
    ratings: Option<(String, [Option<usize>; 2])>,
    /// Valence and arousal of each emotion, for an expert that has no such set.
    places: [Option<[f32; 2]>; Emotion::COUNT],
}

/// What several readers want to know at the same time.
struct Shared {
    voices: Together<Vec<f32>, Option<Scores>>,
    faces: Together<Shown, Option<Scores>>,
    texts: Together<String, Option<Scores>>,
}

/// A face as an expert takes it.
pub(crate) enum Shown {
    /// Pixels.
    Gray(GrayImage),
    /// What a pretrained network finds in it.
    Row(Vec<f32>),
}

impl Experts {
    /// The experts in the bytes of a checkpoint, which errors call `name`.
    pub(crate) fn new(name: &str, bytes: Arc<Cow<'static, [u8]>>) -> Self {
        let stem = Path::new(name).file_stem().map_or_else(|| name.into(), |s| s.to_string_lossy());
        let print = &blake3::hash(&bytes).to_hex()[..8];
        Self {
            id: format!("{stem}-{print}"),
            name: name.to_owned(),
            bytes,
            fusion: Fusion::new(PerModality::none()),
            contents: OnceLock::new(),
            question: OnceLock::new(),
            loaded: unloaded(),
            sharing: None,
        }
    }

    /// The same, not asked anything yet.
    pub(crate) fn again(&self) -> Self {
        let mut again = Self::new(&self.name, Arc::clone(&self.bytes));
        again.sharing = self.sharing.as_ref().map(|sharing| Arc::new(sharing.apart()));
        again
    }

    /// Lets those who read at the same time ask together.
    pub(crate) fn share(&mut self, patience: Duration) {
        self.sharing = Some(Arc::new(Sharing::new(patience)));
        self.loaded = unloaded();
    }

    /// One more reads, until this is dropped.
    pub(crate) fn reader(&self) -> Option<Reader<'_>> {
        self.sharing.as_ref().map(|sharing| sharing.reader())
    }

    /// How often experts were asked, and about how many things, where they are shared.
    pub(crate) fn asked(&self) -> (u64, u64) {
        self.sharing.as_ref().map_or((0, 0), |sharing| sharing.counts())
    }

    /// What can be asked of them.
    pub(crate) fn about(&self) -> Result<crate::about::About> {
        Ok(crate::about::About::new(&self.name, self.contents()?))
    }

    /// Name and fingerprint of the model.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// How the experts' answers are joined.
    pub(crate) const fn fusion(&self) -> &Fusion {
        &self.fusion
    }

    /// What the checkpoint says of itself.
    fn contents(&self) -> Result<&Contents> {
        if let Some(contents) = self.contents.get() {
            return Ok(contents);
        }
        let contents = Checkpoint::contents(&self.name, &self.bytes).map_err(|source| {
            Error::Model { path: self.name.clone().into(), source: source.into() }
        })?;
        Ok(self.contents.get_or_init(|| contents))
    }

    /// What the experts are asked: what the model shows, unless something else is wanted.
    pub(crate) fn question(&self) -> Result<&Question> {
        if let Some(question) = self.question.get() {
            return Ok(question);
        }
        let question = Question::shown(&self.name, self.contents()?)?;
        Ok(self.question.get_or_init(|| question))
    }

    /// Asks for emotions by their words; gives back what may not be as it was meant.
    pub(crate) fn ask_names(&mut self, list: &str) -> Result<Vec<String>> {
        let (question, warnings) = Question::names(&self.name, self.contents()?, list)?;
        self.ask(question);
        Ok(warnings)
    }

    /// Asks for a label set.
    pub(crate) fn ask_set(&mut self, set: &str) -> Result<()> {
        let question = Question::set(&self.name, self.contents()?, set)?;
        self.ask(question);
        Ok(())
    }

    fn ask(&mut self, question: Question) {
        self.question = question.into();
        self.loaded = unloaded();
    }

    /// The expert for a modality, if the model has one.
    pub(crate) fn get(&self, modality: Modality) -> Result<Option<&Expert>> {
        let place = &self.loaded[modality as usize];
        if let Some(expert) = place.get() {
            return Ok(expert.as_ref());
        }
        let mut expert =
            Expert::load(&self.name, &self.bytes, modality, &self.question()?.about)
                .map_err(|source| Error::Model { path: self.name.clone().into(), source })?;
        // A pretrained network takes one thing at a time.
        if let (Some(expert), Some(sharing)) = (&mut expert, &self.sharing)
            && expert.network.is_none()
        {
            expert.shared = Some(Shared {
                voices: Together::new(Arc::clone(sharing)),
                faces: Together::new(Arc::clone(sharing)),
                texts: Together::new(Arc::clone(sharing)),
            });
        }
        Ok(place.get_or_init(|| expert).as_ref())
    }
}

/// A place for each expert.
fn unloaded() -> Vec<OnceLock<Option<Expert>>> {
    Modality::ALL.iter().map(|_| OnceLock::new()).collect()
}

impl Expert {
    fn load(
        name: &str,
        bytes: &[u8],
        modality: Modality,
        about: &About,
    ) -> std::result::Result<Option<Self>, Failure> {
        let device = Device::flex();
        let mut checkpoint = Checkpoint::from_bytes(name, bytes, &[modality], &device)?;
        // They are large, and the question holds those that are wanted.
        checkpoint.word_vectors = None;
        let Some(branch) = checkpoint.model.branch(modality) else { return Ok(None) };
        if let About::Set(set) = about
            && branch.sets().iter().all(|own| own.name != *set)
        {
            return Ok(None);
        }
        let learns = checkpoint.recipes.get(&modality).is_none_or(Recipe::learns_shared);
        if matches!(about, About::Emotions) && !learns {
            return Err(limbic_model::Error::Checkpoint {
                name: name.to_owned(),
                reason: format!(
                    "its {modality} branch never learned the emotions that are shown; train it \
                     with `labels` and a `shared` above 0, or ask for others with --labels or \
                     --emotions"
                ),
            }
            .into());
        }
        let encoder = Self::encoder(&checkpoint, modality);
        let network = match encoder.and_then(|e| Some((&e.features, e.extractor.as_ref()?))) {
            Some((place, id)) => Some(network(place, id, Path::new(name).parent(), &device)?),
            None => None,
        };
        let tokenizer = match encoder.map(|encoder| &encoder.input) {
            Some(InputConfig::Tokens { length, .. }) => {
                let json = checkpoint.assets.get("tokenizer.json").map_or("", String::as_str);
                Some(TextTokenizer::from_bytes("tokenizer.json", json.as_bytes(), *length)?)
            }
            _ => None,
        };
        let temperature = checkpoint.temperature.get(&modality).copied().unwrap_or(1.0);
        let asked = Asked::new(about, branch, &checkpoint, modality, &device);
        let places =
            Emotion::ALL.map(|emotion| checkpoint.coordinates.get(emotion.name()).copied());
        Ok(Some(Self {
            modality,
            shared: None,
            places,
            tokenizer,
            network,
            device,
            asked,
            learns,
            temperature,
            covered: branch.covered(),
            ratings: ratings(branch),
            checkpoint,
        }))
    }

    fn encoder(checkpoint: &Checkpoint, modality: Modality) -> Option<&EncoderConfig> {
        checkpoint.recipes.get(&modality)?.model.encoder.get(&modality)
    }

    /// Side of the face that it reads, in pixels.
    pub(crate) fn side(&self) -> u32 {
        match Self::encoder(&self.checkpoint, self.modality).map(|encoder| &encoder.input) {
            Some(InputConfig::Picture { size }) => *size as u32,
            _ => FACE,
        }
    }

    /// Whether it hears samples rather than descriptors of them.
    pub(crate) const fn hears(&self) -> bool {
        self.network.is_some()
    }

    /// A face of a frame as it takes it; `margin` is for experts that say nothing of it.
    pub(crate) fn shown(
        &self,
        frame: &Frame,
        face: &Face,
        margin: f32,
    ) -> std::result::Result<Shown, Failure> {
        match &self.network {
            Some(network) => Ok(Shown::Row(network.face(frame, face)?.unwrap_or_default())),
            None => Ok(Shown::Gray(face.crop(frame, margin, self.side()))),
        }
    }

    /// A face that stands alone as it takes it.
    pub(crate) fn cut_out(&self, face: &GrayImage) -> std::result::Result<Shown, Failure> {
        let Some(network) = &self.network else {
            let side = self.side();
            let fits = face.width() == side && face.height() == side;
            return Ok(Shown::Gray(if fits { face.clone() } else { face.resized(side, side) }));
        };
        let rgb = face.pixels().iter().flat_map(|light| [*light; 3]).collect();
        let row = match RgbImage::new(face.width(), face.height(), rgb) {
            Some(picture) => network.picture(&picture)?,
            None => None,
        };
        Ok(Shown::Row(row.unwrap_or_default()))
    }

    /// What each text says; `None` for one without a token.
    pub(crate) fn texts(&self, texts: &[&str]) -> Answers {
        let Some(Shared { texts: shared, .. }) = &self.shared else { return self.read(texts) };
        shared.ask(texts.iter().map(|text| (*text).to_owned()).collect(), |texts| {
            self.read(&texts.iter().map(String::as_str).collect::<Vec<_>>())
        })
    }

    /// What each voice says, by the functionals of its speech, or by its samples where the expert
    /// [hears](Self::hears).
    pub(crate) fn voices(&self, heard: Vec<Vec<f32>>) -> Answers {
        match &self.shared {
            Some(Shared { voices, .. }) => voices.ask(heard, |heard| self.listen(heard)),
            None => self.listen(&heard),
        }
    }

    /// What each face says, as [`Expert::shown`] gives them.
    pub(crate) fn faces(&self, faces: Vec<Shown>) -> Answers {
        match &self.shared {
            Some(Shared { faces: shared, .. }) => shared.ask(faces, |faces| self.look(faces)),
            None => self.look(&faces),
        }
    }

    fn read(&self, texts: &[&str]) -> Answers {
        if let Some(network) = &self.network {
            let rows = texts.iter().map(|text| network.extract(&Clip::from_text(text)));
            return self.series(&rows.collect::<limbic_features::Result<Vec<_>>>()?, texts);
        }
        let Some(tokenizer) = &self.tokenizer else { return Ok(vec![None; texts.len()]) };
        let ids: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| tokenizer.encode(text))
            .collect::<std::result::Result<_, _>>()?;
        let longest = ids.iter().map(Vec::len).max().unwrap_or(0);
        if longest == 0 {
            return Ok(vec![None; texts.len()]);
        }
        let shape = [ids.len(), longest];
        let mut rows = vec![i64::from(tokenizer.pad()); ids.len() * longest];
        let mut mask = vec![0.0_f32; rows.len()];
        for (place, ids) in ids.iter().enumerate() {
            for (step, id) in ids.iter().enumerate() {
                rows[place * longest + step] = i64::from(*id);
                mask[place * longest + step] = 1.0;
            }
        }
        let rows = Tensor::<2, Int>::from_data(TensorData::new(rows, shape), &self.device);
        let mask = Tensor::from_data(TensorData::new(mask, shape), &self.device);
        let scores = self.answer_texts(Input::Tokens(rows, mask), texts)?;
        Ok(scores.into_iter().zip(&ids).map(|(s, ids)| s.filter(|_| !ids.is_empty())).collect())
    }

    fn listen(&self, functionals: &[Vec<f32>]) -> Answers {
        if let Some(network) = &self.network {
            let rows = functionals.iter().map(|samples| network.sound(samples));
            let rows = rows.filter_map(limbic_features::Result::transpose);
            return self.series(&rows.collect::<limbic_features::Result<Vec<_>>>()?, &[]);
        }
        let shape = [functionals.len(), 1, functionals.first().map_or(0, Vec::len)];
        let data = TensorData::new(functionals.concat(), shape);
        let mask = Tensor::ones([functionals.len(), 1], &self.device);
        self.answer(Input::Series(Sequence { x: Tensor::from_data(data, &self.device), mask }))
    }

    fn look(&self, faces: &[Shown]) -> Answers {
        let numbers = |face: &Shown| match face {
            Shown::Gray(crop) => crop.pixels().iter().map(|p| f32::from(*p) / 255.0).collect(),
            Shown::Row(row) => row.clone(),
        };
        let numbers: Vec<f32> = faces.iter().flat_map(numbers).collect::<Vec<f32>>();
        if self.network.is_some() {
            let shape = [faces.len(), 1, numbers.len() / faces.len().max(1)];
            let x = Tensor::from_data(TensorData::new(numbers, shape), &self.device);
            let mask = Tensor::ones([faces.len(), 1], &self.device);
            return self.answer(Input::Series(Sequence { x, mask }));
        }
        let side = self.side() as usize;
        let data = TensorData::new(numbers, [faces.len(), 1, side, side]);
        self.answer(Input::Pictures(Tensor::from_data(data, &self.device)))
    }

    /// What the rows of a pretrained network say, perhaps of `texts`; `None` where there are none.
    fn series(&self, each: &[Features], texts: &[&str]) -> Answers {
        let longest = each.iter().map(Features::len).max().unwrap_or(0);
        let size = each.iter().map(|rows| rows.shape()[1]).max().unwrap_or(0);
        if longest == 0 {
            return Ok(vec![None; each.len()]);
        }
        let (mut data, mut mask) = (Vec::new(), Vec::new());
        for (place, rows) in each.iter().enumerate() {
            data.extend_from_slice(rows.data());
            data.resize((place + 1) * longest * size, 0.0);
            mask.resize(place * longest + rows.len(), 1.0);
            mask.resize((place + 1) * longest, 0.0);
        }
        let x = TensorData::new(data, [each.len(), longest, size]);
        let mask: TensorData = TensorData::new::<f32, _>(mask, [each.len(), longest]);
        let x = Tensor::from_data(x, &self.device);
        let mask = Tensor::from_data(mask, &self.device);
        let scores = self.answer_texts(Input::Series(Sequence { x, mask }), texts)?;
        Ok(scores.into_iter().zip(each).map(|(s, rows)| s.filter(|_| !rows.is_empty())).collect())
    }
}

/// The network `id` at `place`, or beside the model in `near`.
fn network(
    place: &str,
    id: &str,
    near: Option<&Path>,
    device: &Device,
) -> limbic_features::Result<Backbone> {
    let network = Backbone::known(place, id, near, device)?;
    if matches!(network, Backbone::R2plus1d(_)) {
        return Err(limbic_features::Error::Damaged {
            path: place.into(),
            reason: format!("`{id}` looks at stretches of film, and a reading at single faces"),
            way_out: "leave vision out with --modalities, or use the model with `limbic eval`",
        });
    }
    Ok(network)
}

/// The first label set of ratings that has valence or arousal, and their rows.
fn ratings(branch: &Branch) -> Option<(String, [Option<usize>; 2])> {
    let learned = branch.sets().iter().filter(|set| branch.learned(&set.name));
    let sets = learned.filter(|set| set.kind == LabelKind::Rating);
    let found = sets.map(|set| {
        let row = |name: &str| set.classes.iter().position(|class| class == name);
        (set.name.clone(), [row("valence"), row("arousal")])
    });
    found.into_iter().find(|(_, rows)| rows.iter().any(Option::is_some))
}
