//! What a network that looks is shown of a frame.

use limbic_features::{Error, Result};
use limbic_media::{Face, FaceTracker, Frame, RgbImage};
use serde::{Deserialize, Serialize};

/// What a network is shown of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum View {
    /// All of it, stretched to the network's size.
    Picture {},
    /// The largest face; a frame without one is left out.
    Face {
        /// Added on every side, as a share of the face's side, 0 to 4.
        margin: f32,
    },
}

/// Shows the frames of one clip, in order.
pub(crate) struct Viewer {
    view: View,
    tracker: FaceTracker,
}

impl View {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Face { margin } if !(0.0..=4.0).contains(&margin) => Err(Error::Setting {
                setting: "margin",
                found: margin.to_string(),
                expected: "a share from 0 to 4",
            }),
            _ => Ok(()),
        }
    }

    /// `[width, height]` pixels of a frame in which `face` was found.
    pub(crate) fn of(self, frame: &Frame, face: &Face, [width, height]: [u32; 2]) -> RgbImage {
        match self {
            Self::Picture {} => frame.rgb().resized(width, height),
            Self::Face { margin } => {
                let crop = face.crop_rgb(frame, margin, width.max(height));
                if width == height { crop } else { crop.resized(width, height) }
            }
        }
    }

    pub(crate) fn begin(self) -> Viewer {
        // The numbers of the tracks do not matter here, only that two runs agree.
        Viewer { view: self, tracker: FaceTracker::seeded(0) }
    }
}

impl Viewer {
    /// The next frame, `[width, height]` pixels of it.
    pub(crate) fn show(&mut self, frame: &Frame, sides: [u32; 2]) -> Option<RgbImage> {
        let face = match self.view {
            View::Picture {} => Face::whole_frame(frame),
            View::Face { .. } => *self.tracker.step(frame).first()?,
        };
        Some(self.view.of(frame, &face, sides))
    }
}

/// Refuses a rate at which no frames can be had.
pub(crate) fn check_rate(rate: f64) -> Result<()> {
    if rate > 0.0 && rate <= 1000.0 {
        return Ok(());
    }
    let expected = "frames a second above zero, up to 1000";
    Err(Error::Setting { setting: "rate", found: rate.to_string(), expected })
}
