//! Face crops of any size become what a model looks at: a small square of numbers.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Version of the numbers: it goes up when a change here alters any of them.
const VERSION: u32 = 1;

/// Less contrast than this between the darkest and brightest percent is left as it is:
/// stretching it would show the camera's noise.
const LEAST_CONTRAST: f32 = 16.0;

/// What is done about dim, bright or flat light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Light {
    /// Nothing.
    #[default]
    Kept,
    /// The darkest and brightest hundredth of the pixels become black and white, and the rest is
    /// spread evenly between them.
    Stretched,
}

/// The range of the numbers that come out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Pixels {
    /// Black is 0 and white is 1.
    Unit {},
    /// `(x - mean) / deviation`, with `x`, `mean` and `deviation` in units of white.
    Shifted {
        /// Mean of the training set.
        mean: f32,
        /// Standard deviation of the training set.
        deviation: f32,
    },
    /// Each face has mean 0 and standard deviation 1; a face of one colour is 0 throughout.
    Centred {},
}

/// How a face is normalised. The default is a 48 x 48 face from 0 to 1 in its own light.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaceConfig {
    /// Rows and columns of the result.
    pub size: u32,
    /// Normalisation of the light.
    pub light: Light,
    /// Range of the numbers.
    pub pixels: Pixels,
}

impl Default for FaceConfig {
    fn default() -> Self {
        Self { size: 48, light: Light::Kept, pixels: Pixels::Unit {} }
    }
}

/// Normalises face crops, always in the same way.
#[derive(Debug, Clone)]
pub struct FaceNormaliser {
    config: FaceConfig,
    id: String,
}

impl FaceNormaliser {
    /// Prepares a normaliser; refuses settings that cannot work.
    pub fn new(config: &FaceConfig) -> Result<Self> {
        if !(1..=4096).contains(&config.size) {
            return Err(Error::setting("size", config.size, "1 to 4096 pixels"));
        }
        if let Pixels::Shifted { mean, deviation } = config.pixels
            && !(mean.is_finite() && deviation.is_finite() && deviation > 0.0)
        {
            let found = format!("mean {mean}, deviation {deviation}");
            return Err(Error::setting("pixels", found, "a mean and a deviation above zero"));
        }
        Ok(Self { config: config.clone(), id: fingerprint(config) })
    }

    /// Name and version; the settings appear as a fingerprint.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The settings it was made with.
    pub const fn config(&self) -> &FaceConfig {
        &self.config
    }

    /// The normalised face of a gray crop, given row after row. The crop is stretched to a
    /// square; sizes change with a triangle filter that covers every source pixel.
    ///
    /// # Shapes
    /// `[height, width] -> [size, size]`, row after row
    pub fn normalise(&self, width: u32, height: u32, pixels: &[u8]) -> Result<Vec<f32>> {
        let expected = width as usize * height as usize;
        if expected == 0 || pixels.len() != expected {
            let expected = expected.max(1);
            return Err(Error::Shape { part: "pixels", found: pixels.len(), expected });
        }
        let size = self.config.size;
        let mut square = Image::new(size, size, PixelType::U8);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        ImageRef::new(width, height, pixels, PixelType::U8)
            .map_err(|reason| Error::setting("pixels", reason, "a gray crop"))
            .and_then(|crop| {
                Resizer::new()
                    .resize(&crop, &mut square, &options)
                    .map_err(|reason| Error::setting("pixels", reason, "a gray crop"))
            })?;
        let (black, white) = match self.config.light {
            Light::Kept => (0.0, 255.0),
            Light::Stretched => contrast(square.buffer()),
        };
        let unit = |&pixel: &u8| ((f32::from(pixel) - black) / (white - black)).clamp(0.0, 1.0);
        let mut face: Vec<f32> = square.buffer().iter().map(unit).collect();
        match self.config.pixels {
            Pixels::Unit {} => {}
            Pixels::Shifted { mean, deviation } => {
                for x in &mut face {
                    *x = (*x - mean) / deviation;
                }
            }
            Pixels::Centred {} => centre(&mut face),
        }
        Ok(face)
    }
}

fn fingerprint(config: &FaceConfig) -> String {
    let settings = serde_json::to_vec(config).expect("numbers and names are JSON");
    format!("face/{}@{VERSION}", &blake3::hash(&settings).to_hex()[..12])
}

