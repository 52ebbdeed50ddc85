//! The index of an mp4 or mov file: where each sample of the video track lies and when it is shown.
//!
//! The pictures themselves stay in the file. Plain files carry tables (ISO/IEC 14496-12, 8.6 and
//! 8.7), fragmented ones a short table before every stretch (8.8).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::avc::Settings;
use super::boxes::{Header, Name, descend, i32_at, rows};
use crate::boxes::{be_u32, be_u64, boxes, find};
use crate::{Error, Result};

/// No index of a real recording is larger than this, in bytes.
const LARGEST_INDEX: u64 = 128 << 20;

/// The longest index that is kept, in samples: 24 hours at 60 pictures a second.
const MOST_SAMPLES: usize = 5_184_000;

/// The most samples of one run whose table gives no row to each.
const MOST_UNLISTED: usize = 100_000;

/// One coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// Position in the file, in bytes.
    pub(super) offset: u64,
    /// Moment of display in the track's own units, edit list applied.
    pub(super) time: i64,
    /// Length in bytes.
    pub(super) size: u32,
    /// Whether decoding can begin here.
    pub(super) sync: bool,
}

impl Sample {
    /// The position after its last byte.
    pub(super) const fn end(&self) -> u64 {
        self.offset.saturating_add(self.size as u64)
    }
}

/// How the pictures are coded.
#[derive(Debug)]
pub(super) enum Codec {
    Avc(Box<Settings>),
    Other(String),
}

/// The video track of a file.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) codec: Codec,
    pub(super) timing: Timing,
}

/// Which pictures a track shows, and when.
#[derive(Debug)]
pub(super) struct Timing {
    /// In decoding order.
    pub(super) samples: Vec<Sample>,
    /// Units a second.
    pub(super) scale: f64,
    /// Seconds added to every time.
    pub(super) delay: f64,
    /// In seconds.
    pub(super) duration: f64,
    /// Quarter turns clockwise that put the picture upright.
    pub(super) turns: u8,
}

/// Reads the index. `None` where there is no video track.
///
/// # Errors
/// `Damaged` where the index is missing or senseless.
pub(super) fn read(file: &mut File, path: &Path) -> Result<Option<Track>> {
    let length = file.metadata().map_err(|source| Error::io(path, source))?.len();
    let (mut found, mut indexed) = (None, false);
    let mut position = 0;
    while let Some(header) = header_at(file, position) {
        let size = header.size.unwrap_or(length - position).min(length - position);
        let body = position + header.length as u64;
        match &header.name {
            b"moov" if !indexed => {
                let moov = payload(file, body, position + size)
                    .ok_or_else(|| Error::damaged(path, "its index cannot be read"))?;
                found = track(&moov, length);
                indexed = !moov.is_empty();
            }
            b"moof" => {
                if let Some(parts) = &mut found
                    && let Some(moof) = payload(file, body, position + size)
                {
                    parts.add_fragment(&moof, position);
                }
            }
            _ => {}
        }
        position += size;
    }
    if !indexed {
        let reason = "its index is missing, so the recording was cut off before its end";
        return Err(Error::damaged(path, reason));
    }
    let Some(parts) = found else {
        return Ok(None);
    };
    parts.finish(path).map(Some)
}

fn header_at(file: &mut File, position: u64) -> Option<Header> {
    let mut head = [0; 16];
    file.seek(SeekFrom::Start(position)).ok()?;
    let length = super::read_up_to(file, &mut head).ok()?;
    Header::parse(&head[..length])
}

