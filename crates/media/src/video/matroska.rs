//! Just enough of Matroska and its kind (RFC 9559) to tell whether there is a video track.

use std::io::{Read, Seek, SeekFrom};

const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1f43_b675;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK_ENTRY: u64 = 0xae;
const TRACK_TYPE: u64 = 0x83;
const CODEC: u64 = 0x86;

/// The track list of no recording is longer, in bytes.
const LONGEST_TRACKS: u64 = 4 << 20;

/// What the list of tracks tells.
pub(super) enum Tracks {
    /// There is video, in this codec.
    Video(String),
    /// There are tracks and none is video.
    NoVideo,
    /// No list can be found.
    Unknown,
}

/// Reads the list of tracks.
pub(super) fn tracks(file: &mut (impl Read + Seek)) -> Tracks {
    match track_list(file).map(|list| codec_in(&list)) {
        Some(Some(codec)) => Tracks::Video(codec),
        Some(None) => Tracks::NoVideo,
        None => Tracks::Unknown,
    }
}

fn track_list(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let mut position = 0;
    loop {
        file.seek(SeekFrom::Start(position)).ok()?;
        let mut head = [0; 12];
        let length = super::read_up_to(file, &mut head).ok()?;
        let (name, size, head_length) = element(&head[..length])?;
        position += head_length as u64;
        match name {
            SEGMENT => {}
            CLUSTER => return None,
            TRACKS => {
                file.seek(SeekFrom::Start(position)).ok()?;
                let mut bytes = Vec::new();
                file.take(size.min(LONGEST_TRACKS)).read_to_end(&mut bytes).ok()?;
                return Some(bytes);
            }
            _ => position = position.checked_add(size)?,
        }
    }
}

fn codec_in(tracks: &[u8]) -> Option<String> {
    children(tracks).filter(|(name, _)| *name == TRACK_ENTRY).find_map(|(_, entry)| {
        let field = |wanted| children(entry).find(|(name, _)| *name == wanted);
        if field(TRACK_TYPE)?.1 != [1] {
            return None;
        }
        let (_, codec) = field(CODEC)?;
        Some(match codec {
            b"V_VP8" => "VP8".to_owned(),
            b"V_VP9" => "VP9".to_owned(),
            b"V_AV1" => "AV1".to_owned(),
            b"V_MPEG4/ISO/AVC" => "H.264 in Matroska".to_owned(),
            b"V_MPEGH/ISO/HEVC" => "HEVC".to_owned(),
            _ => format!("the video codec `{}`", codec.escape_ascii()),
        })
    })
}

fn children(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (name, size, head_length) = element(rest)?;
        let end = usize::try_from(size).ok()?.checked_add(head_length)?.min(rest.len());
        let payload = &rest[head_length..end];
        rest = &rest[end..];
        Some((name, payload))
    })
}

/// Name, payload size and head length of the element at the front.
fn element(bytes: &[u8]) -> Option<(u64, u64, usize)> {
    let (name, name_length) = number(bytes, false)?;
    let (size, size_length) = number(bytes.get(name_length..)?, true)?;
    Some((name, size, name_length + size_length))
}

/// A variable-size integer and its length; its marker bit is dropped from sizes.
fn number(bytes: &[u8], is_size: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    let start = if is_size { u64::from(first) & (0xff >> length.min(8)) } else { first.into() };
    let rest = bytes.get(1..length).filter(|_| length <= 8)?;
    Some((rest.iter().fold(start, |value, byte| value << 8 | u64::from(*byte)), length))
}
