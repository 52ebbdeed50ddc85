//! Where somebody speaks: voice activity, frame by frame and as stretches of time.

use std::collections::VecDeque;

use earshot::Detector;

use crate::audio::SAMPLE_RATE;
use crate::span::Span;

/// Samples in a frame: 16 ms.
pub const SPEECH_FRAME: usize = 256;

/// A score from here on counts as speech; the network's own middle.
const THRESHOLD: f32 = 0.5;

/// Pauses shorter than this many seconds do not end a stretch: breath and plosives.
const BRIDGE: f64 = 0.3;

/// Stretches shorter than this many seconds are clicks and coughs, no words.
const SHORTEST: f64 = 0.15;

/// Sound whose level, in frames of 16 ms, deviates by less than this many decibels is a machine's:
/// the network takes loud white noise (0.4 dB) for speech, and speech has 5 dB and more.
const STEADY: f64 = 1.0;

/// Seconds added on either side: unvoiced beginnings and endings score low.
const MARGIN: f64 = 0.1;

/// A streaming detector of speech in 16 kHz mono samples (the `earshot` network).
pub struct SpeechDetector {
    detector: Box<Detector>,
    pending: Vec<f32>,
}

impl Default for SpeechDetector {
    fn default() -> Self {
        Self { detector: Detector::default_boxed(), pending: Vec::new() }
    }
}

impl SpeechDetector {
    /// At the beginning of a recording.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes samples and gives, for each frame of 16 ms that they complete, whether it is speech.
    pub fn push(&mut self, samples: &[f32]) -> Vec<bool> {
        self.frames(samples).into_iter().map(|frame| frame.speech).collect()
    }

    fn frames(&mut self, samples: &[f32]) -> Vec<Frame> {
        self.pending.extend(samples.iter().map(|sample| sample.clamp(-1.0, 1.0)));
        let frames = self.pending.chunks_exact(SPEECH_FRAME);
        let frames: Vec<Frame> = frames
            .map(|frame| {
                let power = frame.iter().map(|sample| sample * sample).sum::<f32>();
                let level = 10.0 * (f64::from(power) / SPEECH_FRAME as f64 + 1e-10).log10();
                Frame { speech: self.detector.predict_f32(frame) >= THRESHOLD, level }
            })
            .collect();
        self.pending.drain(..frames.len() * SPEECH_FRAME);
        frames
    }
}

/// What is known of 16 ms.
struct Frame {
    speech: bool,
    /// Decibels against full scale.
    level: f64,
}

/// A stretch that has not ended, with the running variance of its level (Welford).
struct Open {
    span: Span,
    frames: f64,
    mean: f64,
    squares: f64,
}

impl Open {
    fn new(span: Span, level: f64) -> Self {
        Self { span, frames: 1.0, mean: level, squares: 0.0 }
    }

    fn add(&mut self, end: f64, level: f64) {
        self.span.end = end;
        self.frames += 1.0;
        let away = level - self.mean;
        self.mean += away / self.frames;
        self.squares += away * (level - self.mean);
    }

    fn is_speech(&self) -> bool {
        self.span.duration() >= SHORTEST && (self.squares / self.frames).sqrt() >= STEADY
    }
}

/// Turns samples into stretches of speech as they become certain.
///
/// Pauses under 0.3 s are bridged, stretches under 0.15 s or of steady level dropped, and 0.1 s
/// added on either side.
#[derive(Default)]
pub struct SpeechSpans {
    detector: SpeechDetector,
    frames: u64,
    samples: u64,
    open: Option<Open>,
    done: VecDeque<Span>,
}

impl SpeechSpans {
    /// At the beginning of a recording.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next samples and gives the stretches that have ended since.
    pub fn push(&mut self, samples: &[f32]) -> Vec<Span> {
        self.samples += samples.len() as u64;
        let seconds = |frames: u64| (frames * SPEECH_FRAME as u64) as f64 / f64::from(SAMPLE_RATE);
        for Frame { speech, level } in self.detector.frames(samples) {
            let (start, end) = (seconds(self.frames), seconds(self.frames + 1));
            self.frames += 1;
            if let Some(open) = self.open.take_if(|open| start - open.span.end >= BRIDGE) {
                self.close(&open);
            }
            match &mut self.open {
                Some(open) if speech => open.add(end, level),
                None if speech => self.open = Some(Open::new(Span::new(start, end), level)),
                _ => {}
            }
        }
        self.done.drain(..).collect()
    }

    /// The stretch that is going on, as far as it has been heard.
    pub fn open(&self) -> Option<Span> {
        let open = self.open.as_ref().filter(|open| open.is_speech())?;
        Some(Span::new((open.span.start - MARGIN).max(0.0), open.span.end + MARGIN))
    }

    /// The stretch that is open when the recording ends, if any.
    pub fn finish(mut self) -> Option<Span> {
        let open = self.open.take()?;
        self.close(&open);
        self.done.pop_front()
    }

    fn close(&mut self, open: &Open) {
        if open.is_speech() {
            // Two margins cannot meet: the pause between stretches is longer than both.
            let length = self.samples as f64 / f64::from(SAMPLE_RATE);
            let Span { start, end } = open.span;
            self.done.push_back(Span::new((start - MARGIN).max(0.0), (end + MARGIN).min(length)));
        }
    }
}

/// All stretches of speech in the samples of a short clip.
pub fn speech_spans(samples: &[f32]) -> Vec<Span> {
    let mut spans = SpeechSpans::new();
    let mut found = spans.push(samples);
    found.extend(spans.finish());
    found
}
