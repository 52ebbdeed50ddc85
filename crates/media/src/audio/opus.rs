//! Opus packets to samples at 48 kHz (RFC 6716, RFC 7845), which symphonia leaves to others.

use opus_decoder::{OpusDecoder, OpusError, OpusMultistreamDecoder};

/// Opus always decodes to this rate, whatever was recorded.
pub(super) const OPUS_RATE: u32 = 48_000;

/// The longest packet is 120 ms.
const LONGEST_PACKET: usize = 5_760;

/// A decoder for one stream.
pub(super) struct Opus {
    decoder: Streams,
    channels: usize,
    /// Frames to drop at the start, as the header declares them.
    pub(super) pre_skip: u64,
    buffer: Vec<f32>,
}

enum Streams {
    One(Box<OpusDecoder>),
    Many(Box<OpusMultistreamDecoder>),
}

impl Opus {
    /// From the `OpusHead` header (RFC 7845, 5.1); without one, a stereo stream is decoded.
    pub(super) fn new(head: Option<&[u8]>) -> Result<Self, String> {
        let head = head.filter(|head| head.starts_with(b"OpusHead")).unwrap_or_default();
        let channels = head.get(9).map_or(2, |channels| usize::from(*channels));
        let pre_skip = head.get(10..12).map_or(0, |skip| u16::from_le_bytes([skip[0], skip[1]]));
        let decoder = match (head.get(18), channels) {
            (None | Some(0), 1 | 2) => Streams::One(Box::new(
                OpusDecoder::new(OPUS_RATE, channels).map_err(|error| text(&error))?,
            )),
            (Some(1..), 1..) => {
                let (Some(&streams), Some(&coupled), Some(mapping)) =
                    (head.get(19), head.get(20), head.get(21..21 + channels))
                else {
                    return Err("the Opus header is cut off".into());
                };
                Streams::Many(Box::new(
                    OpusMultistreamDecoder::new(
                        OPUS_RATE,
                        channels,
                        streams.into(),
                        coupled.into(),
                        mapping,
                    )
                    .map_err(|error| text(&error))?,
                ))
            }
            _ => return Err(format!("an Opus stream of {channels} channels")),
        };
        let buffer = vec![0.0; LONGEST_PACKET * channels];
        Ok(Self { decoder, channels, pre_skip: pre_skip.into(), buffer })
    }

    /// Interleaved samples of one packet, and the number of channels.
    pub(super) fn decode(&mut self, packet: &[u8]) -> Result<(&[f32], usize), String> {
        // An empty packet would ask the decoder to invent a lost one.
        if packet.is_empty() {
            return Err("an empty Opus packet".into());
        }
        let frames = match &mut self.decoder {
            Streams::One(decoder) => decoder.decode_float(packet, &mut self.buffer, false),
            Streams::Many(decoder) => decoder.decode_float(packet, &mut self.buffer, false),
        }
        .map_err(|error| text(&error))?;
        Ok((self.buffer.get(..frames * self.channels).unwrap_or_default(), self.channels))
    }
}

fn text(error: &OpusError) -> String {
    format!("Opus: {error}")
}
