//! Any of the networks, known by the files at a path.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use limbic_features::{Error, Extract, Features, Result};
use limbic_media::{Clip, Face, Frame, Modality, RgbImage};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::folder::{damaged, impossible, needed, toml};
#[cfg(feature = "onnx")]
use crate::onnx::Onnx;
use crate::{Bert, R2plus1d, Wav2vec2, hub};

/// The settings of a network that is a folder; those of a file lie in the TOML beside it.
const SETTINGS: &str = "extractor.toml";

/// A pretrained network with its settings.
pub enum Backbone {
    /// A folder with a `config.json` of the type `wav2vec2`.
    Wav2vec2(Box<Wav2vec2>),
    /// A folder with a `config.json` of the type `bert`.
    Bert(Box<Bert>),
    /// A .safetensors file as torchvision names its weights.
    R2plus1d(Box<R2plus1d>),
    /// An .onnx file.
    #[cfg(feature = "onnx")]
    Onnx(Box<Onnx>),
}

/// `config.json`, as far as it tells networks apart.
#[derive(Deserialize)]
struct About {
    #[serde(default)]
    model_type: String,
}

impl Backbone {
    /// The network that `name` stands for: `hub:OWNER/NAME` (with the feature `hub`, downloaded
    /// if it is not on this machine yet), or else the path that [`Backbone::open`] reads.
    ///
    /// # Errors
    /// Those of [`Backbone::open`], and [`Error::Damaged`] where it cannot be downloaded.
    pub fn named(name: &str, device: &Device) -> Result<Self> {
        match hub::repository(name) {
            Some(repository) => Self::open(hub::folder(repository)?, device),
            None => Self::open(name, device),
        }
    }

    /// Reads the network at `path`: a folder with `config.json` and `model.safetensors` of a
    /// wav2vec 2.0 or a BERT as Hugging Face keeps it, and perhaps settings in `extractor.toml`;
    /// a `NAME.safetensors` of torchvision's `r2plus1d_18`, and perhaps settings in `NAME.toml`;
    /// or a `NAME.onnx`, and what it takes in `NAME.toml`.
    ///
    /// # Errors
    /// One sentence that names the file and the weight or key: [`Error::Io`], [`Error::Damaged`],
    /// [`Error::Setting`].
    pub fn open(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let path = path.as_ref();
        let about = std::fs::metadata(path)
            .map_err(|source| Error::Io { path: path.to_owned(), source })?;
        if about.is_dir() {
            return Self::folder(path, device);
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "onnx" => onnx(path),
            "safetensors" => {
                let settings = settings(&path.with_extension("toml"))?;
                Ok(Self::R2plus1d(Box::new(R2plus1d::open(path, &settings, device)?)))
            }
            _ => Err(damaged(path, "it ends neither in .onnx nor in .safetensors".to_owned())),
        }
    }

    fn folder(path: &Path, device: &Device) -> Result<Self> {
        let about: About = needed(path, "config.json")?;
        let beside = path.join(SETTINGS);
        match about.model_type.as_str() {
            "wav2vec2" => {
                let network = Wav2vec2::open(path, &settings(&beside)?, device)?;
                Ok(Self::Wav2vec2(Box::new(network)))
            }
            "bert" => Ok(Self::Bert(Box::new(Bert::open(path, &settings(&beside)?, device)?))),
            other => Err(impossible(&path.join("config.json"), "model_type", format!("`{other}`"))),
        }
    }

