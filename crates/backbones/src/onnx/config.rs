//! What a network in an ONNX file takes, as a TOML file beside it declares.

use std::path::Path;

use limbic_features::Result;
use limbic_media::RgbImage;
use rten::Dimension;
use serde::{Deserialize, Serialize};

use super::refused;
use crate::view::{View, check_rate};

/// Pixels of the largest side.
const LARGEST_SIDE: u32 = 2048;

/// What a network expects: `face.toml` beside `face.onnx`.
///
/// ```toml
/// width = 224
/// height = 224
/// channels = "rgb"                    # or "bgr", "gray"
/// layout = "planes"                   # [1, channels, height, width]; or "pixels"
/// mean = [123.675, 116.28, 103.53]    # taken off bytes, 0 to 255, in the order of `channels`
/// scale = [0.01712, 0.01751, 0.01743] # times what is left
/// output = "feature"                  # the first one where it is not named
/// rate = 5.0                          # pictures a second of a film
/// view = { kind = "face", margin = 0.2 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnnxConfig {
    /// Pixels in a row, up to 2048.
    pub width: u32,
    /// Rows, up to 2048.
    pub height: u32,
    /// Which colours, in which order.
    #[serde(default)]
    pub channels: Channels,
    /// How the numbers lie.
    #[serde(default)]
    pub layout: Planes,
    /// Taken off the bytes (0 to 255) of each channel.
    pub mean: Vec<f32>,
    /// Times what is left, for each channel.
    pub scale: Vec<f32>,
    /// The output that is the feature; the first one where it is `None`.
    #[serde(default)]
    pub output: Option<String>,
    /// Pictures a second of a film.
    #[serde(default = "five")]
    pub rate: f64,
    /// What the network is shown of a picture.
    #[serde(default = "face")]
    pub view: View,
}

fn five() -> f64 {
    5.0
}

fn face() -> View {
    View::Face { margin: 0.2 }
}

/// The colours of a picture, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Brightness alone (ITU-R BT.601).
    Gray,
}

/// How the numbers of a picture lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Planes {
    /// `[1, channels, height, width]`.
    #[default]
    Planes,
    /// `[1, height, width, channels]`.
    Pixels,
}

impl OnnxConfig {
    /// Refuses what no network can take, naming the key.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        check_rate(self.rate)?;
        self.view.check()?;
        for (key, side) in [("width", self.width), ("height", self.height)] {
            if !(1..=LARGEST_SIDE).contains(&side) {
                return Err(refused(
                    path,
                    format!("`{key}` is {side} and not 1 to {LARGEST_SIDE}"),
                ));
            }
        }
        for (key, values) in [("mean", &self.mean), ("scale", &self.scale)] {
            if values.len() != self.count() || values.iter().any(|value| !value.is_finite()) {
                let expected = self.count();
                return Err(refused(
                    path,
                    format!("`{key}` is not {expected} numbers, as channels"),
                ));
            }
        }
        Ok(())
    }

    /// How many channels there are.
    const fn count(&self) -> usize {
        match self.channels {
            Channels::Rgb | Channels::Bgr => 3,
            Channels::Gray => 1,
        }
    }

    /// The shape of a picture as the network takes it.
    pub(super) fn shape(&self) -> [usize; 4] {
        let [height, width] = [self.height as usize, self.width as usize];
        match self.layout {
            Planes::Planes => [1, self.count(), height, width],
            Planes::Pixels => [1, height, width, self.count()],
        }
    }

    /// Whether a network that declares this input can be given such pictures.
    pub(super) fn fits(&self, declared: &[Dimension]) -> std::result::Result<(), String> {
        let given = self.shape();
        let fits = |(given, declared): (&usize, &Dimension)| match declared {
            Dimension::Fixed(side) => given == side,
            Dimension::Symbolic(_) => true,
        };
        if declared.len() == 4 && given.iter().zip(declared).all(fits) {
            return Ok(());
        }
        let side = |declared: &Dimension| match declared {
            Dimension::Fixed(side) => side.to_string(),
            Dimension::Symbolic(name) => name.clone(),
        };
        let declared: Vec<String> = declared.iter().map(side).collect();
        let declared = declared.join(", ");
        Err(format!(
            "`width`, `height`, `channels` and `layout` give {given:?} to a network that takes [{declared}]"
        ))
    }

    /// A picture as the network takes it.
    pub(super) fn numbers(&self, picture: &RgbImage) -> Vec<f32> {
        let channel = |pixel: &[u8], channel: usize| {
            let [red, green, blue] = [0, 1, 2].map(|colour| f32::from(pixel[colour]));
            let light = match self.channels {
                Channels::Rgb => [red, green, blue][channel],
                Channels::Bgr => [blue, green, red][channel],
                Channels::Gray => 0.299 * red + 0.587 * green + 0.114 * blue,
            };
            (light - self.mean[channel]) * self.scale[channel]
        };
        let pixels = || picture.pixels().chunks_exact(3);
        let count = self.count();
        match self.layout {
            Planes::Planes => {
                (0..count).flat_map(|c| pixels().map(move |pixel| channel(pixel, c))).collect()
            }
            Planes::Pixels => {
                pixels().flat_map(|pixel| (0..count).map(move |c| channel(pixel, c))).collect()
            }
        }
    }
}
