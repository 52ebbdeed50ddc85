//! The few boxes of an ISO base media file (mp4, mov, m4a) that decide about timing: edit lists,
//! gapless tags, and the sample tables of text tracks (ISO 14496-12).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// A `moov` beyond this many bytes is not looked at: an hour of video needs about two million.
const MOVIE_LIMIT: u64 = 128 << 20;

/// How many top-level boxes are walked; an hour of one-second fragments has 7,200.
const TOP_LEVEL_LIMIT: usize = 200_000;

/// How many samples of a text track are read; a cue each second fills 55 hours.
const TEXT_SAMPLE_LIMIT: usize = 200_000;

/// What the movie header tells about its tracks.
#[derive(Debug, Default)]
pub(crate) struct Movie {
    /// Ticks of the movie a second.
    pub(crate) timescale: u32,
    /// Length of the movie in its ticks.
    pub(crate) duration: u64,
    /// The length of the file that its top-level boxes add up to, in bytes.
    pub(crate) declared_length: u64,
    pub(crate) tracks: Vec<Track>,
    /// The `iTunSMPB` tag, where an encoder left one.
    pub(crate) gapless: Option<Gapless>,
}

/// One track.
#[derive(Debug, Default)]
pub(crate) struct Track {
    pub(crate) id: u32,
    /// `soun`, `vide`, `text`, `sbtl`, ...
    pub(crate) handler: [u8; 4],
    /// Ticks of the track a second.
    pub(crate) timescale: u32,
    pub(crate) edits: Vec<Edit>,
    /// The format of its samples, such as `mp4a` or `tx3g`.
    pub(crate) format: [u8; 4],
    /// Where the samples lie; filled for text tracks only.
    pub(crate) samples: Vec<Sample>,
}

/// An entry of an edit list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Length in ticks of the movie; 0 means up to the end.
    pub(crate) duration: u64,
    /// First tick of the track that is presented; `None` for an empty edit.
    pub(crate) media_time: Option<u64>,
}

/// Encoder delay and valid length in samples, as iTunes writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gapless {
    pub(crate) delay: u64,
    pub(crate) valid: u64,
}

/// One sample of a track: its bytes and its time in ticks of the track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) offset: u64,
    pub(crate) size: u32,
    pub(crate) start: u64,
    pub(crate) duration: u32,
}

impl Track {
    /// Silence before the track begins, in seconds: the empty edits at its head.
    pub(crate) fn lead(&self, movie_timescale: u32) -> f64 {
        let empty: u64 = self
            .edits
            .iter()
            .take_while(|edit| edit.media_time.is_none())
            .fold(0, |sum, edit| sum.saturating_add(edit.duration));
        if movie_timescale == 0 { 0.0 } else { empty as f64 / f64::from(movie_timescale) }
    }

    /// The first edit that shows something.
    pub(crate) fn first_edit(&self) -> Option<Edit> {
        self.edits.iter().copied().find(|edit| edit.media_time.is_some())
    }

    /// Whether this is a track of timed text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(&self.handler, b"text" | b"sbtl" | b"subt")
    }
}

impl Movie {
    /// Length in seconds, where the header tells it.
    pub(crate) fn seconds(&self) -> Option<f64> {
        // All ones mean "unknown", in either width of the field.
        let known = self.duration > 0 && self.timescale > 0 && self.duration < u64::from(u32::MAX);
        known.then(|| self.duration as f64 / f64::from(self.timescale))
    }

    /// Reads the boxes of `file` and leaves it rewound. Whatever is damaged is left out.
    pub(crate) fn read(file: &mut File) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        let mut movie = Self::default();
        let mut position = 0u64;
        for _ in 0..TOP_LEVEL_LIMIT {
            let mut header = [0; 16];
            file.seek(SeekFrom::Start(position))?;
            if length.saturating_sub(position) < 8 {
                break;
            }
            file.read_exact(&mut header[..8])?;
            let mut size = u64::from(be_u32(&header, 0).unwrap_or(0));
            let mut header_size = 8;
            if size == 1 && length - position >= 16 {
                file.read_exact(&mut header[8..])?;
                size = be_u64(&header, 8).unwrap_or(0);
                header_size = 16;
            } else if size == 0 {
                size = length - position;
            }
            let Some(body) = size.checked_sub(header_size) else { break };
            if &header[4..8] == b"moov" && body <= MOVIE_LIMIT {
                let mut bytes = Vec::new();
                file.by_ref().take(body).read_to_end(&mut bytes)?;
                movie.read_header(&bytes);
            }
            position = position.saturating_add(size);
        }
        movie.declared_length = position;
        file.seek(SeekFrom::Start(0))?;
        Ok(movie)
    }

    fn read_header(&mut self, moov: &[u8]) {
        for (name, body) in boxes(moov) {
            match &name {
                b"mvhd" => {
                    self.timescale = timescale(body).unwrap_or(0);
                    let wide = body.first() == Some(&1);
                    let duration =
                        if wide { be_u64(body, 24) } else { be_u32(body, 16).map(u64::from) };
                    self.duration = duration.unwrap_or(0);
                }
                b"trak" => self.tracks.push(Track::read(body)),
                b"udta" => self.gapless = self.gapless.or_else(|| gapless(body)),
                _ => {}
            }
        }
    }
}

