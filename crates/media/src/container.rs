//! What a file is, told from its first bytes. Names and extensions are never believed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// How many bytes are looked at.
const HEAD: usize = 4096;

/// The outermost format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Wav,
    Aiff,
    Flac,
    Mp3,
    Adts,
    Ogg,
    Mp4,
    Matroska,
    /// A format that only `ffmpeg` reads; holds its name.
    Foreign(&'static str),
    Png,
    Jpeg,
    /// An image format that is not read; holds its name.
    ForeignImage(&'static str),
    WebVtt,
    /// Text, or at least nothing that speaks against it.
    Text,
    Unknown,
}

impl Container {
    /// Reads the beginning of `file` and leaves it rewound.
    pub(crate) fn sniff(file: &mut File) -> std::io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        let mut head = read_head(file)?;
        if let Some(tag) = id3_length(&head) {
            file.seek(SeekFrom::Start(tag))?;
            head = read_head(file)?;
            file.seek(SeekFrom::Start(0))?;
            // An ID3 tag stands before mp3 nearly always; a flac or AAC stream says so itself.
            return Ok(match Self::of(&head) {
                found @ (Self::Flac | Self::Adts) => found,
                _ => Self::Mp3,
            });
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(Self::of(&head))
    }

    /// The format that begins with `head`.
    pub(crate) fn of(head: &[u8]) -> Self {
        let at = |offset: usize, magic: &[u8]| {
            head.get(offset..offset + magic.len()).is_some_and(|found| found == magic)
        };
        match () {
            () if at(0, b"RIFF") && at(8, b"AVI ") => Self::Foreign("AVI"),
            () if at(0, b"RIFF") && at(8, b"WEBP") => Self::ForeignImage("WebP"),
            () if (at(0, b"RIFF") || at(0, b"RIFX")) && at(8, b"WAVE") => Self::Wav,
            () if (at(0, b"RF64") || at(0, b"BW64")) && at(8, b"WAVE") => Self::Foreign("RF64"),
            () if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) => Self::Aiff,
            () if at(0, b"fLaC") => Self::Flac,
            () if at(0, b"OggS") => Self::Ogg,
            () if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) => Self::Matroska,
            () if at(4, b"ftyp") => match head.get(8..12) {
                Some(b"heic" | b"heix" | b"mif1" | b"msf1" | b"hevc") => Self::ForeignImage("HEIC"),
                Some(b"avif" | b"avis") => Self::ForeignImage("AVIF"),
                _ => Self::Mp4,
            },
            // QuickTime files may lack `ftyp` and begin with one of these.
            () if [b"moov", b"mdat", b"wide", b"free", b"skip"].iter().any(|name| at(4, *name)) => {
                Self::Foreign("QuickTime without a file type")
            }
            () if at(0, b"\x89PNG\r\n\x1a\n") => Self::Png,
            () if at(0, &[0xff, 0xd8, 0xff]) => Self::Jpeg,
            () if at(0, b"GIF8") => Self::ForeignImage("GIF"),
            () if at(0, b"BM") && at(6, &[0; 4]) => Self::ForeignImage("BMP"),
            () if at(0, b"II*\0") || at(0, b"MM\0*") => Self::ForeignImage("TIFF"),
            () if at(0, b"FLV\x01") => Self::Foreign("FLV"),
            () if at(0, &[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]) => {
                Self::Foreign("WMA or WMV")
            }
            () if at(0, b"#!AMR") => Self::Foreign("AMR"),
            () if at(0, b"caff") => Self::Foreign("CAF"),
            () if at(0, b"wvpk") => Self::Foreign("WavPack"),
            () if at(0, &[0x0b, 0x77]) => Self::Foreign("AC-3"),
            () if at(0, &[0, 0, 1, 0xba]) => Self::Foreign("MPEG program stream"),
            () if at(0, b"G") && at(188, b"G") && at(376, b"G") => {
                Self::Foreign("MPEG transport stream")
            }
            () if at(4, b"G") && at(196, b"G") && at(388, b"G") => {
                Self::Foreign("MPEG transport stream")
            }
            () if is_web_vtt(head) => Self::WebVtt,
            () if is_mpeg_audio(head) => Self::Mp3,
            () if is_adts(head) => Self::Adts,
            () if looks_like_text(head) => Self::Text,
            () => Self::Unknown,
        }
    }
}

