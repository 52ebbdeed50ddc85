//! A png or jpeg as a film of one picture.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

use super::{Frame, LARGEST_SIDE, RgbImage, too_large};
use crate::{Error, Result};

/// Larger pictures are scaled down as they are read.
const MOST_PIXELS: f64 = 4e6;

/// Working memory granted to a decoder, in bytes: 16 bits of four channels at the largest size.
const MOST_MEMORY: u64 = 8 * (LARGEST_SIDE as u64) * (LARGEST_SIDE as u64);

/// Reads the picture, upright by its EXIF orientation, at most 4 megapixels.
pub(super) fn read(path: &Path) -> Result<Frame> {
    let file = File::open(path).map_err(|source| Error::io(path, source))?;
    decode(BufReader::new(file), path, 0.0)
}

/// The same of any bytes, which errors call `path`, shown at `time` seconds.
pub(super) fn decode(bytes: impl BufRead + Seek, path: &Path, time: f64) -> Result<Frame> {
    let damaged = |error: ImageError| Error::damaged(path, format!("its picture: {error}"));
    let mut reader =
        ImageReader::new(bytes).with_guessed_format().map_err(|source| Error::io(path, source))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width > LARGEST_SIDE || height > LARGEST_SIDE {
        return Err(too_large(path, width, height));
    }
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    let (width, height) = picture.dimensions();
    let picture = RgbImage::new(width, height, picture.into_raw())
        .ok_or_else(|| Error::damaged(path, "its picture has no pixels"))?;
    let shrink = (MOST_PIXELS / (f64::from(width) * f64::from(height))).sqrt();
    if shrink >= 1.0 {
        return Ok(Frame::from_rgb(&picture, time));
    }
    let scaled = |side: u32| (f64::from(side) * shrink) as u32;
    Ok(Frame::from_rgb(&picture.resized(scaled(width), scaled(height)), time))
}
