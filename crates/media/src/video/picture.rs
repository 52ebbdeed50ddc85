//! Plain pictures in memory, and the one way in which they change size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeAlg, ResizeOptions, Resizer};

/// A picture of 8-bit pixels, `CHANNELS` bytes each, row after row from the top without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture<const CHANNELS: usize> {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// Brightness alone, 0 black to 255 white.
pub type GrayImage = Picture<1>;

/// Red, green, blue.
pub type RgbImage = Picture<3>;

impl<const CHANNELS: usize> Picture<CHANNELS> {
    /// A picture from its pixels; `None` where their number does not fit the size or is zero.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let bytes = (width as usize).checked_mul(height as usize)?.checked_mul(CHANNELS)?;
        (bytes > 0 && bytes == pixels.len()).then_some(Self { width, height, pixels })
    }

    /// A picture whose pixels are known to fit its size.
    pub(super) fn exact(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(pixels.len(), width as usize * height as usize * CHANNELS);
        Self { width, height, pixels }
    }

    /// Pixels in a row.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// All bytes, row after row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Gives the bytes away.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The bytes of one pixel; beyond a border, those of the nearest pixel.
    pub fn nearest(&self, x: i64, y: i64) -> &[u8] {
        let x = x.clamp(0, i64::from(self.width) - 1) as usize;
        let y = y.clamp(0, i64::from(self.height) - 1) as usize;
        let start = (y * self.width as usize + x) * CHANNELS;
        &self.pixels[start..start + CHANNELS]
    }

    /// The picture at another size (at least 1x1), each new pixel the mean of what it covers.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let area = [0.0, 0.0, f64::from(self.width), f64::from(self.height)];
        self.resampled(area, width.max(1), height.max(1))
    }

    /// The square of `side` pixels around (`x`, `y`) brought to `size` x `size`. Beyond the
    /// border of the picture the border is repeated.
    #[must_use]
    pub fn square(&self, x: f64, y: f64, side: f64, size: u32) -> Self {
        let most = f64::from(self.width.max(self.height)) * 4.0;
        let side = if side.is_finite() { side.clamp(1.0, most) } else { 1.0 };
        let centre = |at: f64, length: u32| {
            if at.is_finite() { at.clamp(-most, most + f64::from(length)) } else { 0.0 }
        };
        let (left, top) = (centre(x, self.width) - side / 2.0, centre(y, self.height) - side / 2.0);
        let inside = left >= 0.0
            && top >= 0.0
            && left + side <= f64::from(self.width)
            && top + side <= f64::from(self.height);
        if inside {
            return self.resampled([left, top, side, side], size.max(1), size.max(1));
        }
        let (x0, y0) = (left.floor() as i64, top.floor() as i64);
        let padded_side = (side.ceil() as u32) + 2;
        let mut pixels = Vec::with_capacity((padded_side as usize).pow(2) * CHANNELS);
        for row in 0..i64::from(padded_side) {
            for column in 0..i64::from(padded_side) {
                pixels.extend_from_slice(self.nearest(x0 + column, y0 + row));
            }
        }
        let padded = Self { width: padded_side, height: padded_side, pixels };
        let area = [left - x0 as f64, top - y0 as f64, side, side];
        padded.resampled(area, size.max(1), size.max(1))
    }

    /// `area` is left, top, width and height inside the picture.
    fn resampled(&self, area: [f64; 4], width: u32, height: u32) -> Self {
        let kind = if CHANNELS == 1 { PixelType::U8 } else { PixelType::U8x3 };
        let mut target = Image::new(width, height, kind);
        let [left, top, across, down] = area;
        let filter = fast_image_resize::FilterType::Bilinear;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(filter))
            .crop(left, top, across, down);
        ImageRef::new(self.width, self.height, &self.pixels, kind)
            .ok()
            .and_then(|source| Resizer::new().resize(&source, &mut target, &options).ok())
            .expect("the area lies inside the picture, whose bytes fit its size");
        Self { width, height, pixels: target.into_vec() }
    }
}
