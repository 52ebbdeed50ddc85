//! Extractors as people type them.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use limbic_backbones::Backbone;
use limbic_features::{Extract, MelConfig, MelSpectrogram, Result, VoiceDescriptors};

/// The names of those that are built in.
const BUILT_IN: [(&str, Extractor); 4] = [
    ("descriptors", Extractor::Descriptors),
    ("log-mel-librosa", Extractor::LogMel(MelConfig::librosa)),
    ("log-mel-whisper", Extractor::LogMel(MelConfig::whisper)),
    ("log-mel-ast", Extractor::LogMel(MelConfig::ast)),
];

/// One way from a clip to features.
#[derive(Debug, Clone)]
pub(crate) enum Extractor {
    /// Energy, pitch, voicing and 25 more descriptors of the voice, every 10 ms.
    Descriptors,
    /// A log-mel spectrogram.
    LogMel(fn() -> MelConfig),
    /// A pretrained network at a path.
    Network(PathBuf),
    /// A pretrained network on the Hugging Face hub.
    Hub(String),
}

/// Those of one option.
#[derive(Debug, Clone)]
pub(crate) struct Extractors(pub(crate) Vec<Extractor>);

/// Extractors from a path, or from names and paths between commas.
pub(crate) fn extractors(typed: &str) -> std::result::Result<Extractors, String> {
    let each = if Path::new(typed).exists() { vec![typed] } else { typed.split(',').collect() };
    each.into_iter().map(extractor).collect::<std::result::Result<_, _>>().map(Extractors)
}

fn extractor(typed: &str) -> std::result::Result<Extractor, String> {
    if let Some((_, known)) = BUILT_IN.iter().find(|(name, _)| *name == typed) {
        return Ok(known.clone());
    }
    if typed.starts_with("hub:") {
        return Ok(Extractor::Hub(typed.to_owned()));
    }
    if Path::new(typed).exists() {
        return Ok(Extractor::Network(typed.into()));
    }
    let names = BUILT_IN.map(|(name, _)| name).join(", ");
    Err(format!("there is no file or folder `{typed}`, and built in are {names}"))
}

impl Extractor {
    /// What errors call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Descriptors | Self::LogMel(_) => "--extractor".to_owned(),
            Self::Network(path) => path.display().to_string(),
            Self::Hub(name) => name.clone(),
        }
    }

    /// Makes it ready to be used.
    pub(crate) fn open(&self) -> Result<Box<dyn Extract>> {
        Ok(match self {
            Self::Descriptors => Box::new(VoiceDescriptors),
            Self::LogMel(config) => Box::new(MelSpectrogram::new(&config())?),
            Self::Network(path) => Box::new(Backbone::open(path, &Device::flex())?),
            Self::Hub(name) => Box::new(Backbone::named(name, &Device::flex())?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_lists_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a,b.onnx");
        std::fs::write(&path, "").unwrap();
        let path = path.to_str().unwrap();
        let of = |typed: &str| extractors(typed).unwrap().0;
        assert!(matches!(of("log-mel-ast")[..], [Extractor::LogMel(_)]));
        assert!(matches!(
            of("descriptors,hub:a/b")[..],
            [Extractor::Descriptors, Extractor::Hub(_)]
        ));
        assert!(matches!(&of(path)[..], [Extractor::Network(found)] if found == Path::new(path)));
        for wrong in ["", "descriptor", "descriptors,", "gone/face.onnx"] {
            let said = extractors(wrong).unwrap_err();
            assert!(said.contains("log-mel-whisper") && !said.contains('\n'), "{said}");
        }
    }
}
