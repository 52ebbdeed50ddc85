//! Windows of speech over a stream of sound, one set for each slot of the timeline.
//!
//! A second of voice is too little to judge by, so each slot is heard with its surroundings: a
//! window of at least three seconds about its middle, cut to the speech in it. Long slots are
//! heard in windows of at most ten seconds. Frames are forgotten as soon as no window needs
//! them, so memory does not grow with the recording.

use std::collections::VecDeque;

use limbic_features::Frame;
use limbic_media::Span;

/// A window is at least so long, in seconds: about one utterance.
const LEAST_WINDOW: f64 = 3.0;
/// And at most so long: the voice expert has heard nothing longer.
const MOST_WINDOW: f64 = 10.0;
/// Speech shorter than this, in seconds, says nothing about a voice.
const LEAST_SPEECH: f64 = 0.4;
/// The whole speech of a clip up to this length is also heard at once.
pub(crate) const SHORT_CLIP: f64 = 8.0;

/// Speech to be judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    /// Which slot it speaks for.
    pub(crate) slot: usize,
    /// Seconds of speech in the part of the slot that it speaks for.
    pub(crate) speech: f64,
    /// From the first to the last frame of speech, with the pauses between.
    pub(crate) frames: Vec<Frame>,
}

/// Cuts frames into windows as it becomes certain where speech is.
pub(crate) struct Windows {
    /// Windows in a slot.
    parts: usize,
    /// Seconds between the middles of two windows.
    spacing: f64,
    width: f64,
    /// Number of the next window, from the beginning of the clip.
    next: usize,
    frames: VecDeque<Frame>,
    speech: VecDeque<Span>,
    /// Every frame and every stretch of speech, as long as the clip is short.
    whole: Option<(Vec<Frame>, Vec<Span>)>,
}

impl Windows {
    /// For slots of `every` seconds.
    pub(crate) fn new(every: f64) -> Self {
        let parts = (every / MOST_WINDOW).ceil().max(1.0);
        let spacing = every / parts;
        Self {
            parts: parts as usize,
            spacing,
            width: spacing.max(LEAST_WINDOW),
            next: 0,
            frames: VecDeque::new(),
            speech: VecDeque::new(),
            whole: Some((Vec::new(), Vec::new())),
        }
    }

    /// Takes the next frames in order.
    pub(crate) fn hear(&mut self, frames: Vec<Frame>) {
        if let Some((whole, _)) = &mut self.whole {
            whole.extend_from_slice(&frames);
        }
        self.frames.extend(frames);
        if self.frames.back().is_some_and(|frame| frame.time > SHORT_CLIP) {
            self.whole = None;
        }
    }

    /// Takes a stretch of speech that has ended.
    pub(crate) fn spoken(&mut self, speech: Span) {
        if let Some((_, whole)) = &mut self.whole {
            whole.push(speech);
        }
        self.speech.push_back(speech);
    }

    /// The windows that end before `certain` seconds, up to which every frame is here and
    /// speech is known; `open` is speech that has not ended.
    pub(crate) fn ready(&mut self, certain: f64, open: Option<Span>) -> Vec<Window> {
        let mut ready = Vec::new();
        let certain = self.frames.back().map_or(0.0, |frame| frame.time.min(certain));
        while self.window().end <= certain {
            ready.extend(self.cut(open));
            self.next += 1;
        }
        self.forget();
        ready
    }

    /// What lies before this, in seconds, no later window reaches.
    pub(crate) fn reach(&self) -> f64 {
        if self.whole.is_some() { 0.0 } else { self.window().start }
    }

    /// The second up to which every window was cut.
    pub(crate) fn passed(&self) -> f64 {
        self.part().start
    }

    /// Seconds by which a window reaches beyond the stretch that it speaks for.
    pub(crate) fn overhang(&self) -> f64 {
        (self.width - self.spacing) / 2.0
    }

    /// The windows that are left of a clip of `length` seconds, and the whole speech of a short
    /// one.
    pub(crate) fn finish(mut self, length: f64) -> (Vec<Window>, Option<Vec<Frame>>) {
        let mut left = Vec::new();
        while self.part().start < length {
            left.extend(self.cut(None));
            self.next += 1;
        }
        let whole = self.whole.filter(|_| length <= SHORT_CLIP).and_then(|(frames, speech)| {
            let all = Span::new(0.0, length);
            (seconds(&speech, all) >= LEAST_SPEECH).then(|| within(&frames, &speech, all))
        });
        (left, whole)
    }

    /// The stretch that the next window speaks for.
    fn part(&self) -> Span {
        let start = self.next as f64 * self.spacing;
        Span::new(start, start + self.spacing)
    }

    /// The stretch that the next window hears.
    fn window(&self) -> Span {
        let part = self.part();
        let middle = f64::midpoint(part.start, part.end);
        Span::new(middle - self.width / 2.0, middle + self.width / 2.0)
    }

    fn cut(&self, open: Option<Span>) -> Option<Window> {
        let (part, window) = (self.part(), self.window());
        let spans: Vec<Span> = self.speech.iter().copied().chain(open).collect();
        let speech = seconds(&spans, part);
        if speech <= 0.0 || seconds(&spans, window) < LEAST_SPEECH {
            return None;
        }
        let frames = within(&self.frames, &spans, window);
        (!frames.is_empty()).then_some(Window { slot: self.next / self.parts, speech, frames })
    }

