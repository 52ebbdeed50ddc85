//! The faces of a clip as [`Features`].

use limbic_media::{Clip, FaceTracker, Modality, Span};

use crate::extract::absent;
use crate::{Error, Extract, FaceConfig, FaceNormaliser, Features, Result, Times};

/// Version of the way frames and faces are chosen and cropped.
const VERSION: u32 = 1;

/// The largest face of a clip at a rate, normalised: a row of `size * size` numbers for each
/// sampled frame that shows a face, with the stretch of time for which the frame stands.
#[derive(Debug, Clone)]
pub struct Faces {
    normaliser: FaceNormaliser,
    rate: f64,
    margin: f32,
    id: String,
}

impl Faces {
    /// Faces normalised as `config` says, `rate` a second, with `margin` (a share of the face's
    /// side) around them.
    pub fn new(config: &FaceConfig, rate: f64, margin: f32) -> Result<Self> {
        if !(rate > 0.0 && rate <= 1000.0) {
            return Err(Error::setting("rate", rate, "frames a second above zero, up to 1000"));
        }
        if !(0.0..=4.0).contains(&margin) {
            return Err(Error::setting("margin", margin, "a share from 0 to 4"));
        }
        let normaliser = FaceNormaliser::new(config)?;
        let id = format!("faces-{rate}fps-{margin}/{}.{VERSION}", normaliser.id());
        Ok(Self { normaliser, rate, margin, id })
    }
}

impl Extract for Faces {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let mut film =
            clip.frames(self.rate)?.ok_or_else(|| absent(clip, Modality::Vision, &self.id))?;
        // The numbers of the tracks do not matter here, only that two runs agree.
        let mut tracker = FaceTracker::seeded(0);
        let size = self.normaliser.config().size;
        let (mut data, mut spans) = (Vec::new(), Vec::new());
        while let Some(frame) = film.next_frame()? {
            if let Some(face) = tracker.step(&frame).first() {
                let crop = face.crop(&frame, self.margin, size);
                data.extend(self.normaliser.normalise(
                    crop.width(),
                    crop.height(),
                    crop.pixels(),
                )?);
                spans.push(Span::new(frame.time(), frame.time() + 1.0 / self.rate));
            }
        }
        let width = size as usize * size as usize;
        Features::new(Modality::Vision, [spans.len(), width], data, Times::Spans(spans))
    }

    fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_face_of_the_sample_clip_is_found_and_normalised() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/hello.mp4");
        let clip = Clip::open(path).unwrap();
        let faces = Faces::new(&FaceConfig::default(), 2.0, 0.1).unwrap();
        let features = faces.extract(&clip).unwrap();
        assert!(features.len() >= 3, "{} faces", features.len());
        assert_eq!(features.shape()[1], 48 * 48);
        assert!(features.data().iter().all(|x| (0.0..=1.0).contains(x)));
        assert_eq!(features, faces.extract(&clip).unwrap());
    }

    #[test]
    fn a_clip_without_pictures_and_settings_that_cannot_work_are_refused() {
        let faces = Faces::new(&FaceConfig::default(), 5.0, 0.1).unwrap();
        assert!(matches!(faces.extract(&Clip::from_text("hi")), Err(Error::Absent { .. })));
        assert!(Faces::new(&FaceConfig::default(), 0.0, 0.1).is_err());
        assert!(Faces::new(&FaceConfig::default(), 5.0, f32::NAN).is_err());
    }
}