    /// The network that `name` stands for, which has to be the one of this `id`: where there is
    /// nothing at a path, the folder `near` is asked for a file or folder of the same name.
    ///
    /// # Errors
    /// Those of [`Backbone::named`]; [`Error::Damaged`] where it is not found, naming the id and
    /// the places, or where it is another network or has other settings.
    pub fn known(name: &str, id: &str, near: Option<&Path>, device: &Device) -> Result<Self> {
        let mut path = PathBuf::from(name);
        if hub::repository(name).is_none() && !path.exists() {
            let moved = near.zip(path.file_name()).map(|(near, file)| near.join(file));
            match moved {
                Some(moved) if moved.exists() => path = moved,
                moved => {
                    let reason = match moved.map(|moved| moved.display().to_string()) {
                        Some(moved) => format!("`{id}` is needed and neither here nor at {moved}"),
                        None => format!("`{id}` is needed and not here"),
                    };
                    let way_out = "put that extractor there, with its settings";
                    return Err(Error::Damaged { path, reason, way_out });
                }
            }
        }
        let found = match hub::repository(name) {
            Some(_) => Self::named(name, device)?,
            None => Self::open(&path, device)?,
        };
        if found.id() != id {
            let reason = format!("`{id}` is needed and this is `{}`", found.id());
            let way_out = "give back the files and settings that the model was trained with";
            return Err(Error::Damaged { path, reason, way_out });
        }
        Ok(found)
    }

    /// What the network reads of a clip.
    pub const fn modality(&self) -> Modality {
        match self {
            Self::Wav2vec2(_) => Modality::Audio,
            Self::Bert(_) => Modality::Text,
            Self::R2plus1d(_) => Modality::Vision,
            #[cfg(feature = "onnx")]
            Self::Onnx(_) => Modality::Vision,
        }
    }

    /// The rows of 16 kHz mono samples; `None` for a network that does not hear.
    ///
    /// # Errors
    /// Those of the network.
    pub fn sound(&self, samples: &[f32]) -> Result<Option<Features>> {
        match self {
            Self::Wav2vec2(network) => network.frames(samples).map(Some),
            _ => Ok(None),
        }
    }

    /// The row of `face` in `frame`; `None` for a network that does not look at single pictures.
    ///
    /// # Errors
    /// Those of the network.
    #[cfg_attr(not(feature = "onnx"), expect(unused_variables, reason = "nothing reads pictures"))]
    pub fn face(&self, frame: &Frame, face: &Face) -> Result<Option<Vec<f32>>> {
        match self {
            #[cfg(feature = "onnx")]
            Self::Onnx(network) => network.picture(&network.view(frame, face)).map(Some),
            _ => Ok(None),
        }
    }

    /// The row of a picture that is nothing but what the network is to see, a cropped face for
    /// instance; `None` for a network that does not look at single pictures.
    ///
    /// # Errors
    /// Those of the network.
    #[cfg_attr(not(feature = "onnx"), expect(unused_variables, reason = "nothing reads pictures"))]
    pub fn picture(&self, picture: &RgbImage) -> Result<Option<Vec<f32>>> {
        match self {
            #[cfg(feature = "onnx")]
            Self::Onnx(network) => network.whole(picture).map(Some),
            _ => Ok(None),
        }
    }

    fn network(&self) -> &dyn Extract {
        match self {
            Self::Wav2vec2(network) => network.as_ref(),
            Self::Bert(network) => network.as_ref(),
            Self::R2plus1d(network) => network.as_ref(),
            #[cfg(feature = "onnx")]
            Self::Onnx(network) => network.as_ref(),
        }
    }
}

impl Extract for Backbone {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        self.network().extract(clip)
    }

    fn id(&self) -> &str {
        self.network().id()
    }
}

/// The settings at `path`, or those that a network has where there are none.
fn settings<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    Ok(toml(path)?.unwrap_or_default())
}

#[cfg(feature = "onnx")]
fn onnx(path: &Path) -> Result<Backbone> {
    Ok(Backbone::Onnx(Box::new(Onnx::open(path)?)))
}

#[cfg(not(feature = "onnx"))]
fn onnx(path: &Path) -> Result<Backbone> {
    let reason = "this limbic was built without ONNX".to_owned();
    let way_out = "build it with `cargo build --release -p limbic-cli --features onnx`";
    Err(Error::Damaged { path: path.to_owned(), reason, way_out })
}