    /// Drops what no later window reaches.
    fn forget(&mut self) {
        let start = self.window().start;
        while self.frames.front().is_some_and(|frame| frame.time < start) {
            self.frames.pop_front();
        }
        while self.speech.front().is_some_and(|speech| speech.end < start) {
            self.speech.pop_front();
        }
    }
}

/// Seconds of speech in a stretch.
fn seconds(speech: &[Span], stretch: Span) -> f64 {
    speech.iter().map(|span| span.overlap(stretch)).sum()
}

/// The frames of a stretch from its first to its last speech.
fn within<'a>(
    frames: impl IntoIterator<Item = &'a Frame>,
    speech: &[Span],
    stretch: Span,
) -> Vec<Frame> {
    let touching = || speech.iter().filter(|span| span.overlap(stretch) > 0.0);
    let start = touching().map(|span| span.start).fold(f64::INFINITY, f64::min);
    let end = touching().map(|span| span.end).fold(f64::NEG_INFINITY, f64::max);
    let (start, end) = (start.max(stretch.start), end.min(stretch.end));
    frames.into_iter().filter(|frame| (start..end).contains(&frame.time)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use limbic_features::DESCRIPTORS;

    use super::*;

    fn frames(start: f64, end: f64) -> Vec<Frame> {
        let (first, last) = ((start * 100.0).round() as usize, (end * 100.0).round() as usize);
        (first..last)
            .map(|i| Frame { time: (i as f64 + 0.5) / 100.0, values: [0.0; DESCRIPTORS] })
            .collect()
    }

    fn ends(window: &Window) -> (f64, f64) {
        let time = |frame: Option<&Frame>| frame.map(|f| (f.time * 10.0).round() / 10.0).unwrap();
        (time(window.frames.first()), time(window.frames.last()))
    }

    /// What comes of a clip given in blocks of one second.
    fn heard(every: f64, length: f64, speech: &[(f64, f64)]) -> (Vec<Window>, Option<Vec<Frame>>) {
        let mut windows = Windows::new(every);
        let mut found = Vec::new();
        let mut told = 0;
        let mut time = 0.0;
        while time < length {
            let end = (time + 1.0_f64).min(length);
            windows.hear(frames(time, end));
            while let Some((start, stop)) = speech.get(told).filter(|(_, stop)| stop + 0.5 < end) {
                windows.spoken(Span::new(*start, *stop));
                told += 1;
            }
            let open = speech.get(told).filter(|(start, _)| start + 0.2 < end);
            let open = open.map(|(start, stop)| Span::new(*start, stop.min(end)));
            found.extend(windows.ready(end - 0.5, open));
            time = end;
        }
        speech[told..].iter().for_each(|(a, b)| windows.spoken(Span::new(*a, *b)));
        let (left, whole) = windows.finish(length);
        found.extend(left);
        (found, whole)
    }

    #[test]
    fn each_slot_with_speech_hears_three_seconds_about_it() {
        let (windows, _) = heard(1.0, 20.0, &[(2.0, 15.0)]);
        let slots: Vec<usize> = windows.iter().map(|window| window.slot).collect();
        assert_eq!(slots, (2..15).collect::<Vec<_>>());
        assert_eq!(ends(&windows[5]), (6.0, 9.0));
        assert_eq!(ends(&windows[0]), (2.0, 4.0), "cut to the speech");
        assert!(windows.iter().all(|window| (window.speech - 1.0).abs() < 1e-6));
    }

    #[test]
    fn a_pause_inside_is_kept_and_silence_around_is_not() {
        let (windows, _) = heard(1.0, 4.0, &[(1.2, 1.8), (2.2, 2.6)]);
        assert_eq!(windows.iter().map(|w| w.slot).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(ends(&windows[0]), (1.2, 2.6));
    }

    #[test]
    fn long_slots_are_heard_in_several_windows() {
        let (windows, whole) = heard(30.0, 60.0, &[(0.0, 60.0)]);
        let slots: Vec<usize> = windows.iter().map(|window| window.slot).collect();
        assert_eq!(slots, [0, 0, 0, 1, 1, 1]);
        assert!(windows.iter().all(|window| window.frames.len() == 1000));
        assert!(whole.is_none());
    }

    #[test]
    fn a_short_clip_is_also_heard_whole() {
        let (_, whole) = heard(1.0, 7.9, &[(0.5, 2.0), (5.0, 6.0)]);
        let whole = whole.unwrap();
        assert!((whole[0].time - 0.505).abs() < 1e-9);
        assert_eq!(whole.len(), 550);
        assert!(heard(1.0, 8.1, &[(0.5, 2.0)]).1.is_none());
    }

    #[test]
    fn a_click_is_not_a_voice() {
        let (windows, whole) = heard(1.0, 5.0, &[(2.0, 2.2)]);
        assert!(windows.is_empty() && whole.is_none());
    }

    #[test]
    fn memory_does_not_grow_with_the_recording() {
        let mut windows = Windows::new(1.0);
        for second in 0..500 {
            let time = f64::from(second);
            windows.hear(frames(time, time + 1.0));
            windows.spoken(Span::new(time, time + 0.9));
            windows.ready(time + 0.5, None);
            assert!(windows.frames.len() <= 500 && windows.speech.len() <= 6);
        }
    }
}
