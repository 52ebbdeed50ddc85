//! Features by name: what the encoders of a recipe can read of a clip.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use limbic_backbones::Backbone;
use limbic_features::{
    Cache, Extract, Features, MelConfig, MelSpectrogram, TextTokenizer, Times, WordVectors,
    describe, hash_bytes,
};
use limbic_media::{AudioStream, Clip, Degradation, GrayImage, Modality, RgbImage, SAMPLE_RATE};
use limbic_model::{EncoderConfig, InputConfig};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Error, Result, Value};
use limbic_corpus::{Example, Media};

/// Every name that `model.encoder.MODALITY.features` may have, and its modality.
const FEATURES: [(&str, Modality); 10] = [
    ("descriptors@1", Modality::Audio),
    ("log-mel@1", Modality::Audio),
    ("tokens@1", Modality::Text),
    ("word-vectors@1", Modality::Text),
    ("face-gray@1", Modality::Vision),
    ("action-units@1", Modality::Vision),
    // Where pictures have the place of vision, movements measured in them stand beside.
    ("action-units@1", Modality::Body),
    ("mosi-text@1", Modality::Text),
    ("mosi-audio@1", Modality::Audio),
    ("mosi-video@1", Modality::Vision),
];

/// Rows a second of `log-mel@1`: one a frame of the films of RAVDESS.
const FRAME_RATE: f64 = 29.97;
/// How many random stretches of a recording are described beside the whole.
const STRETCHES: usize = 3;
/// Longest stretch, in seconds; the shortest is half of it.
const STRETCH: f64 = 3.0;

/// Side of a face in pixels.
const FACE: u32 = 48;

/// Turns clips into what one encoder reads.
pub(crate) enum Reader {
    /// Functionals of the voice, of the whole recording and of stretches of it.
    Descriptors,
    /// A log-mel spectrogram over time as MPUC reads it (Franceschini et al. 2022).
    Mel(MelSpectrogram, Option<Cache>),
    /// Sub-word tokens.
    Tokens(Box<TextTokenizer>),
    /// A vector a word; words without a vector are left out.
    Words(Box<WordVectors>),
    /// A grey face.
    Face,
    /// The vector of this name that comes with the corpus.
    Published(&'static str),
    /// A pretrained network.
    Network(Box<Backbone>, Option<Cache>),
}

impl Reader {
    /// The reader of one encoder. `root` holds the corpora and the word vectors; `tokenizer` is
    /// what `tokens@1` needs.
    ///
    /// # Errors
    /// [`Error::Recipe`] for a name that does not exist or belongs to another modality.
    pub(crate) fn new(
        modality: Modality,
        encoder: &EncoderConfig,
        root: &Path,
        tokenizer: Option<&str>,
        cache: Option<Cache>,
    ) -> Result<Self> {
        let bad = |reason: String| {
            Err(Error::Recipe { key: format!("model.encoder.{modality}.features"), reason })
        };
        let name = encoder.features.as_str();
        let names = || {
            let own = FEATURES.iter().filter(|(_, of)| *of == modality).map(|(name, _)| *name);
            own.collect::<Vec<_>>().join(", ")
        };
        let Some((name, _)) = FEATURES.iter().find(|known| **known == (name, modality)) else {
            if !is_place(name) {
                return bad(format!(
                    "there are no {modality} features `{name}`; use {}, or the path of a \
                     pretrained network",
                    names()
                ));
            }
            let device = Device::flex();
            let network = match &encoder.extractor {
                Some(id) => Backbone::known(name, id, None, &device)?,
                None => Backbone::named(name, &device)?,
            };
            if network.modality() != modality {
                let found = network.modality();
                return bad(format!("`{name}` reads {found}; move it to `model.encoder.{found}`"));
            }
            return Ok(Self::Network(Box::new(network), cache));
        };
        if encoder.extractor.is_some() {
            let reason = format!("`{name}` needs no id; remove it");
            return Err(Error::Recipe {
                key: format!("model.encoder.{modality}.extractor"),
                reason,
            });
        }
        Ok(match (*name, tokenizer, &encoder.input) {
            ("descriptors@1", ..) => Self::Descriptors,
            ("log-mel@1", ..) => {
                Self::Mel(MelSpectrogram::new(&MelConfig::mpuc(FRAME_RATE))?, cache)
            }
            ("tokens@1", Some(json), InputConfig::Tokens { length, .. }) => {
                let tokenizer =
                    TextTokenizer::from_bytes("tokenizer.json", json.as_bytes(), *length)?;
                Self::Tokens(Box::new(tokenizer))
            }
            ("tokens@1", ..) => return bad("needs `input = { kind = \"tokens\", .. }`".to_owned()),
            ("word-vectors@1", ..) => {
                let folder = root.join("wordvec");
                Self::Words(Box::new(WordVectors::open(
                    folder.join("word2vec_gnews300_words.txt"),
                    folder.join("word2vec_gnews300_f16.npy"),
                )?))
            }
            ("face-gray@1", ..) => Self::Face,
            (published, ..) => Self::Published(published),
        })
    }

