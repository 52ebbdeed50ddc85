//! One calibrated expert for each modality, loaded when it is first needed.

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

use burn::tensor::{Device, Int, Tensor, TensorData};
use limbic_features::TextTokenizer;
use limbic_media::{GrayImage, Modality, PerModality};
use limbic_model::{Branch, Checkpoint, Input, InputConfig, LabelKind, Sequence};

use crate::emotion::Emotion;
use crate::error::{Error, Failure, Result};
use crate::fusion::Fusion;
use crate::scores::Scores;

/// Side of the face that the vision expert reads, unless its recipe says otherwise.
const FACE: u32 = 48;

/// One answer an input; `None` where an expert has nothing to say.
type Answers = std::result::Result<Vec<Option<Scores>>, Failure>;

/// The experts of one model.
pub(crate) struct Experts {
    name: String,
    bytes: Cow<'static, [u8]>,
    id: String,
    fusion: Fusion,
    /// One place a modality, in the order of [`Modality::ALL`].
    loaded: Vec<OnceLock<Option<Expert>>>,
}

/// One modality's branch, ready to answer.
pub(crate) struct Expert {
    modality: Modality,
    checkpoint: Checkpoint,
    tokenizer: Option<TextTokenizer>,
    device: Device,
    temperature: f32,
    covered: [bool; Emotion::COUNT],
    /// The label set of valence and arousal, with their rows.
    ratings: Option<(String, [Option<usize>; 2])>,
    /// Valence and arousal of each emotion, for an expert that has no such set.
    places: [Option<[f32; 2]>; Emotion::COUNT],
}