impl Track {
    fn read(trak: &[u8]) -> Self {
        let mut track = Self::default();
        for (name, body) in boxes(trak) {
            match &name {
                b"tkhd" => {
                    track.id = after_times(body).and_then(|at| be_u32(body, at)).unwrap_or(0);
                }
                b"edts" => track.edits = find(body, *b"elst").map(edits).unwrap_or_default(),
                b"mdia" => track.read_media(body),
                _ => {}
            }
        }
        track
    }

    fn read_media(&mut self, mdia: &[u8]) {
        for (name, body) in boxes(mdia) {
            match &name {
                b"mdhd" => self.timescale = timescale(body).unwrap_or(0),
                b"hdlr" => {
                    self.handler =
                        body.get(8..12).and_then(|h| h.try_into().ok()).unwrap_or_default();
                }
                b"minf" => {
                    let Some(stbl) = find(body, *b"stbl") else { continue };
                    self.format = find(stbl, *b"stsd")
                        .and_then(|stsd| stsd.get(12..16)?.try_into().ok())
                        .unwrap_or_default();
                    if self.is_text() {
                        self.samples = samples(stbl).unwrap_or_default();
                    }
                }
                _ => {}
            }
        }
    }
}

/// The boxes in `bytes`; one that reaches beyond its parent is cut to it.
pub(crate) fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let size = be_u32(rest, 0)? as usize;
        let name = rest.get(4..8)?.try_into().ok()?;
        let (header, size) = match size {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(be_u64(rest, 8)?).ok()?),
            size => (8, size),
        };
        let size = size.min(rest.len());
        let body = rest.get(header..size)?;
        rest = &rest[size..];
        Some((name, body))
    })
}

pub(crate) fn find(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes).find_map(|(found, body)| (found == name).then_some(body))
}

pub(crate) fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn be_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Where the field after creation and modification time lies, which depends on the version.
fn after_times(body: &[u8]) -> Option<usize> {
    Some(if *body.first()? == 1 { 20 } else { 12 })
}

fn timescale(body: &[u8]) -> Option<u32> {
    be_u32(body, after_times(body)?)
}

fn edits(elst: &[u8]) -> Vec<Edit> {
    let wide = elst.first() == Some(&1);
    let count = be_u32(elst, 4).unwrap_or(0) as usize;
    let entries = elst.get(8..).unwrap_or_default().chunks_exact(if wide { 20 } else { 12 });
    entries
        .take(count)
        .filter_map(|entry| {
            let (duration, media_time) = if wide {
                (be_u64(entry, 0)?, be_u64(entry, 8)?.cast_signed())
            } else {
                (u64::from(be_u32(entry, 0)?), i64::from(be_u32(entry, 4)?.cast_signed()))
            };
            Some(Edit { duration, media_time: u64::try_from(media_time).ok() })
        })
        .collect()
}

/// `iTunSMPB` is a line of hexadecimal numbers: reserved, delay, padding, valid samples, ...
fn gapless(udta: &[u8]) -> Option<Gapless> {
    let list = find(find(udta, *b"meta")?.get(4..)?, *b"ilst")?;
    boxes(list).filter(|(name, _)| name == b"----").find_map(|(_, item)| {
        let name = find(item, *b"name")?.get(4..)?;
        let data = find(item, *b"data")?.get(8..)?;
        if name != b"iTunSMPB" {
            return None;
        }
        let mut numbers = std::str::from_utf8(data)
            .ok()?
            .split_whitespace()
            .map(|field| u64::from_str_radix(field, 16).ok());
        let delay = numbers.nth(1)??;
        let valid = numbers.nth(1)??;
        (valid > 0).then_some(Gapless { delay, valid })
    })
}

/// Combines the sample tables (ISO 14496-12, 8.6 and 8.7) into one row per sample.
fn samples(stbl: &[u8]) -> Option<Vec<Sample>> {
    let table = |name: [u8; 4]| find(stbl, name)?.get(4..);
    let sizes = table(*b"stsz")?;
    let (fixed, count) = (be_u32(sizes, 0)?, be_u32(sizes, 4)?);
    let chunk_offset = |index: usize| match table(*b"stco") {
        Some(offsets) => be_u32(offsets, 4 + 4 * index).map(u64::from),
        None => be_u64(table(*b"co64")?, 4 + 8 * index),
    };
    let runs = table(*b"stsc")?.get(4..)?;
    let mut durations = table(*b"stts")?.get(4..)?.chunks_exact(8).flat_map(|run| {
        let repeats = be_u32(run, 0).unwrap_or(0) as usize;
        std::iter::repeat_n(be_u32(run, 4).unwrap_or(0), repeats)
    });

    let mut found = Vec::new();
    let mut start = 0u64;
    for (index, run) in runs.chunks_exact(12).enumerate() {
        let first = be_u32(run, 0)?.checked_sub(1)? as usize;
        let per_chunk = be_u32(run, 4)?;
        let next = be_u32(runs, (index + 1) * 12)
            .map_or(usize::MAX, |next| (next as usize).saturating_sub(1));
        for chunk in first..next {
            let Some(mut offset) = chunk_offset(chunk) else { break };
            for _ in 0..per_chunk {
                if found.len() >= (count as usize).min(TEXT_SAMPLE_LIMIT) {
                    return Some(found);
                }
                let size = if fixed > 0 { fixed } else { be_u32(sizes, 8 + 4 * found.len())? };
                let duration = durations.next()?;
                found.push(Sample { offset, size, start, duration });
                offset = offset.saturating_add(u64::from(size));
                start += u64::from(duration);
            }
        }
    }
    Some(found)
}