    /// Whether what it reads gets worse with the recording. Vectors that came with a corpus do
    /// not.
    pub(crate) const fn suffers(&self, degradation: Degradation) -> bool {
        match (self, degradation) {
            (Self::Descriptors | Self::Mel(..), Degradation::Noise { .. })
            | (Self::Face, Degradation::Blur { .. }) => true,
            (Self::Network(network, _), Degradation::Noise { .. }) => {
                matches!(network.modality(), Modality::Audio)
            }
            (Self::Network(network, _), Degradation::Blur { .. } | Degradation::Dropped { .. }) => {
                matches!(network.modality(), Modality::Vision)
            }
            _ => false,
        }
    }

    /// What the encoder reads of `example`, of its recording made worse where `worse` says so;
    /// `None` where there is nothing of it. `seed` chooses the stretches.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub(crate) fn read(
        &self,
        example: &Example,
        worse: Option<Degradation>,
        seed: u64,
    ) -> Result<Option<Value>> {
        let open = |path: &Path| opened(path, example, worse);
        for medium in &example.media {
            match (self, medium) {
                (Self::Descriptors, Media::Audio(path) | Media::Film(path)) => {
                    let Some(sound) = open(path)?.audio()? else { continue };
                    return described(sound, seed);
                }
                (Self::Mel(mel, cache), Media::Audio(path) | Media::Film(path)) => {
                    let clip = open(path)?;
                    if clip.audio()?.is_none() {
                        continue;
                    }
                    let features = match cache {
                        Some(cache) => cache.extract(mel, &clip)?,
                        None => mel.extract(&clip)?,
                    };
                    return Ok(series(features));
                }
                (Self::Words(words), Media::Text(text)) if !text.trim().is_empty() => {
                    return Ok(series(words.extract(&Clip::from_text(text))?));
                }
                (Self::Tokens(tokens), Media::Text(text)) => {
                    let ids = tokens.encode(text)?;
                    return Ok((!ids.is_empty()).then_some(Value::Tokens(ids)));
                }
                (Self::Network(network, cache), _) => {
                    if let Some(features) = taken(network, cache.as_ref(), medium, open)? {
                        return Ok(series(features));
                    }
                }
                (Self::Face, Media::Face(pixels, side)) => {
                    return Ok(match worse {
                        None => Some(Value::Picture(Arc::clone(pixels))),
                        Some(worse) => GrayImage::new(*side as u32, *side as u32, pixels.to_vec())
                            .and_then(|face| Clip::from_face(face).degraded(worse).face())
                            .map(|face| Value::Picture(face.into_pixels().into())),
                    });
                }
                (Self::Face, Media::Image(path)) => {
                    let picture = match open(path)?.frames(1.0)? {
                        Some(mut pictures) => pictures.next_frame()?,
                        None => None,
                    };
                    let picture = picture.map(|frame| frame.gray().resized(FACE, FACE));
                    return Ok(picture.map(|face| Value::Picture(face.into_pixels().into())));
                }
                (Self::Published(name), Media::Vector(given, vector)) if given == name => {
                    return Ok(Some(Value::Vectors(vec![vector.to_vec()])));
                }
                (Self::Published(name), Media::Series(given, steps, size)) if given == name => {
                    let (steps, size) = (Arc::clone(steps), *size);
                    return Ok((!steps.is_empty()).then_some(Value::Series { steps, size }));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// The id of the pretrained network, if it is one.
    pub(crate) fn network(&self) -> Option<&str> {
        match self {
            Self::Network(network, _) => Some(network.id()),
            _ => None,
        }
    }
}

/// Whether the `features` of a recipe are where a network lies rather than the name of some.
fn is_place(features: &str) -> bool {
    features.starts_with("hub:") || features.contains(['/', '\\']) || Path::new(features).exists()
}

/// What a pretrained network finds in one medium of a clip; `None` where it reads another kind.
fn taken(
    network: &Backbone,
    cache: Option<&Cache>,
    medium: &Media,
    open: impl Fn(&Path) -> Result<Clip>,
) -> Result<Option<Features>> {
    let clip = match (network.modality(), medium) {
        (Modality::Audio, Media::Audio(path))
        | (Modality::Vision, Media::Film(path) | Media::Image(path)) => open(path)?,
        (Modality::Audio, Media::Film(path)) => {
            let clip = open(path)?;
            if clip.audio()?.is_none() {
                return Ok(None);
            }
            clip
        }
        (Modality::Text, Media::Text(text)) if !text.trim().is_empty() => Clip::from_text(text),
        (Modality::Vision, Media::Face(pixels, side))
            if !matches!(network, Backbone::R2plus1d(_)) =>
        {
            let rgb = pixels.iter().flat_map(|light| [*light; 3]).collect();
            let Some(picture) = RgbImage::new(*side as u32, *side as u32, rgb) else {
                return Ok(None);
            };
            let look = || {
                let row = network.picture(&picture)?.unwrap_or_default();
                Features::new(Modality::Vision, [1, row.len()], row, Times::Order)
            };
            return Ok(Some(match cache {
                Some(cache) => cache.get_or(hash_bytes(pixels), network.id(), look)?,
                None => look()?,
            }));
        }
        _ => return Ok(None),
    };
    Ok(Some(match cache {
        Some(cache) => cache.extract(network, &clip)?,
        None => network.extract(&clip)?,
    }))
}

fn series(features: Features) -> Option<Value> {
    let [_, size] = features.shape();
    (!features.is_empty()).then(|| Value::Series { steps: features.into_data().into(), size })
}

/// The clip of a file, or the stretch of it that an example is.
fn opened(path: &Path, example: &Example, worse: Option<Degradation>) -> Result<Clip> {
    let clip = Clip::open(path)?;
    let clip = match example.span {
        Some(span) => clip.within(span),
        None => clip,
    };
    Ok(match worse {
        Some(worse) => clip.degraded(worse),
        None => clip,
    })
}

fn described(mut sound: AudioStream, seed: u64) -> Result<Option<Value>> {
    let mut samples = Vec::new();
    while let Some(block) = sound.next_block()? {
        samples.extend_from_slice(&block);
    }
    let mut vectors: Vec<Vec<f32>> = describe(&samples).into_iter().collect();
    if vectors.is_empty() {
        return Ok(None);
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let rate = f64::from(SAMPLE_RATE);
    for _ in 0..STRETCHES {
        let length = (random.random_range(0.5..=1.0) * STRETCH * rate) as usize;
        if length < samples.len() {
            let start = random.random_range(0..=samples.len() - length);
            vectors.extend(describe(&samples[start..start + length]));
        }
    }
    Ok(Some(Value::Vectors(vectors)))
}

#[cfg(test)]
mod tests;
