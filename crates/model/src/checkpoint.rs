//! A checkpoint is one safetensors file: weights under stable names, and in its header the
//! effective recipe, the label sets, calibration and provenance.

mod adapted;
mod contents;
mod precision;
mod provenance;
mod weights;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use limbic_corpus::Fingerprint;
use limbic_media::Modality;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

pub use self::adapted::{Adapted, Kept};
pub use self::contents::Contents;
pub use self::precision::Precision;
pub use self::provenance::Provenance;
use self::weights::{Fill, Gather, decode};
pub(crate) use self::weights::{replaced, stable};
use crate::{Abstain, AddedSet, Error, Fusion, LabelSet, Model, Recipe, Result, ZeroShotScale};

/// Header key of everything that is not a weight.
const HEADER: &str = "limbic";
/// Version of the header's layout.
const VERSION: u32 = 1;

/// Name of the tensor of [`Checkpoint::met`].
const MET: &str = "met";

/// Name of the tensor of [`Checkpoint::word_vectors`].
const WORD_VECTORS: &str = "word-vectors";

/// The beginning of the names of the tensors of [`ZeroShotScale::spread`].
const SPREAD: &str = "zero-shot.spread.";

/// Name of the tensor of `Lexical::spread`.
const LEXICAL: &str = "zero-shot.lexical";

/// Temperatures by label set, and by the modalities that are seen, joined by `+`.
pub type Calibration = BTreeMap<String, BTreeMap<String, f32>>;

/// How a choice of modalities is called: their names in storage order, joined by `+`.
pub fn inputs(modalities: &[Modality]) -> String {
    let ordered = Modality::ALL.iter().filter(|modality| modalities.contains(modality));
    ordered.map(|modality| modality.name()).collect::<Vec<_>>().join("+")
}

/// A model with all that is needed to run it again or train it again.
#[derive(Debug, Clone, Default)]
pub struct Checkpoint {
    /// The weights.
    pub model: Model,
    /// One recipe a modality: the effective one that trained its branch.
    pub recipes: BTreeMap<Modality, Recipe>,
    /// Softmax temperature of each modality's shared head, fitted on held-out clips.
    pub temperature: BTreeMap<Modality, f32>,
    /// Softmax temperature of each label set for each choice of modalities, fitted on clips that
    /// were not trained on.
    pub calibration: Calibration,
    /// For label sets of yes/no answers: the probability from which each class counts as yes,
    /// chosen on clips that were not trained on.
    pub thresholds: BTreeMap<String, Vec<f32>>,
    /// Valence and arousal of emotions, for branches that never saw a rating.
    pub coordinates: BTreeMap<String, [f32; 2]>,
    /// Where each modality's branch comes from.
    pub provenance: BTreeMap<Modality, Provenance>,
    /// Side files an encoder needs, by name (a tokenizer, for instance).
    pub assets: BTreeMap<String, String>,
    /// Fingerprints of the content of the clips it learned from, so that an evaluation can tell
    /// whether it has met one; none in files of earlier versions.
    pub met: BTreeSet<Fingerprint>,
    /// The label set that readings speak of; the shared one where there is none.
    pub shown: Option<String>,
    /// How it was bent to somebody's own labels, the last one last.
    pub adapted: Vec<Adapted>,
    /// What makes scores of names comparable that no label set holds.
    pub zero_shot: ZeroShotScale,
    /// When an answer is withheld; never where there is none.
    pub abstain: Option<Abstain>,
    /// Words with their vectors, for names that no label set holds, as
    /// `limbic_features::WordVectors::to_bytes` writes them.
    pub word_vectors: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    recipes: BTreeMap<Modality, Recipe>,
    sets: BTreeMap<Modality, Vec<LabelSet>>,
    temperature: BTreeMap<Modality, f32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    calibration: Calibration,
    thresholds: BTreeMap<String, Vec<f32>>,
    #[serde(default)]
    coordinates: BTreeMap<String, [f32; 2]>,
    provenance: BTreeMap<Modality, Provenance>,
    assets: BTreeMap<String, String>,
    /// The label sets of which a modality learned nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    blank: BTreeMap<Modality, Vec<String>>,
    /// Whether the head for all modalities together is as it began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fusion_untrained: bool,
    /// Label sets that came after training.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    added: BTreeMap<Modality, Vec<AddedSet>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adapted: Vec<Adapted>,
    #[serde(default)]
    zero_shot: ZeroShotScale,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abstain: Option<Abstain>,
}