/// The gray levels that become black and white.
fn contrast(pixels: &[u8]) -> (f32, f32) {
    let mut counts = [0usize; 256];
    for &pixel in pixels {
        counts[usize::from(pixel)] += 1;
    }
    let hundredth = pixels.len() / 100;
    // The outermost level by which more than a hundredth of the pixels has been seen.
    let outermost = |inward: &mut dyn FnMut() -> Option<usize>| {
        let mut seen = 0;
        while let Some(level) = inward() {
            seen += counts[level];
            if seen > hundredth {
                return level as f32;
            }
        }
        0.0
    };
    let (mut up, mut down) = (0..256, (0..256).rev());
    let (black, white) = (outermost(&mut || up.next()), outermost(&mut || down.next()));
    if white - black < LEAST_CONTRAST { (0.0, 255.0) } else { (black, white) }
}

fn centre(face: &mut [f32]) {
    let count = face.len() as f64;
    let mean = face.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let variance = face.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    let scale = if variance > 1e-12 { variance.sqrt().recip() } else { 0.0 };
    for x in face {
        *x = ((f64::from(*x) - mean) * scale) as f32;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normaliser(light: Light, pixels: Pixels) -> FaceNormaliser {
        FaceNormaliser::new(&FaceConfig { light, pixels, ..FaceConfig::default() }).unwrap()
    }

    /// A face-sized ramp from `dark` to `bright`.
    fn ramp(dark: f32, bright: f32) -> Vec<u8> {
        (0..96 * 96).map(|i| (dark + (bright - dark) * (i % 96) as f32 / 95.0) as u8).collect()
    }

    #[test]
    fn a_crop_of_the_right_size_keeps_its_pixels() {
        let crop: Vec<u8> = (0..48 * 48).map(|i| (i % 256) as u8).collect();
        let face = normaliser(Light::Kept, Pixels::Unit {}).normalise(48, 48, &crop).unwrap();
        assert!(crop.iter().zip(&face).all(|(&p, &x)| (f32::from(p) / 255.0 - x).abs() < 1e-6));
    }

    #[test]
    fn every_range_of_numbers_says_the_same_face() {
        let crop = ramp(0.0, 255.0);
        let unit = normaliser(Light::Kept, Pixels::Unit {}).normalise(96, 96, &crop).unwrap();
        let shifted = Pixels::Shifted { mean: 0.5, deviation: 0.25 };
        let shifted = normaliser(Light::Kept, shifted).normalise(96, 96, &crop).unwrap();
        assert!(unit.iter().zip(&shifted).all(|(x, y)| ((x - 0.5) / 0.25 - y).abs() < 1e-5));
        let centred = normaliser(Light::Kept, Pixels::Centred {}).normalise(96, 96, &crop).unwrap();
        let mean = centred.iter().sum::<f32>() / 2304.0;
        let power = centred.iter().map(|x| x * x).sum::<f32>() / 2304.0;
        assert!(mean.abs() < 1e-4 && (power - 1.0).abs() < 1e-4, "mean {mean}, power {power}");
    }

    #[test]
    fn stretched_light_makes_dim_and_bright_faces_alike() {
        let stretched = normaliser(Light::Stretched, Pixels::Unit {});
        let dim = stretched.normalise(96, 96, &ramp(10.0, 90.0)).unwrap();
        let bright = stretched.normalise(96, 96, &ramp(40.0, 250.0)).unwrap();
        assert!(dim.iter().zip(&bright).all(|(a, b)| (a - b).abs() < 0.03));
        assert_eq!((dim[0], dim[47]), (0.0, 1.0));
        let flat = stretched.normalise(96, 96, &[77; 96 * 96]).unwrap();
        assert!(flat.iter().all(|x| (x - 77.0 / 255.0).abs() < 1e-6));
    }

    #[test]
    fn crops_and_settings_that_cannot_work_are_refused() {
        let face = normaliser(Light::Kept, Pixels::Unit {});
        assert!(face.normalise(0, 0, &[]).is_err());
        assert!(face.normalise(2, 2, &[0; 3]).is_err());
        assert!(FaceNormaliser::new(&FaceConfig { size: 0, ..FaceConfig::default() }).is_err());
        let pixels = Pixels::Shifted { mean: 0.0, deviation: 0.0 };
        assert!(FaceNormaliser::new(&FaceConfig { pixels, ..FaceConfig::default() }).is_err());
    }

    proptest! {
        #[test]
        fn any_crop_gives_finite_numbers(
            width in 1u32..80,
            height in 1u32..80,
            seed: u8,
            stretched: bool,
        ) {
            let light = if stretched { Light::Stretched } else { Light::Kept };
            let crop: Vec<u8> =
                (0..width * height).map(|i| (i as u8).wrapping_mul(seed)).collect();
            for pixels in [Pixels::Unit {}, Pixels::Centred {}] {
                let face = normaliser(light, pixels).normalise(width, height, &crop).unwrap();
                prop_assert_eq!(face.len(), 48 * 48);
                prop_assert!(face.iter().all(|x| x.is_finite()));
            }
        }
    }
}