fn read_head(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The length of the `ID3v2` tag at the start of `head`, header included.
fn id3_length(head: &[u8]) -> Option<u64> {
    let header: &[u8; 10] = head.first_chunk()?;
    let [b'I', b'D', b'3', major, _, flags, size @ ..] = header else { return None };
    if *major == 0xff || size.iter().any(|byte| *byte >= 0x80) {
        return None;
    }
    let body = size.iter().fold(0u64, |sum, byte| (sum << 7) | u64::from(*byte));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    Some(10 + body + footer)
}

fn is_web_vtt(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    text.strip_prefix(b"WEBVTT")
        .is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// The length in bytes of the MPEG audio frame of layer II or III that begins `bytes`
/// (ISO 11172-3, 2.4.2.3). Layer I is extinct, and its first bytes are the mark of UTF-16.
fn mpeg_frame(bytes: &[u8]) -> Option<usize> {
    const KILOBITS: [[usize; 14]; 3] = [
        [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let [0xff, second, third, _] = *bytes.first_chunk::<4>()? else { return None };
    let (version, layer) = ((second >> 3) & 3, (second >> 1) & 3);
    if second & 0xe0 != 0xe0 || version == 1 || layer == 0 || layer == 3 {
        return None;
    }
    let index = usize::from(third >> 4).checked_sub(1)?;
    let divisor = match version {
        3 => 1,
        2 => 2,
        _ => 4,
    };
    let rate = [44_100, 48_000, 32_000].get(usize::from((third >> 2) & 3))? / divisor;
    let (first_version, third_layer) = (version == 3, layer == 1);
    let table = if first_version { usize::from(third_layer) } else { 2 };
    let bits = KILOBITS[table].get(index)? * 1000;
    let slots = if third_layer && !first_version { 72 } else { 144 };
    Some(slots * bits / rate + usize::from((third >> 1) & 1))
}

/// Two frames in a row, or one that fills what there is.
fn is_mpeg_audio(head: &[u8]) -> bool {
    mpeg_frame(head).is_some_and(|length| match head.get(length..) {
        Some(rest) if rest.len() >= 4 => mpeg_frame(rest).is_some(),
        _ => true,
    })
}

/// An AAC stream in ADTS frames (ISO 13818-7, 6.2).
fn is_adts(head: &[u8]) -> bool {
    let frame = |bytes: &[u8]| {
        let [0xff, second, third, fourth, fifth, sixth] = *bytes.first_chunk::<6>()? else {
            return None;
        };
        let sound = second & 0xf6 == 0xf0 && (third >> 2) & 0xf < 13;
        let length =
            usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
        (sound && length > 7).then_some(length)
    };
    frame(head).is_some_and(|length| match head.get(length..) {
        Some(rest) if rest.len() >= 6 => frame(rest).is_some(),
        _ => true,
    })
}

/// A Unicode mark, or no NUL and hardly a control character.
fn looks_like_text(head: &[u8]) -> bool {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let control =
        |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    !head.contains(&0) && head.iter().filter(control).count() * 100 <= head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_what_a_file_is() {
        let cases: [(&[u8], Container); 15] = [
            (b"RIFF\0\0\0\0WAVEfmt ", Container::Wav),
            (b"RIFF\0\0\0\0AVI LIST", Container::Foreign("AVI")),
            (b"fLaC\0\0\0\x22", Container::Flac),
            (b"OggS\0\x02", Container::Ogg),
            (b"\0\0\0\x1cftypisom\0\0\x02\0", Container::Mp4),
            (b"\0\0\0\x1cftypheic\0\0\0\0", Container::ForeignImage("HEIC")),
            (b"\x1a\x45\xdf\xa3", Container::Matroska),
            (b"\x89PNG\r\n\x1a\n", Container::Png),
            (b"\xff\xd8\xff\xe0", Container::Jpeg),
            (b"\xff\xfb\x90\x00", Container::Mp3),
            (b"\xff\xfeH\0i\0", Container::Text),
            (b"WEBVTT\n\n", Container::WebVtt),
            (b"\xef\xbb\xbfWEBVTT", Container::WebVtt),
            (b"I am fine.", Container::Text),
            (b"\0\x01\x02\x03\x04", Container::Unknown),
        ];
        for (head, expected) in cases {
            assert_eq!(Container::of(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn an_id3_tag_tells_its_length() {
        assert_eq!(id3_length(b"ID3\x04\0\0\0\0\x02\x01rest"), Some(10 + 257));
        assert_eq!(id3_length(b"ID3\x04\0\0\0\0\x82\x01rest"), None);
    }
}
