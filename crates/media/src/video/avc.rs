//! H.264 samples as mp4 stores them, decoded one by one.

use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, Decoder, DecoderConfig, Flush};

use super::boxes::u16_at;
use super::sequence::Sequence;

const SLICE: u8 = 1;
const KEY_SLICE: u8 = 5;
const SEQUENCE_SET: u8 = 7;
const PICTURE_SET: u8 = 8;

/// What the `avcC` box tells (ISO/IEC 14496-15, 5.3.3).
#[derive(Debug)]
pub(super) struct Settings {
    /// Bytes of the length in front of each unit, 1 to 4.
    length_size: usize,
    /// The parameter sets as a byte stream, for the front of every key picture.
    preamble: Vec<u8>,
    sequence: Sequence,
}

impl Settings {
    /// Reads the payload of an `avcC` box.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let length_size = usize::from(bytes.get(4)? & 3) + 1;
        let (mut sequence, mut preamble) = (None, Vec::new());
        let mut position = 5;
        for mask in [0x1f, 0xff] {
            let count = bytes.get(position)? & mask;
            position += 1;
            for _ in 0..count {
                let length = usize::from(u16_at(bytes, position)?);
                let unit = bytes.get(position + 2..position + 2 + length)?;
                position += 2 + length;
                if unit.first()? & 0x1f == SEQUENCE_SET && sequence.is_none() {
                    sequence = Sequence::parse(unit);
                }
                append(&mut preamble, unit);
            }
        }
        Some(Self { length_size, preamble, sequence: sequence? })
    }

    pub(super) const fn width(&self) -> u32 {
        self.sequence.width
    }

    pub(super) const fn height(&self) -> u32 {
        self.sequence.height
    }

    /// Whether samples span 0..=255.
    pub(super) const fn full_range(&self) -> bool {
        self.sequence.full_range
    }

    /// Whether colours follow BT.709 rather than BT.601: as the stream says, else by its height.
    pub(super) fn bt709(&self) -> bool {
        self.sequence.bt709.unwrap_or(self.sequence.height >= 720)
    }

    pub(super) fn built_in(&self) -> bool {
        self.sequence.built_in()
    }

    pub(super) fn profile_name(&self) -> &'static str {
        self.sequence.name()
    }
}

/// Appends a unit behind a start code; a sequence set in the form that is not delayed.
fn append(stream: &mut Vec<u8>, unit: &[u8]) {
    stream.extend([0, 0, 0, 1]);
    match unit.first().map(|head| head & 0x1f) {
        Some(SEQUENCE_SET) if let Some(sequence) = Sequence::parse(unit) => {
            stream.extend(sequence.undelayed(unit));
        }
        _ => stream.extend(unit),
    }
}

/// What a sample is, from the head of its first slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// Decoding can begin here.
    pub(super) key: bool,
    /// Other pictures lean on this one.
    pub(super) reference: bool,
}

/// The units of a sample; ends where a length makes no sense.
fn units(sample: &[u8], length_size: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = sample;
    std::iter::from_fn(move || {
        let head = rest.get(..length_size)?;
        let length = head.iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
        let unit = rest.get(length_size..length_size.checked_add(length)?)?;
        rest = &rest[length_size + length..];
        Some(unit)
    })
}

/// A decoder for one stream.
pub(super) struct AvcDecoder {
    settings: Settings,
    decoder: Option<Decoder>,
    stream: Vec<u8>,
}

impl AvcDecoder {
    pub(super) const fn new(settings: Settings) -> Self {
        Self { settings, decoder: None, stream: Vec::new() }
    }

    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What `sample` is; `None` where it holds no slice.
    pub(super) fn kind(&self, sample: &[u8]) -> Option<Kind> {
        let head = units(sample, self.settings.length_size)
            .filter_map(|unit| unit.first())
            .find(|head| matches!(**head & 0x1f, SLICE..=KEY_SLICE))?;
        Some(Kind { key: head & 0x1f == KEY_SLICE, reference: head & 0x60 != 0 })
    }

    /// Decodes one sample into its picture; `None` where that fails. The picture lives in the
    /// decoder until the next call.
    pub(super) fn decode(&mut self, sample: &[u8], kind: Kind) -> Option<DecodedYUV<'_>> {
        self.stream.clear();
        if kind.key {
            self.stream.extend(&self.settings.preamble);
        }
        for unit in units(sample, self.settings.length_size) {
            if let Some(SLICE..=KEY_SLICE | SEQUENCE_SET | PICTURE_SET) =
                unit.first().map(|head| head & 0x1f)
            {
                append(&mut self.stream, unit);
            }
        }
        if self.decoder.is_none() {
            let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
            self.decoder = Decoder::with_api_config(OpenH264API::from_source(), config).ok();
        }
        self.decoder.as_mut()?.decode(&self.stream).ok().flatten()
    }

    /// Forgets all pictures; the next sample must be a key.
    pub(super) fn reset(&mut self) {
        self.decoder = None;
    }
}
