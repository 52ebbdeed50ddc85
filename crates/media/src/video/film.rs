//! A film decoded as it is asked for: from wanted picture to wanted picture, and around damage.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::avc::{AvcDecoder, Kind, Settings};
use super::frame::{Frame, Layout};
use super::index::{Sample, Timing};
use super::schedule;
use crate::{Skipped, Span};

/// No coded picture is larger than this, in bytes.
const LARGEST_SAMPLE: u32 = 64 << 20;

/// Decoded pictures that may wait for earlier ones; H.264 reorders over 16 at most.
const MOST_WAITING: usize = 17;

/// The video track of an mp4 file with H.264 in it.
pub(super) struct Film {
    file: File,
    decoder: AvcDecoder,
    samples: Vec<Sample>,
    scale: f64,
    delay: f64,
    duration: f64,
    turns: u8,
    /// Wanted samples in display order.
    wanted: Vec<u32>,
    /// Wanted samples and their ranks in decoding order.
    coming: Vec<(u32, u32)>,
    /// How many of `coming` lie behind `position`.
    come: usize,
    /// The wanted sample before which a key has been sought.
    sought: Option<u32>,
    /// The next rank to give.
    rank: u32,
    /// The next sample to decode.
    position: u32,
    /// Decoded pictures whose turn has not come, by rank.
    waiting: BTreeMap<u32, Frame>,
    /// Whether decoding can go on only at a key.
    needs_key: bool,
    skipped: Vec<Skipped>,
    bytes: Vec<u8>,
}

const CUT: &str = "the file ends before this part of the video";
const DAMAGED: &str = "the video is damaged here";

impl Film {
    /// Prepares to decode `rate` pictures a second of the samples that an index lists.
    pub(super) fn new(file: File, settings: Settings, timing: Timing, rate: f64) -> Self {
        let Timing { mut samples, scale, delay, duration, turns } = timing;
        let seconds = |sample: &Sample| sample.time as f64 / scale + delay;
        let wanted = schedule::wanted(&samples, rate, duration, seconds);
        let mut coming: Vec<(u32, u32)> = wanted.iter().copied().zip(0..).collect();
        coming.sort_unstable();
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        for sample in samples.iter_mut().filter(|sample| sample.end() > length) {
            (sample.size, sample.sync) = (0, false);
        }
        Self {
            file,
            decoder: AvcDecoder::new(settings),
            samples,
            scale,
            delay,
            duration,
            turns,
            wanted,
            coming,
            come: 0,
            sought: None,
            rank: 0,
            position: 0,
            waiting: BTreeMap::new(),
            needs_key: true,
            skipped: Vec::new(),
            bytes: Vec::new(),
        }
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    pub(super) const fn duration(&self) -> f64 {
        self.duration
    }

    /// The next wanted picture that can be had.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        loop {
            let sample = *self.wanted.get(self.rank as usize)?;
            let first = self.waiting.first_key_value().map(|(rank, _)| *rank);
            if let Some(first) = first
                && (first <= self.rank || self.waiting.len() > MOST_WAITING)
            {
                self.rank = self.rank.max(first + 1);
                return self.waiting.remove(&first);
            }
            if sample < self.position {
                self.rank += 1;
            } else {
                self.advance();
            }
        }
    }

    /// Moves on by one sample, or to the key nearest before the next wanted one.
    fn advance(&mut self) {
        let end = self.samples.len() as u32;
        while self.coming.get(self.come).is_some_and(|(sample, _)| *sample < self.position) {
            self.come += 1;
        }
        let Some(&(needed, rank)) = self.coming.get(self.come) else {
            self.position = end;
            return;
        };
        if self.needs_key || self.sought != Some(needed) {
            self.sought = Some(needed);
            let later = if self.needs_key { end } else { 0 };
            let key = self
                .first_key((self.position + u32::from(!self.needs_key)..=needed).rev())
                .or_else(|| self.first_key(needed + 1..later));
            if self.needs_key {
                self.skip(self.position, key.unwrap_or(end));
                self.needs_key = false;
                self.position = end;
            }
            self.position = key.unwrap_or(self.position);
        } else {
            self.decode(self.position, (self.position == needed).then_some(rank));
            self.position += 1;
        }
    }

    /// The first of `candidates` at which decoding can begin. Samples that the index wrongly
    /// calls keys are remembered as none.
    fn first_key(&mut self, candidates: impl Iterator<Item = u32>) -> Option<u32> {
        for candidate in candidates {
            if self.samples[candidate as usize].sync {
                if self.read(candidate).is_some_and(|kind| kind.key) {
                    return Some(candidate);
                }
                self.samples[candidate as usize].sync = false;
            }
        }
        None
    }

    /// Brings a sample into `bytes`.
    fn read(&mut self, sample: u32) -> Option<Kind> {
        let Sample { offset, size, .. } = self.samples[sample as usize];
        if size == 0 || size > LARGEST_SAMPLE {
            return None;
        }
        self.bytes.resize(size as usize, 0);
        self.file.seek(SeekFrom::Start(offset)).ok()?;
        self.file.read_exact(&mut self.bytes).ok()?;
        self.decoder.kind(&self.bytes)
    }

    /// Decodes a sample where it is wanted (as `rank`) or leant on.
    fn decode(&mut self, sample: u32, rank: Option<u32>) {
        let Some(kind) = self.read(sample) else {
            return self.break_off(sample);
        };
        if !kind.reference && rank.is_none() {
            return;
        }
        let time = self.seconds(sample);
        let settings = self.decoder.settings();
        let layout = Layout {
            full_range: settings.full_range(),
            bt709: settings.bt709(),
            turns: self.turns,
        };
        match self.decoder.decode(&self.bytes, kind) {
            Some(picture) => {
                if let Some(rank) = rank {
                    match Frame::from_decoder(&picture, time, layout) {
                        Some(frame) => _ = self.waiting.insert(rank, frame),
                        None => self.skip(sample, sample + 1),
                    }
                }
            }
            None if kind.reference => self.break_off(sample),
            None => self.skip(sample, sample + 1),
        }
    }

    fn break_off(&mut self, sample: u32) {
        self.skip(sample, sample + 1);
        self.needs_key = true;
        self.decoder.reset();
    }

    fn seconds(&self, sample: u32) -> f64 {
        self.samples[sample as usize].time as f64 / self.scale + self.delay
    }

    /// Notes that the samples from `first` up to `end` are left out.
    fn skip(&mut self, first: u32, end: u32) {
        if first >= end {
            return;
        }
        let start = self.seconds(first).clamp(0.0, self.duration);
        let stop = if (end as usize) < self.samples.len() { self.seconds(end) } else { f64::MAX };
        let span = Span::new(start, stop.clamp(start, self.duration));
        let cut = self.samples[first as usize].size == 0;
        let reason = if cut { CUT } else { DAMAGED };
        if let Some(last) = self.skipped.last_mut()
            && let Some(before) = &mut last.span
            && before.end >= span.start
        {
            before.start = before.start.min(span.start);
            before.end = before.end.max(span.end);
            return;
        }
        self.skipped.push(Skipped { span: Some(span), reason: reason.into() });
    }
}
