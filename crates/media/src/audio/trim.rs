//! What a file declares about its first and last samples.
//!
//! Encoder delay is dropped where the file declares it: by an mp4 edit list or `iTunSMPB` tag, by
//! the Opus header, by a Matroska codec delay (a LAME tag is symphonia's to follow). A file that
//! declares none keeps its first samples, as with `ffmpeg`.

use crate::boxes::Movie;
use crate::container::Container;

/// A late start longer than this many seconds is a broken timestamp.
const LATEST: f64 = 30.0;

/// What is still to drop and to give of one track.
#[derive(Debug, Default)]
pub(super) struct Trim {
    /// Frames to drop at the start.
    skip: u64,
    /// Frames to give, where the file tells how many are valid.
    valid: Option<u64>,
    /// Packets from this tick on lie behind the end of the edit.
    stop: Option<i64>,
    /// Silence before the track begins, in seconds.
    lead: Option<f64>,
    /// Whether the first timestamp tells of a late start and of a delay.
    by_timestamp: bool,
}

impl Trim {
    /// What the header declares about `track`, sampled at `rate`, whose codec drops `pre_skip`.
    pub(super) fn declared(
        container: Container,
        movie: &Movie,
        track: u32,
        rate: u32,
        pre_skip: u64,
    ) -> Self {
        if container != Container::Mp4 {
            let by_timestamp = container == Container::Matroska;
            return Self { skip: pre_skip, by_timestamp, ..Self::default() };
        }
        let Some(track) = movie.tracks.iter().find(|found| found.id == track) else {
            return Self::default();
        };
        let in_frames = |ticks: u64| {
            (ticks as f64 / f64::from(track.timescale.max(1)) * f64::from(rate)).round() as u64
        };
        let edit = track.first_edit();
        let start = edit.and_then(|edit| edit.media_time).unwrap_or(0);
        let lead = Some(track.lead(movie.timescale));
        if let Some(gapless) = movie.gapless
            && (start == 0 || in_frames(start) == gapless.delay)
        {
            return Self {
                skip: gapless.delay,
                valid: Some(gapless.valid),
                lead,
                ..Self::default()
            };
        }
        let stop = edit.filter(|edit| edit.duration > 0 && movie.timescale > 0).map(|edit| {
            let ticks = f64::from(track.timescale) / f64::from(movie.timescale);
            let length = (edit.duration as f64 * ticks).round() as u64;
            start.saturating_add(length).min(i64::MAX as u64).cast_signed()
        });
        Self { skip: in_frames(start), stop, lead, ..Self::default() }
    }

    /// For the next recording of a chained stream.
    pub(super) fn chained(pre_skip: u64) -> Self {
        Self { skip: pre_skip, ..Self::default() }
    }

    /// Takes the time of the first packet, in seconds, and gives the silence before it in frames.
    pub(super) fn start(&mut self, first: f64, rate: u32) -> u64 {
        let mut late = self.lead.take().unwrap_or(0.0);
        // Timestamps of Matroska are rounded to a millisecond.
        if self.by_timestamp && first > 0.02 {
            late = first;
        } else if self.by_timestamp && first < 0.0 && self.skip == 0 {
            self.skip = codec_delay(-first, rate);
        }
        (late.min(LATEST) * f64::from(rate)).round() as u64
    }

    /// Whether nothing from this tick on is presented.
    pub(super) fn ends_before(&self, tick: i64) -> bool {
        self.valid == Some(0) || self.stop.is_some_and(|stop| tick >= stop)
    }

    /// How many of `frames` are dropped at their start, and how many of the others are kept.
    pub(super) fn take(&mut self, frames: u64) -> (u64, u64) {
        let dropped = self.skip.min(frames);
        self.skip -= dropped;
        let mut kept = frames - dropped;
        if let Some(valid) = &mut self.valid {
            kept = kept.min(*valid);
            *valid -= kept;
        }
        (dropped, kept)
    }
}

/// Matroska rounds the delay of AAC to milliseconds; AAC encoders use a few whole numbers.
fn codec_delay(seconds: f64, rate: u32) -> u64 {
    let frames = seconds.min(1.0) * f64::from(rate);
    let rounding = 0.001 * f64::from(rate);
    let usual =
        [1024.0, 2048.0, 2112.0].into_iter().find(|usual| (usual - frames).abs() <= rounding);
    usual.unwrap_or(frames.round()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::{Edit, Gapless, Track};

    fn movie(edits: Vec<Edit>, gapless: Option<Gapless>) -> Movie {
        let track = Track { id: 1, timescale: 44_100, edits, ..Track::default() };
        Movie { timescale: 1_000, tracks: vec![track], gapless, ..Movie::default() }
    }

    #[test]
    fn an_edit_list_tells_delay_late_start_and_end() {
        let late = Edit { duration: 250, media_time: None };
        let edit = Edit { duration: 2_000, media_time: Some(1_024) };
        let mut trim = Trim::declared(Container::Mp4, &movie(vec![late, edit], None), 1, 44_100, 0);
        assert_eq!(trim.start(0.0, 44_100), 11_025);
        assert_eq!(trim.take(1_000), (1_000, 0));
        assert_eq!(trim.take(1_000), (24, 976));
        assert!(!trim.ends_before(89_223) && trim.ends_before(89_224));
    }

    #[test]
    fn a_gapless_tag_tells_the_valid_samples() {
        let gapless = Some(Gapless { delay: 2_112, valid: 100 });
        let mut trim = Trim::declared(Container::Mp4, &movie(Vec::new(), gapless), 1, 44_100, 0);
        assert_eq!(trim.take(2_200), (2_112, 88));
        assert_eq!(trim.take(1_024), (0, 12));
        assert!(trim.ends_before(0));
    }

    #[test]
    fn a_matroska_delay_is_freed_of_its_rounding() {
        let mut trim = Trim::declared(Container::Matroska, &Movie::default(), 1, 44_100, 0);
        assert_eq!(trim.start(-0.023, 44_100), 0);
        assert_eq!(trim.take(2_000), (1_024, 976));
        let mut late = Trim::declared(Container::Matroska, &Movie::default(), 1, 48_000, 312);
        assert_eq!(late.start(0.5, 48_000), 24_000);
        assert_eq!(late.take(960), (312, 648));
    }
}
