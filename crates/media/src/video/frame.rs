//! One picture of a clip.

use std::path::Path;

use openh264::decoder::DecodedYUV;
use openh264::formats::YUVSource;

use super::{GrayImage, LARGEST_SIDE, RgbImage, still};
use crate::degrade::blurred;

/// One picture and its moment. Brightness is ready at once; colour is worked out when asked for.
#[derive(Debug, Clone)]
pub struct Frame {
    time: f64,
    luma: GrayImage,
    /// Blue and red difference, at half the size in both directions, rounded up.
    chroma: [GrayImage; 2],
    bt709: bool,
}

/// How planes are to be understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Whether samples span 0..=255 rather than 16..=235 (240 for colour).
    pub(super) full_range: bool,
    /// Whether colours follow BT.709 rather than BT.601.
    pub(super) bt709: bool,
    /// Quarter turns clockwise that put the picture upright.
    pub(super) turns: u8,
}

/// A plane of samples with gaps between its rows.
struct Plane<'a> {
    samples: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

impl Frame {
    /// Moment of display, in seconds from the beginning of the clip.
    pub const fn time(&self) -> f64 {
        self.time
    }

    /// The same so many seconds earlier.
    pub(super) fn earlier(mut self, seconds: f64) -> Self {
        self.time = (self.time - seconds).max(0.0);
        self
    }

    /// The same out of focus; `spread` is a share of the shorter side.
    pub(super) fn blurred(mut self, spread: f32) -> Self {
        self.luma = blurred(&self.luma, spread);
        self.chroma = self.chroma.map(|plane| blurred(&plane, spread));
        self
    }

    /// Pixels in a row.
    pub const fn width(&self) -> u32 {
        self.luma.width()
    }

    /// Rows.
    pub const fn height(&self) -> u32 {
        self.luma.height()
    }

    /// Brightness, spread over 0..=255 whatever range the file uses.
    pub const fn gray(&self) -> &GrayImage {
        &self.luma
    }

    /// The picture in colour.
    pub fn rgb(&self) -> RgbImage {
        let [red, green_blue, green_red, blue] = if self.bt709 {
            [1.5748, -0.1873, -0.4681, 1.8556]
        } else {
            [1.402, -0.3441, -0.7141, 1.772]
        };
        let width = self.width() as usize;
        let half = self.chroma[0].width() as usize;
        let mut pixels = Vec::with_capacity(self.luma.pixels().len() * 3);
        for (y, row) in self.luma.pixels().chunks_exact(width).enumerate() {
            let [blues, reds] =
                self.chroma.each_ref().map(|plane| &plane.pixels()[y / 2 * half..][..half]);
            for (x, &luma) in row.iter().enumerate() {
                let luma = f32::from(luma);
                let cb = f32::from(blues[x / 2]) - 128.0;
                let cr = f32::from(reds[x / 2]) - 128.0;
                pixels.extend([
                    (luma + red * cr).round() as u8,
                    (luma + green_blue * cb + green_red * cr).round() as u8,
                    (luma + blue * cb).round() as u8,
                ]);
            }
        }
        RgbImage::exact(self.width(), self.height(), pixels)
    }

    /// From the decoder's own memory; `None` where its planes do not fit together.
    pub(super) fn from_decoder(
        picture: &DecodedYUV<'_>,
        time: f64,
        layout: Layout,
    ) -> Option<Self> {
        let (width, height) = picture.dimensions();
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let (y, u, v) = picture.strides();
        Self::from_planes(
            &Plane { samples: picture.y(), stride: y, width, height },
            &Plane { samples: picture.u(), stride: u, width: half_width, height: half_height },
            &Plane { samples: picture.v(), stride: v, width: half_width, height: half_height },
            time,
            layout,
        )
    }

