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
        self.pending.extend(samples.iter().map(|sample| sample.clamp(-1.0, 1.0)));
        let frames = self.pending.chunks_exact(SPEECH_FRAME);
        let decisions: Vec<bool> =
            frames.map(|frame| self.detector.predict_f32(frame) >= THRESHOLD).collect();
        self.pending.drain(..decisions.len() * SPEECH_FRAME);
        decisions
    }
}

/// Turns samples into stretches of speech as they become certain.
///
/// Pauses under 0.3 s are bridged, stretches under 0.15 s dropped, and 0.1 s added on either side.
#[derive(Default)]
pub struct SpeechSpans {
    detector: SpeechDetector,
    frames: u64,
    samples: u64,
    open: Option<Span>,
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
        for speech in self.detector.push(samples) {
            let (start, end) = (seconds(self.frames), seconds(self.frames + 1));
            self.frames += 1;
            match &mut self.open {
                Some(open) if speech && start - open.end < BRIDGE => open.end = end,
                Some(open) if start - open.end >= BRIDGE => {
                    let ended = *open;
                    self.open = speech.then_some(Span::new(start, end));
                    self.close(ended);
                }
                None if speech => self.open = Some(Span::new(start, end)),
                _ => {}
            }
        }
        self.done.drain(..).collect()
    }

    /// The stretch that is open when the recording ends, if any.
    pub fn finish(mut self) -> Option<Span> {
        let open = self.open.take()?;
        self.close(open);
        self.done.pop_front()
    }

    fn close(&mut self, speech: Span) {
        if speech.duration() >= SHORTEST {
            // Two margins cannot meet: the pause between stretches is longer than both.
            let length = self.samples as f64 / f64::from(SAMPLE_RATE);
            let padded =
                Span::new((speech.start - MARGIN).max(0.0), (speech.end + MARGIN).min(length));
            self.done.push_back(padded);
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