impl Checkpoint {
    /// The whole file as bytes. The same checkpoint gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if a value cannot be written.
    pub fn to_bytes(&self, precision: Precision) -> Result<Vec<u8>> {
        let mut gathered = Gather::default();
        self.model.visit(&mut gathered);
        let header = Header {
            version: VERSION,
            recipes: self.recipes.clone(),
            sets: Modality::ALL
                .into_iter()
                .filter_map(|m| Some((m, self.model.branch(m)?.trained_sets().to_vec())))
                .collect(),
            blank: Modality::ALL
                .into_iter()
                .filter_map(|m| Some((m, self.model.branch(m)?.blank.clone())))
                .filter(|(_, blank)| !blank.is_empty())
                .collect(),
            temperature: self.temperature.clone(),
            calibration: self.calibration.clone(),
            thresholds: self.thresholds.clone(),
            coordinates: self.coordinates.clone(),
            provenance: self.provenance.clone(),
            assets: self.assets.clone(),
            fusion_untrained: self.model.fusion_untrained().is_some(),
            added: Modality::ALL
                .into_iter()
                .filter_map(|m| Some((m, self.model.branch(m)?.added())))
                .filter(|(_, added)| !added.is_empty())
                .collect(),
            shown: self.shown.clone(),
            adapted: self.adapted.clone(),
            zero_shot: self.zero_shot.clone(),
            abstain: self.abstain.clone(),
        };
        let bad = |reason: String| Error::Checkpoint { name: "checkpoint".to_owned(), reason };
        let header = serde_json::to_string(&header).map_err(|error| bad(error.to_string()))?;
        let mut raw: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = gathered
            .found
            .into_iter()
            .map(|(name, (shape, values))| {
                // Added rows are few, and hold how sure their answers may be.
                let precision = if is_added(&name) { Precision::Full } else { precision };
                let (dtype, bytes) = precision.encode(&values);
                (name, dtype, shape, bytes)
            })
            .collect();
        let later = |print: &&Fingerprint| self.adapted.iter().any(|own| own.met.contains(*print));
        let met: Vec<u8> = self.met.iter().filter(|p| !later(p)).flatten().copied().collect();
        if !met.is_empty() {
            raw.push((MET.to_owned(), Dtype::U8, vec![met.len() / 6, 6], met));
        }
        for (index, adapted) in self.adapted.iter().enumerate() {
            raw.extend(adapted.tensors(index, precision));
        }
        for (modality, spread) in &self.zero_shot.spread {
            let (dtype, bytes) = precision.encode(spread);
            raw.push((format!("{SPREAD}{modality}"), dtype, vec![spread.len()], bytes));
        }
        if let Some(lexical) = &self.zero_shot.lexical {
            let (dtype, bytes) = precision.encode(&lexical.spread);
            raw.push((LEXICAL.to_owned(), dtype, vec![lexical.spread.len()], bytes));
        }
        if let Some(bytes) = &self.word_vectors {
            raw.push((WORD_VECTORS.to_owned(), Dtype::U8, vec![bytes.len()], bytes.clone()));
        }
        let views: Vec<(&str, TensorView<'_>)> = raw
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                let view = TensorView::new(*dtype, shape.clone(), bytes);
                view.map(|view| (name.as_str(), view)).map_err(|error| bad(error.to_string()))
            })
            .collect::<Result<_>>()?;
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        safetensors::serialize(views, Some(metadata)).map_err(|error| bad(error.to_string()))
    }

    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] naming the path.
    pub fn save(&self, path: &Path, precision: Precision) -> Result<()> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let bytes = self.to_bytes(precision)?;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        std::fs::write(&unfinished, bytes).map_err(io)?;
        std::fs::rename(&unfinished, path).map_err(io)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Checkpoint`], naming the path.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        Self::from_bytes(&path.display().to_string(), &bytes, &Modality::ALL, device)
    }

    /// Reads the branches of `modalities` only; the others cost nothing.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming `name` where the bytes are no checkpoint of ours, or lack a
    /// weight that the recipe asks for.
    pub fn from_bytes(
        name: &str,
        bytes: &[u8],
        modalities: &[Modality],
        device: &Device,
    ) -> Result<Self> {
        let bad = |reason: String| Error::Checkpoint { name: name.to_owned(), reason };
        let header = header(name, bytes)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| bad(error.to_string()))?;
        let mut model = Model::default();
        let wanted = |m: &Modality| modalities.contains(m);
        for (modality, recipe) in header.recipes.iter().filter(|(m, _)| wanted(m)) {
            if model.branch(*modality).is_some() {
                continue;
            }
            recipe.check()?;
            // What one recipe trained together is built together.
            let mut config = recipe.model.clone();
            config.encoder.retain(|m, _| wanted(m) && header.recipes.get(m) == Some(recipe));
            if config.encoder.len() < recipe.model.encoder.len() {
                config.fusion = Fusion::None {};
            }
            // The first set is the shared one, which `init` adds by itself.
            let sets = header.sets.get(modality).and_then(|sets| sets.get(1..)).unwrap_or(&[]);
            model = model.joined(config.init(sets, device));
        }
        for (modality, blank) in &header.blank {
            model = model.with_blank(*modality, blank);
        }
        for (modality, added) in header.added.iter().filter(|(m, _)| wanted(m)) {
            let width = header.recipes.get(modality).map_or(0, |r| r.model.width(*modality));
            for added in added {
                model = model.with_set(*modality, added, width, device)?;
            }
        }
        let mut fill = Fill { tensors: &tensors, path: Vec::new(), problem: None };
        let model = model.mapped(&mut fill);
        if let Some(problem) = fill.problem {
            return Err(bad(problem));
        }
        let mut spread = BTreeMap::new();
        for modality in Modality::ALL.into_iter().filter(|modality| wanted(modality)) {
            if let Ok(view) = tensors.tensor(&format!("{SPREAD}{modality}")) {
                spread.insert(modality, decode(&view).map_err(bad)?);
            }
        }
        let mut zero_shot = ZeroShotScale { spread, ..header.zero_shot };
        zero_shot.lexical = zero_shot.lexical.filter(|_| wanted(&Modality::Text));
        if let Some(lexical) = &mut zero_shot.lexical
            && let Ok(view) = tensors.tensor(LEXICAL)
        {
            lexical.spread = decode(&view).map_err(bad)?;
        }
        let mut adapted = header.adapted;
        let mut known = prints(&tensors, MET);
        for (index, adapted) in adapted.iter_mut().enumerate() {
            adapted.fill(index, &tensors).map_err(bad)?;
            known.extend(&adapted.met);
        }
        Ok(Self {
            model: model.with_fusion_untrained(header.fusion_untrained),
            recipes: header.recipes.into_iter().filter(|(m, _)| wanted(m)).collect(),
            temperature: header.temperature,
            calibration: header.calibration,
            thresholds: header.thresholds,
            coordinates: header.coordinates,
            provenance: header.provenance,
            assets: header.assets,
            met: known,
            shown: header.shown,
            adapted,
            zero_shot,
            abstain: header.abstain,
            word_vectors: bytes_of(&tensors, WORD_VECTORS),
        })
    }

    /// Puts the branches of several checkpoints side by side.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where two hold the same modality.
    pub fn join(parts: Vec<Self>) -> Result<Self> {
        let mut parts = parts.into_iter();
        let Some(mut whole) = parts.next() else {
            return Err(Error::Checkpoint {
                name: "join".to_owned(),
                reason: "there is nothing to join".to_owned(),
            });
        };
        for part in parts {
            if whole.model.shares() || part.model.shares() {
                return Err(Error::Checkpoint {
                    name: "join".to_owned(),
                    reason: "modalities that share parts stand alone in their file".to_owned(),
                });
            }
            if let Some(modality) = part.recipes.keys().find(|m| whole.recipes.contains_key(m)) {
                return Err(Error::Checkpoint {
                    name: "join".to_owned(),
                    reason: format!("two checkpoints hold a {modality} branch"),
                });
            }
            whole.model = whole.model.joined(part.model);
            whole.recipes.extend(part.recipes);
            whole.temperature.extend(part.temperature);
            for (set, fitted) in part.calibration {
                whole.calibration.entry(set).or_default().extend(fitted);
            }
            whole.thresholds.extend(part.thresholds);
            whole.coordinates.extend(part.coordinates);
            whole.provenance.extend(part.provenance);
            whole.assets.extend(part.assets);
            whole.met.extend(part.met);
            whole.adapted.extend(part.adapted);
            whole.shown = whole.shown.filter(|set| part.shown.as_ref() == Some(set));
            whole.zero_shot.temperature.extend(part.zero_shot.temperature);
            whole.zero_shot.reference.extend(part.zero_shot.reference);
            whole.zero_shot.spread.extend(part.zero_shot.spread);
            whole.zero_shot.lexical = whole.zero_shot.lexical.or(part.zero_shot.lexical);
            // What was chosen for one model says nothing of two together.
            whole.abstain = None;
            whole.word_vectors = whole.word_vectors.or(part.word_vectors);
        }
        Ok(whole)
    }
}

/// Whether a weight is of rows that came after training.
fn is_added(name: &str) -> bool {
    name.split('.').nth(1) == Some("added")
}

/// What is written beside the weights.
fn header(name: &str, bytes: &[u8]) -> Result<Header> {
    let bad = |reason: String| Error::Checkpoint { name: name.to_owned(), reason };
    let (_, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|error| bad(format!("not a safetensors file ({error})")))?;
    let header = metadata.metadata().as_ref().and_then(|map| map.get(HEADER));
    let header = header.ok_or_else(|| bad("the header holds no recipe".to_owned()))?;
    let header: Header = serde_json::from_str(header)
        .map_err(|error| bad(format!("the header cannot be read ({error})")))?;
    if header.version != VERSION {
        return Err(bad(format!("layout {} is not {VERSION}", header.version)));
    }
    Ok(header)
}

/// The fingerprints in a tensor of a file; none where there is none.
fn prints(tensors: &SafeTensors<'_>, name: &str) -> BTreeSet<Fingerprint> {
    let bytes = bytes_of(tensors, name).unwrap_or_default();
    bytes.as_chunks().0.iter().copied().collect()
}

/// The bytes of a tensor of bytes.
fn bytes_of(tensors: &SafeTensors<'_>, name: &str) -> Option<Vec<u8>> {
    let view = tensors.tensor(name).ok().filter(|view| view.dtype() == Dtype::U8);
    view.map(|view| view.data().to_vec())
}
