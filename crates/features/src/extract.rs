//! From a clip to its features.

use limbic_media::{Clip, Modality};

use crate::{Cache, Error, Features, Result, Stored};

/// Something that turns a clip into rows of numbers, always the same ones for the same clip.
pub trait Extract {
    /// The features of `clip`. [`Error::Absent`] where the clip has nothing of the modality.
    fn extract(&self, clip: &Clip) -> Result<Features>;

    /// Name and version, such as `log-mel/whisper@1`. It changes whenever the numbers would.
    fn id(&self) -> &str;
}

/// What each of `extractors` finds in `clip`, under the name of `name`, through `cache` if there
/// is one. A modality that the clip does not have is left out; any other error ends it.
pub fn extract_all(
    name: &str,
    clip: &Clip,
    extractors: &[&dyn Extract],
    cache: Option<&Cache>,
) -> Result<Vec<Stored>> {
    let content = cache.map(|_| crate::hash_clip(clip)).transpose()?;
    let mut found = Vec::with_capacity(extractors.len());
    for extractor in extractors {
        let features = match (cache, content) {
            (Some(cache), Some(content)) => {
                cache.get_or(content, extractor.id(), || extractor.extract(clip))
            }
            _ => extractor.extract(clip),
        };
        match features {
            Ok(features) => {
                let extractor = extractor.id().to_owned();
                found.push(Stored { clip: name.to_owned(), extractor, features });
            }
            Err(Error::Absent { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The error of an extractor whose modality `clip` does not have.
pub(crate) fn absent(clip: &Clip, modality: Modality, extractor: &str) -> Error {
    let path = clip.path().unwrap_or_else(|| "the text given".as_ref()).to_owned();
    Error::Absent { path, modality, extractor: extractor.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MelConfig, MelSpectrogram, VoiceDescriptors, VoiceFunctionals};

    /// A second of a 200 Hz tone as 16-bit mono PCM.
    fn wav() -> Vec<u8> {
        let samples: Vec<u8> = (0..16_000)
            .map(|i| (9000.0 * (f64::from(i) * 0.078_54).sin()) as i16)
            .flat_map(i16::to_le_bytes)
            .collect();
        let head = |size: u32| [b"RIFF".as_slice(), &size.to_le_bytes(), b"WAVEfmt "].concat();
        let format = [16u32, 0x0001_0001, 16_000, 32_000, 0x0010_0002];
        let format = format.iter().flat_map(|number| number.to_le_bytes());
        let size = samples.len() as u32;
        let mut file = head(36 + size);
        file.extend(format);
        file.extend(b"data");
        file.extend(size.to_le_bytes());
        file.extend(samples);
        file
    }

    #[test]
    fn a_clip_has_the_features_of_its_samples_with_and_without_a_cache() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tone.wav");
        std::fs::write(&path, wav()).unwrap();
        let clip = Clip::open(&path).unwrap();
        let (samples, _) = limbic_media::audio::read(&path).unwrap();
        assert_eq!(samples.len(), 16_000);
        let cache = Cache::at(folder.path().join("cache"));
        for config in [MelConfig::ast(), MelConfig::whisper(), MelConfig::mpuc(25.0)] {
            let mel = MelSpectrogram::new(&config).unwrap();
            let expected = mel.frames(&samples);
            for cache in [None, Some(&cache), Some(&cache)] {
                let found = extract_all("tone", &clip, &[&mel], cache).unwrap();
                assert_eq!(found[0].features, expected, "{}", mel.id());
            }
            assert_eq!(cache.extract(&mel, &clip).unwrap(), expected);
        }
    }

    #[test]
    fn the_voice_of_a_clip_is_described_frame_by_frame_and_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tone.wav");
        std::fs::write(&path, wav()).unwrap();
        let clip = Clip::open(&path).unwrap();
        let found =
            extract_all("tone", &clip, &[&VoiceDescriptors, &VoiceFunctionals], None).unwrap();
        let (samples, _) = limbic_media::audio::read(&path).unwrap();
        let [frames, whole] = found.as_slice() else { panic!("{} results", found.len()) };
        assert_eq!(frames.features.shape(), [100, crate::DESCRIPTORS]);
        assert_eq!(frames.features.time(0), Some(0.005));
        assert_eq!(whole.features.row(0).map(<[f32]>::to_vec), crate::describe(&samples));
        assert_eq!(whole.features.names().len(), whole.features.shape()[1]);
    }

    #[test]
    fn a_modality_that_is_not_there_is_left_out() {
        let mel = MelSpectrogram::new(&MelConfig::ast()).unwrap();
        let clip = Clip::from_text("no sound");
        assert!(matches!(mel.extract(&clip), Err(Error::Absent { .. })));
        assert_eq!(extract_all("text", &clip, &[&mel], None).unwrap(), []);
    }
}
