//! The sequence parameter set of H.264: what the pictures are like (ITU-T H.264, 7.3.2.1.1).

use super::bits::{BitReader, escape, insert_bits, unescape};

const BASELINE: u8 = 66;
const SCALABLE_BASELINE: u8 = 83;

/// What a stream's pictures are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    profile: u8,
    chroma_format: u32,
    depth: u32,
    progressive: bool,
    /// In pixels, after cropping.
    pub(super) width: u32,
    /// In pixels, after cropping.
    pub(super) height: u32,
    /// Whether samples span 0..=255 rather than 16..=235.
    pub(super) full_range: bool,
    /// Whether colours follow BT.709; `None` where the stream does not say.
    pub(super) bt709: Option<bool>,
    /// Position of the bit behind the set's own number.
    after_identifier: usize,
}

impl Sequence {
    /// Reads a unit of type 7, header byte included. `None` where it is cut or nonsense.
    pub(super) fn parse(unit: &[u8]) -> Option<Self> {
        let plain = unescape(unit);
        let mut bits = BitReader::new(&plain);
        bits.bits(8)?;
        let profile = bits.bits(8)? as u8;
        bits.bits(16)?;
        bits.unsigned()?;
        let after_identifier = bits.position();
        let (mut chroma_format, mut depth) = (1, 8);
        if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128) {
            chroma_format = bits.unsigned()?;
            if chroma_format == 3 {
                bits.bit()?;
            }
            depth = 8 + bits.unsigned()?.min(8).max(bits.unsigned()?.min(8));
            bits.bit()?;
            if bits.bit()? == 1 {
                skip_scaling_lists(&mut bits, if chroma_format == 3 { 12 } else { 8 })?;
            }
        }
        bits.unsigned()?;
        match bits.unsigned()? {
            0 => {
                bits.unsigned()?;
            }
            1 => {
                bits.bit()?;
                bits.signed()?;
                bits.signed()?;
                for _ in 0..bits.unsigned()?.min(255) {
                    bits.signed()?;
                }
            }
            _ => {}
        }
        bits.unsigned()?;
        bits.bit()?;
        let columns = bits.unsigned()?.checked_add(1)?;
        let rows = bits.unsigned()?.checked_add(1)?;
        let progressive = bits.bit()? == 1;
        if !progressive {
            bits.bit()?;
        }
        bits.bit()?;
        let (mut width, mut height) =
            (columns.checked_mul(16)?, rows.checked_mul(if progressive { 16 } else { 32 })?);
        if bits.bit()? == 1 {
            let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
            let unit_y = if chroma_format == 1 { 2 } else { 1 } * if progressive { 1 } else { 2 };
            let horizontal = bits.unsigned()?.checked_add(bits.unsigned()?)?;
            let vertical = bits.unsigned()?.checked_add(bits.unsigned()?)?;
            width = width.checked_sub(horizontal.checked_mul(unit_x)?)?;
            height = height.checked_sub(vertical.checked_mul(unit_y)?)?;
        }
        let (full_range, bt709) = colours(&mut bits).unwrap_or_default();
        let sound = width > 0 && height > 0;
        sound.then_some(Self {
            profile,
            chroma_format,
            depth,
            progressive,
            width,
            height,
            full_range,
            bt709,
            after_identifier,
        })
    }

    /// Whether the built-in decoder knows such streams.
    pub(super) fn built_in(&self) -> bool {
        matches!(self.profile, 66 | 77 | 83 | 88 | 100)
            && self.chroma_format == 1
            && self.depth == 8
            && self.progressive
    }

    /// A name for the user, for streams that are not built in.
    pub(super) fn name(&self) -> &'static str {
        match self {
            _ if !self.progressive => "interlaced H.264",
            _ if self.depth > 8 => "H.264 with more than 8 bits",
            _ if self.chroma_format != 1 => "H.264 other than 4:2:0",
            _ => "this profile of H.264",
        }
    }

    /// The same set, so marked that openh264 hands out each picture as soon as it is decoded.
    ///
    /// openh264 guesses the display order of streams that may hold B pictures, and guesses wrong
    /// for some hierarchies; it hands out pictures at once for the two baseline profiles alone.
    /// The mp4 index knows every picture's time, so no guess is needed: the profile is rewritten
    /// to scalable baseline, which is parsed like High and changes nothing else.
    pub(super) fn undelayed(&self, unit: &[u8]) -> Vec<u8> {
        let mut plain = unescape(unit);
        match self.profile {
            BASELINE | SCALABLE_BASELINE => {}
            77 | 88 => {
                plain[1] = SCALABLE_BASELINE;
                plain = insert_bits(&plain, self.after_identifier, "0101100");
            }
            _ => plain[1] = SCALABLE_BASELINE,
        }
        escape(&plain)
    }
}

fn skip_scaling_lists(bits: &mut BitReader<'_>, lists: usize) -> Option<()> {
    for list in 0..lists {
        if bits.bit()? == 0 {
            continue;
        }
        let (mut last, mut next) = (8, 8);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.signed()? % 256 + 256) % 256;
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// Range and matrix from the usability information, where they are given.
fn colours(bits: &mut BitReader<'_>) -> Option<(bool, Option<bool>)> {
    if bits.bit()? == 0 {
        return None;
    }
    if bits.bit()? == 1 && bits.bits(8)? == 255 {
        bits.bits(32)?;
    }
    if bits.bit()? == 1 {
        bits.bit()?;
    }
    if bits.bit()? == 0 {
        return None;
    }
    bits.bits(3)?;
    let full_range = bits.bit()? == 1;
    let mut bt709 = None;
    if bits.bit()? == 1 {
        bits.bits(16)?;
        bt709 = match bits.bits(8)? {
            1 => Some(true),
            5 | 6 => Some(false),
            _ => None,
        };
    }
    Some((full_range, bt709))
}