impl Experts {
    /// The experts in the bytes of a checkpoint, which errors call `name`.
    pub(crate) fn new(name: &str, bytes: Cow<'static, [u8]>) -> Self {
        let stem = Path::new(name).file_stem().map_or_else(|| name.into(), |s| s.to_string_lossy());
        let print = &blake3::hash(&bytes).to_hex()[..8];
        Self {
            id: format!("{stem}-{print}"),
            name: name.to_owned(),
            bytes,
            fusion: Fusion::new(PerModality::none()),
            loaded: Modality::ALL.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// Name and fingerprint of the model.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// How the experts' answers are joined.
    pub(crate) const fn fusion(&self) -> &Fusion {
        &self.fusion
    }

    /// The expert for a modality, if the model has one.
    pub(crate) fn get(&self, modality: Modality) -> Result<Option<&Expert>> {
        let place = &self.loaded[modality as usize];
        if let Some(expert) = place.get() {
            return Ok(expert.as_ref());
        }
        let expert = Expert::load(&self.name, &self.bytes, modality)
            .map_err(|source| Error::Model { path: self.name.clone().into(), source })?;
        Ok(place.get_or_init(|| expert).as_ref())
    }
}

impl Expert {
    fn load(
        name: &str,
        bytes: &[u8],
        modality: Modality,
    ) -> std::result::Result<Option<Self>, Failure> {
        let device = Device::flex();
        let checkpoint = Checkpoint::from_bytes(name, bytes, &[modality], &device)?;
        let Some(branch) = checkpoint.model.branch(modality) else { return Ok(None) };
        let recipe = checkpoint.recipes.get(&modality);
        if recipe.is_some_and(|recipe| !recipe.learns_shared()) {
            return Err(limbic_model::Error::Checkpoint {
                name: name.to_owned(),
                reason: format!(
                    "its {modality} branch never learned the emotions that are shown; train it \
                     with `labels` and a `shared` above 0"
                ),
            }
            .into());
        }
        let tokenizer = match Self::input(&checkpoint, modality) {
            Some(InputConfig::Tokens { length, .. }) => {
                let json = checkpoint.assets.get("tokenizer.json").map_or("", String::as_str);
                Some(TextTokenizer::from_bytes("tokenizer.json", json.as_bytes(), *length)?)
            }
            _ => None,
        };
        let temperature = checkpoint.temperature.get(&modality).copied().unwrap_or(1.0);
        let places =
            Emotion::ALL.map(|emotion| checkpoint.coordinates.get(emotion.name()).copied());
        Ok(Some(Self {
            modality,
            places,
            tokenizer,
            device,
            temperature,
            covered: branch.covered(),
            ratings: ratings(branch),
            checkpoint,
        }))
    }

    fn input(checkpoint: &Checkpoint, modality: Modality) -> Option<&InputConfig> {
        let recipe = checkpoint.recipes.get(&modality)?;
        recipe.model.encoder.get(&modality).map(|encoder| &encoder.input)
    }

    /// Side of the face that it reads, in pixels.
    pub(crate) fn side(&self) -> u32 {
        match Self::input(&self.checkpoint, self.modality) {
            Some(InputConfig::Picture { size }) => *size as u32,
            _ => FACE,
        }
    }

    /// What each text says; `None` for one without a token.
    pub(crate) fn texts(&self, texts: &[&str]) -> Answers {
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
        let scores = self.answer(Input::Tokens(rows, mask))?;
        Ok(scores.into_iter().zip(&ids).map(|(s, ids)| s.filter(|_| !ids.is_empty())).collect())
    }

    /// What each voice says, by the functionals of its speech.
    pub(crate) fn voices(&self, functionals: &[Vec<f32>]) -> Answers {
        let shape = [functionals.len(), 1, functionals.first().map_or(0, Vec::len)];
        let data = TensorData::new(functionals.concat(), shape);
        let mask = Tensor::ones([functionals.len(), 1], &self.device);
        self.answer(Input::Series(Sequence { x: Tensor::from_data(data, &self.device), mask }))
    }

    /// What each face says; pictures of [`Expert::side`] by the same.
    pub(crate) fn faces(&self, faces: &[GrayImage]) -> Answers {
        let side = self.side() as usize;
        let pixels = faces.iter().flat_map(GrayImage::pixels);
        let pixels: Vec<f32> = pixels.map(|pixel| f32::from(*pixel) / 255.0).collect();
        let data = TensorData::new(pixels, [faces.len(), 1, side, side]);
        self.answer(Input::Pictures(Tensor::from_data(data, &self.device)))
    }

    /// Calibrated answers, one a row of the input; `None` where the numbers broke down.
    fn answer(&self, input: Input) -> Answers {
        if input.is_empty() {
            return Ok(Vec::new());
        }
        let model = &self.checkpoint.model;
        let views = model.view(&[(self.modality, input)].into_iter().collect())?;
        let Some(view) = views.each.get(self.modality) else { return Ok(Vec::new()) };
        let logits: Vec<f32> = model.emotions(self.modality, view)?.into_data().iter().collect();
        let ratings = match &self.ratings {
            Some((set, rows)) => {
                let values = model.logits(self.modality, view, set)?;
                let width = values.dims()[1];
                Some((values.into_data().iter::<f32>().collect::<Vec<f32>>(), width, rows))
            }
            None => None,
        };
        Ok(logits
            .chunks_exact(Emotion::COUNT)
            .enumerate()
            .map(|(place, logits)| {
                let rating = |dimension: usize| {
                    let (values, width, rows) = ratings.as_ref()?;
                    values.get(place * width + rows[dimension]?).copied()
                };
                let logits = std::array::from_fn(|c| logits[c] / self.temperature);
                let logits = completed(logits, self.covered);
                let [valence, arousal] = match &self.ratings {
                    Some(_) => [rating(0), rating(1)],
                    None => expected(&logits, &self.places),
                };
                Scores::new(logits, valence, arousal)
            })
            .collect())
    }
}

/// Log-probabilities over all emotions from the logits of an expert that knows only those that
/// are `covered`. Calm is a shade of neutral to an expert that was never shown it; of any other
/// emotion it says neither yes nor no (evidence zero).
fn completed(
    logits: [f32; Emotion::COUNT],
    covered: [bool; Emotion::COUNT],
) -> [f32; Emotion::COUNT] {
    let known = || logits.iter().zip(covered).filter(|(_, known)| *known).map(|(x, _)| *x);
    let count = known().count();
    if count == 0 {
        return logits;
    }
    let mean = known().sum::<f32>() / count as f32;
    let neutral = Emotion::Neutral as usize;
    std::array::from_fn(|c| match Emotion::ALL[c] {
        _ if covered[c] => logits[c],
        Emotion::Calm if covered[neutral] => logits[neutral],
        _ => mean,
    })
}

/// Mean valence and arousal of the emotions under `softmax(logits)`, over those whose place is
/// known.
fn expected(
    logits: &[f32; Emotion::COUNT],
    places: &[Option<[f32; 2]>; Emotion::COUNT],
) -> [Option<f32>; 2] {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let known = || logits.iter().zip(places).filter_map(|(z, p)| Some(((z - top).exp(), (*p)?)));
    let total: f32 = known().map(|(weight, _)| weight).sum();
    let mean = |axis: usize| {
        let sum: f32 = known().map(|(weight, place)| weight * place[axis]).sum();
        (total > 1e-3).then(|| sum / total)
    };
    [mean(0), mean(1)]
}

/// The first label set of ratings that has valence or arousal, and their rows.
fn ratings(branch: &Branch) -> Option<(String, [Option<usize>; 2])> {
    let sets = branch.sets().iter().filter(|set| set.kind == LabelKind::Rating);
    let found = sets.map(|set| {
        let row = |name: &str| set.classes.iter().position(|class| class == name);
        (set.name.clone(), [row("valence"), row("arousal")])
    });
    found.into_iter().find(|(_, rows)| rows.iter().any(Option::is_some))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emotion_that_was_never_shown_is_neither_claimed_nor_ruled_out() {
        let logits = [2.0, 1.0, 0.0, -1.0, 0.0, 1.0, 2.0, -50.0];
        let mut covered = [true; 8];
        covered[Emotion::Calm as usize] = false;
        assert_eq!(completed(logits, covered)[7], 2.0, "as neutral");
        covered[Emotion::Neutral as usize] = false;
        let without = completed(logits, covered);
        assert_eq!(without[0], 0.5, "the mean of those known");
        assert_eq!(without[7], 0.5);
        assert_eq!(completed(logits, [false; 8]), logits);
    }

    #[test]
    fn valence_and_arousal_lie_where_the_likely_emotions_do() {
        let mut logits = [-50.0; 8];
        logits[1] = 0.0;
        logits[3] = 0.0;
        let mut places = [None; 8];
        assert_eq!(expected(&logits, &places), [None, None], "nothing is known");
        places[1] = Some([0.6, 0.4]);
        assert_eq!(expected(&logits, &places), [Some(0.6), Some(0.4)], "anger has no place");
        places[3] = Some([-0.4, 0.8]);
        let [v, a] = expected(&logits, &places).map(Option::unwrap);
        assert!((v - 0.1).abs() < 1e-6 && (a - 0.6).abs() < 1e-6);
    }
}