fn payload(file: &mut File, start: u64, end: u64) -> Option<Vec<u8>> {
    let size = end.checked_sub(start).filter(|size| *size <= LARGEST_INDEX)?;
    file.seek(SeekFrom::Start(start)).ok()?;
    let held = file.metadata().ok()?.len().saturating_sub(start).min(size);
    let mut bytes = Vec::with_capacity(held as usize);
    file.take(size).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A track while its samples are gathered.
struct Parts {
    codec: Option<Codec>,
    identifier: u32,
    samples: Vec<Sample>,
    scale: u32,
    movie_scale: u32,
    /// (length in movie units, first moment shown in track units or -1).
    edits: Vec<(u64, i64)>,
    turns: u8,
    /// Default duration, size and flags of fragment samples.
    defaults: [u32; 3],
    next_decode_time: i64,
}

/// The first track of real video; pictures that accompany sound (covers, chapter stills) are not.
fn track(moov: &[u8], file_length: u64) -> Option<Parts> {
    boxes(moov).filter(|(name, _)| name == b"trak").find_map(|(_, trak)| {
        let mdia = find(trak, *b"mdia")?;
        let handler = find(mdia, *b"hdlr")?.get(8..12)?;
        let stbl = descend(mdia, &[b"minf", b"stbl"])?;
        let (name, entry) = boxes(find(stbl, *b"stsd")?.get(8..)?).next()?;
        if handler != b"vide" || matches!(&name, b"jpeg" | b"png " | b"mjpa" | b"mjpb") {
            return None;
        }
        let (tkhd, mdhd) = (find(trak, *b"tkhd")?, find(mdia, *b"mdhd")?);
        let identifier = be_u32(tkhd, if tkhd.first()? == &1 { 20 } else { 12 })?;
        let scale = be_u32(mdhd, if mdhd.first()? == &1 { 20 } else { 12 })?;
        let movie_scale = find(moov, *b"mvhd")
            .and_then(|mvhd| be_u32(mvhd, if mvhd.first()? == &1 { 20 } else { 12 }))
            .unwrap_or(scale);
        let defaults = find(moov, *b"mvex").and_then(|mvex| {
            let (_, trex) = boxes(mvex)
                .find(|(name, body)| name == b"trex" && be_u32(body, 4) == Some(identifier))?;
            Some([be_u32(trex, 12)?, be_u32(trex, 16)?, be_u32(trex, 20)?])
        });
        let (samples, next_decode_time) = table(stbl, file_length);
        Some(Parts {
            codec: codec(name, entry),
            identifier,
            samples,
            scale,
            movie_scale,
            edits: edits(trak),
            turns: turns(tkhd).unwrap_or(0),
            defaults: defaults.unwrap_or_default(),
            next_decode_time,
        })
    })
}

fn codec(name: Name, entry: &[u8]) -> Option<Codec> {
    let other = match &name {
        b"avc1" | b"avc3" => {
            let settings = find(entry.get(78..)?, *b"avcC")?;
            return Some(Codec::Avc(Box::new(Settings::parse(settings)?)));
        }
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "HEVC".to_owned(),
        b"av01" => "AV1".to_owned(),
        b"vp08" => "VP8".to_owned(),
        b"vp09" => "VP9".to_owned(),
        b"mp4v" => "MPEG-4 part 2".to_owned(),
        b"apcn" | b"apch" | b"apcs" | b"apco" | b"ap4h" => "ProRes".to_owned(),
        b"encv" => "encrypted video".to_owned(),
        _ => format!("the video codec `{}`", name.escape_ascii()),
    };
    Some(Codec::Other(other))
}

/// Quarter turns clockwise, from the matrix of the track header (8.3.2).
fn turns(tkhd: &[u8]) -> Option<u8> {
    let matrix = if tkhd.first()? == &1 { 52 } else { 40 };
    Some(match (i32_at(tkhd, matrix)?.signum(), i32_at(tkhd, matrix + 4)?.signum()) {
        (0, 1) => 1,
        (-1, 0) => 2,
        (0, -1) => 3,
        _ => 0,
    })
}

fn edits(trak: &[u8]) -> Vec<(u64, i64)> {
    let list = descend(trak, &[b"edts", b"elst"]);
    let long = list.and_then(|list| list.first()) == Some(&1);
    rows(list, if long { 20 } else { 12 })
        .filter_map(|row| {
            Some(if long {
                (be_u64(row, 0)?, be_u64(row, 8)?.cast_signed())
            } else {
                (be_u32(row, 0)?.into(), i32_at(row, 4)?.into())
            })
        })
        .collect()
}

/// The sample table, and the decoding time after its last sample.
fn table(stbl: &[u8], file_length: u64) -> (Vec<Sample>, i64) {
    let sizes = find(stbl, *b"stsz").unwrap_or_default();
    let (same, count) = (be_u32(sizes, 4).unwrap_or(0), be_u32(sizes, 8).unwrap_or(0) as usize);
    let most = if same == 0 { sizes.len() / 4 } else { (file_length / u64::from(same)) as usize };
    let count = count.min(most + 1).min(MOST_SAMPLES);
    let size_of = |sample: usize| match same {
        0 => be_u32(sizes, 12 + 4 * sample),
        same => Some(same),
    };
    let mut durations = runs(find(stbl, *b"stts"));
    let mut shifts = runs(find(stbl, *b"ctts"));
    let mut sync = rows(find(stbl, *b"stss"), 4).filter_map(|row| be_u32(row, 0)).peekable();
    let all_sync = find(stbl, *b"stss").is_none();
    let mut places = rows(find(stbl, *b"stsc"), 12)
        .filter_map(|row| Some((be_u32(row, 0)? as usize, be_u32(row, 4)?)))
        .peekable();
    let chunks = rows(find(stbl, *b"stco"), 4)
        .filter_map(|row| be_u32(row, 0).map(u64::from))
        .chain(rows(find(stbl, *b"co64"), 8).filter_map(|row| be_u64(row, 0)));

    let mut samples = Vec::with_capacity(count);
    let (mut decode_time, mut per_chunk) = (0_i64, 0);
    for (chunk, mut offset) in chunks.enumerate() {
        while let Some((_, number)) = places.next_if(|(first, _)| *first <= chunk + 1) {
            per_chunk = number;
        }
        for _ in 0..per_chunk {
            let number = samples.len();
            let Some(size) = size_of(number).filter(|_| number < count) else {
                return (samples, decode_time);
            };
            while sync.next_if(|key| (*key as usize) < number + 1).is_some() {}
            let shift = shifts.next().unwrap_or(0);
            samples.push(Sample {
                offset,
                time: decode_time.saturating_add(shift),
                size,
                sync: all_sync || sync.peek().is_some_and(|key| *key as usize == number + 1),
            });
            offset = offset.saturating_add(size.into());
            let duration = durations.next().unwrap_or(0).cast_unsigned() as u32;
            decode_time = decode_time.saturating_add(duration.into());
        }
    }
    (samples, decode_time)
}

/// The values of a run-length table (count, value), one a sample.
fn runs(table: Option<&[u8]>) -> impl Iterator<Item = i64> {
    rows(table, 8)
        .filter_map(|row| Some((be_u32(row, 0)?, i32_at(row, 4)?)))
        .flat_map(|(count, value)| std::iter::repeat_n(i64::from(value), count as usize))
}

impl Parts {
    /// Appends the samples of a movie fragment that begins at byte `start` (8.8.4 to 8.8.12).
    fn add_fragment(&mut self, moof: &[u8], start: u64) {
        for (_, traf) in boxes(moof).filter(|(name, _)| name == b"traf") {
            let _ = self.add_run(traf, start);
        }
    }

    fn add_run(&mut self, traf: &[u8], start: u64) -> Option<()> {
        let tfhd = find(traf, *b"tfhd")?;
        if be_u32(tfhd, 4)? != self.identifier {
            return None;
        }
        let mut head = Optional { bytes: tfhd, position: 8, flags: be_u32(tfhd, 0)? };
        let mut base = start;
        if let Some(high) = head.take(0x01) {
            base = u64::from(high) << 32 | u64::from(be_u32(tfhd, 12)?);
            head.position += 4;
        }
        head.take(0x02);
        let [duration, size, flags] = self.defaults;
        let duration = head.take(0x08).unwrap_or(duration);
        let size = head.take(0x10).unwrap_or(size);
        let flags = head.take(0x20).unwrap_or(flags);
        if let Some(tfdt) = find(traf, *b"tfdt") {
            self.next_decode_time = match tfdt.first()? {
                1 => be_u64(tfdt, 4)?.cast_signed(),
                _ => be_u32(tfdt, 4)?.into(),
            };
        }
        let mut offset = base;
        for (_, trun) in boxes(traf).filter(|(name, _)| name == b"trun") {
            let count = be_u32(trun, 4)? as usize;
            let mut run = Optional { bytes: trun, position: 8, flags: be_u32(trun, 0)? };
            if let Some(shift) = run.take(0x01) {
                offset = base.saturating_add_signed(shift.cast_signed().into());
            }
            let mut first_flags = run.take(0x04);
            for _ in 0..count.min(trun.len().max(MOST_UNLISTED)) {
                if self.samples.len() >= MOST_SAMPLES || run.ended() {
                    return None;
                }
                let duration = run.take(0x100).unwrap_or(duration);
                let size = run.take(0x200).unwrap_or(size);
                let flags = run.take(0x400).or(first_flags.take()).unwrap_or(flags);
                let shift = run.take(0x800).map_or(0, u32::cast_signed);
                let time = self.next_decode_time.saturating_add(shift.into());
                self.samples.push(Sample { offset, time, size, sync: flags & 0x1_0000 == 0 });
                offset = offset.saturating_add(size.into());
                self.next_decode_time = self.next_decode_time.saturating_add(duration.into());
            }
        }
        Some(())
    }

    fn finish(mut self, path: &Path) -> Result<Track> {
        let damaged = |reason: &str| Error::damaged(path, reason);
        let codec = self.codec.ok_or_else(|| damaged("the settings of its video are missing"))?;
        if self.scale == 0 || self.movie_scale == 0 {
            let found = "its clock runs at zero ticks a second";
            return Err(Error::unsupported(path, found, "it exported again"));
        }
        if self.samples.is_empty() && matches!(codec, Codec::Avc(_)) {
            return Err(damaged("its video track holds no pictures"));
        }
        let scale = f64::from(self.scale);
        let mut delay = 0.0;
        for (length, start) in &self.edits {
            if *start >= 0 {
                if self.samples.iter().any(|sample| sample.time >= *start) {
                    for sample in &mut self.samples {
                        sample.time = sample.time.saturating_sub(*start);
                    }
                }
                break;
            }
            delay += *length as f64 / f64::from(self.movie_scale);
        }
        let end = display_end(&self.samples).unwrap_or(self.next_decode_time);
        let duration = end.max(0) as f64 / scale + delay;
        let (samples, turns) = (self.samples, self.turns);
        Ok(Track { codec, timing: Timing { samples, scale, delay, duration, turns } })
    }
}

/// When the last picture has been shown for as long as the others are on the average.
fn display_end(samples: &[Sample]) -> Option<i64> {
    let first = samples.iter().map(|sample| sample.time).min()?;
    let last = samples.iter().map(|sample| sample.time).max()?;
    let intervals = i64::try_from(samples.len()).ok()? - 1;
    let mean = last.checked_sub(first)?.checked_div(intervals)?;
    last.checked_add(mean)
}

/// Fields that are there when their flag is set.
struct Optional<'a> {
    bytes: &'a [u8],
    position: usize,
    flags: u32,
}

impl Optional<'_> {
    fn take(&mut self, flag: u32) -> Option<u32> {
        if self.flags & flag == 0 {
            return None;
        }
        let value = be_u32(self.bytes, self.position)?;
        self.position += 4;
        Some(value)
    }

    /// Whether per-sample fields are promised and used up.
    fn ended(&self) -> bool {
        self.flags & 0xf00 != 0 && self.position >= self.bytes.len()
    }
}