    /// From 4:2:0 planes that lie one behind the other without gaps.
    pub(super) fn from_planar(
        bytes: &[u8],
        (width, height): (usize, usize),
        time: f64,
        layout: Layout,
    ) -> Option<Self> {
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let (luma, rest) = bytes.split_at_checked(width * height)?;
        let (blue, red) = rest.split_at_checked(half_width * half_height)?;
        let half =
            |samples| Plane { samples, stride: half_width, width: half_width, height: half_height };
        let luma = Plane { samples: luma, stride: width, width, height };
        Self::from_planes(&luma, &half(blue), &half(red), time, layout)
    }

    fn from_planes(
        luma: &Plane<'_>,
        blue: &Plane<'_>,
        red: &Plane<'_>,
        time: f64,
        layout: Layout,
    ) -> Option<Self> {
        let sound = 1..=LARGEST_SIDE as usize;
        if !sound.contains(&luma.width) || !sound.contains(&luma.height) || !time.is_finite() {
            return None;
        }
        let (black, luma_span, colour_span) =
            if layout.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
        let spread = |from: f32, span: f32, to: f32| -> [u8; 256] {
            std::array::from_fn(|sample| ((sample as f32 - from) * 255.0 / span + to).round() as u8)
        };
        let bright = spread(black, luma_span, 0.0);
        let colour = spread(128.0, colour_span, 128.0);
        let turns = layout.turns;
        Some(Self {
            time,
            luma: luma.copy(&bright, turns)?,
            chroma: [blue.copy(&colour, turns)?, red.copy(&colour, turns)?],
            bt709: layout.bt709,
        })
    }

    /// A frame from the bytes of a png or jpeg, shown at `time` seconds.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged) where it cannot be decoded,
    /// [`Error::Unsupported`](crate::Error::Unsupported) where it is too large.
    pub fn from_encoded(bytes: &[u8], time: f64) -> crate::Result<Self> {
        still::decode(std::io::Cursor::new(bytes), Path::new("a picture"), time)
    }

    /// A frame from a picture in colour, shown at `time` seconds.
    pub fn from_rgb(picture: &RgbImage, time: f64) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let luma = picture.pixels().chunks_exact(3).map(|pixel| {
            weigh(pixel.iter().map(|&value| f32::from(value)), [0.299, 0.587, 0.114], 0.0)
        });
        let small = picture.resized(width.div_ceil(2), height.div_ceil(2));
        let difference = |weights: [f32; 3]| {
            let pixels = small.pixels().chunks_exact(3);
            let values = pixels
                .map(|pixel| weigh(pixel.iter().map(|&value| f32::from(value)), weights, 128.0));
            GrayImage::exact(small.width(), small.height(), values.collect())
        };
        Self {
            time,
            luma: GrayImage::exact(width, height, luma.collect()),
            chroma: [
                difference([-0.168_736, -0.331_264, 0.5]),
                difference([0.5, -0.418_688, -0.081_312]),
            ],
            bt709: false,
        }
    }
}

fn weigh(values: impl Iterator<Item = f32>, weights: [f32; 3], offset: f32) -> u8 {
    (values.zip(weights).map(|(value, weight)| value * weight).sum::<f32>() + offset).round() as u8
}

impl Plane<'_> {
    /// A copy without gaps, every sample looked up in `table`, turned clockwise.
    fn copy(&self, table: &[u8; 256], turns: u8) -> Option<GrayImage> {
        let mut pixels = Vec::with_capacity(self.width * self.height);
        for row in 0..self.height {
            let samples = self.samples.get(row * self.stride..)?.get(..self.width)?;
            pixels.extend(samples.iter().map(|&sample| table[usize::from(sample)]));
        }
        let (width, height) = (self.width, self.height);
        let at = |x: usize, y: usize| pixels[y * width + x];
        let turned: Vec<u8> = match turns {
            1 => (0..width).flat_map(|x| (0..height).rev().map(move |y| at(x, y))).collect(),
            2 => pixels.iter().rev().copied().collect(),
            3 => (0..width).rev().flat_map(|x| (0..height).map(move |y| at(x, y))).collect(),
            _ => pixels,
        };
        let upright = turns.is_multiple_of(2);
        let (width, height) = if upright { (width, height) } else { (height, width) };
        GrayImage::new(width as u32, height as u32, turned)
    }
}
