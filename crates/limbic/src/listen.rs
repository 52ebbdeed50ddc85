//! The pass over the sound of a clip.

use limbic_features::{DescriptorStream, Frame, functionals};
use limbic_media::{Clip, Skipped, Span, SpeechSpans};

use crate::error::Failure;
use crate::experts::Expert;
use crate::reading::Presence;
use crate::scores::Scores;
use crate::slot::Board;
use crate::tape::Tape;
use crate::windows::{Window, Windows};

/// Samples a second of the sound that media give.
const RATE: f64 = limbic_media::SAMPLE_RATE as f64;

/// Seconds until it is certain whether something was speech: a pause may yet be bridged.
const HESITATION: f64 = 0.5;

/// What there was to hear.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Seconds of sound.
    pub(crate) seconds: f64,
    pub(crate) presence: Presence,
    /// All speech of a short clip, heard at once.
    pub(crate) whole: Option<Scores>,
    /// Why nothing could be decoded.
    pub(crate) error: Option<limbic_media::Error>,
}

impl Heard {
    /// Nothing, for a reason.
    pub(crate) const fn nothing(presence: Presence) -> Self {
        Self { seconds: 0.0, presence, whole: None, error: None }
    }
}

/// Listens to the whole clip: what is heard goes to the slots of `board`, what could not be
/// read to `skipped`. `batch` windows are judged at once; `progress` is told the share done.
pub(crate) fn listen(
    clip: &Clip,
    voice: &Expert,
    batch: usize,
    board: &mut Board,
    skipped: &mut Vec<Skipped>,
    mut progress: impl FnMut(f64),
) -> Result<Heard, Failure> {
    let unreadable = |error| Heard { error: Some(error), ..Heard::nothing(Presence::Unreadable) };
    let mut stream = match clip.audio() {
        Ok(Some(stream)) => stream,
        Ok(None) => return Ok(Heard::nothing(Presence::NotInFile)),
        Err(error) => return Ok(unreadable(error)),
    };
    let declared = clip.duration().filter(|seconds| *seconds > 0.0);
    let mut spans = SpeechSpans::new();
    let mut descriptors = DescriptorStream::new();
    let mut windows = Windows::new(board.every());
    let tape = voice.hears().then(Tape::default);
    let mut judge = Judge { voice, batch, tape, waiting: Vec::new(), speech: 0.0, judged: false };
    let mut seconds = 0.0;
    loop {
        let block = match stream.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => break,
            Err(error) if seconds <= 0.0 => return Ok(unreadable(error)),
            Err(error) => {
                skipped.push(Skipped { span: None, reason: error.to_string() });
                break;
            }
        };
        seconds += block.len() as f64 / RATE;
        for span in spans.push(&block) {
            judge.spoken(span, &mut windows, board);
        }
        windows.hear(descriptors.push(&block));
        if let Some(tape) = &mut judge.tape {
            tape.push(&block);
        }
        judge.take(windows.ready(seconds - HESITATION, spans.open()), board)?;
        if let Some(tape) = &mut judge.tape {
            tape.forget(windows.reach());
        }
        if let Some(declared) = declared {
            progress(seconds / declared);
        }
    }
    skipped.extend_from_slice(stream.skipped());
    if let (true, Some(path)) = (seconds <= 0.0, clip.path()) {
        return Ok(unreadable(limbic_media::Error::Unsupported {
            path: path.to_owned(),
            found: "its sound is 0 s long".into(),
            expected: "a recording with sound in it".into(),
        }));
    }
    windows.hear(descriptors.finish());
    if let Some(span) = spans.finish() {
        judge.spoken(span, &mut windows, board);
    }
    let (left, whole) = windows.finish(seconds);
    judge.take(left, board)?;
    judge.flush(board)?;
    board.spread(Span::new(0.0, seconds), |slot, heard| slot.heard += heard);
    let whole = match whole.and_then(|frames| judge.heard(&frames)) {
        Some(heard) => voice.voices(&[heard])?.into_iter().next().flatten(),
        None => None,
    };
    let presence = match &judge {
        _ if judge.judged || whole.is_some() => Presence::Read,
        _ if judge.speech > 0.0 => Presence::TooShort,
        _ => Presence::NoSpeech,
    };
    Ok(Heard { seconds, presence, whole, error: None })
}

/// Gives windows to the voice expert, several at once.
struct Judge<'a> {
    voice: &'a Expert,
    batch: usize,
    /// For a voice expert that hears samples.
    tape: Option<Tape>,
    waiting: Vec<(usize, f64, Vec<f32>)>,
    speech: f64,
    judged: bool,
}

impl Judge<'_> {
    fn spoken(&mut self, span: Span, windows: &mut Windows, board: &mut Board) {
        self.speech += span.duration();
        board.spread(span, |slot, seconds| slot.speech += seconds);
        windows.spoken(span);
    }

    /// What the expert is given of a stretch of frames.
    fn heard(&self, frames: &[Frame]) -> Option<Vec<f32>> {
        match &self.tape {
            Some(tape) => Some(tape.under(frames)),
            None => functionals(frames),
        }
    }

    fn take(&mut self, windows: Vec<Window>, board: &mut Board) -> Result<(), Failure> {
        for window in windows {
            if let Some(heard) = self.heard(&window.frames) {
                self.waiting.push((window.slot, window.speech, heard));
            }
            if self.waiting.len() >= self.batch {
                self.flush(board)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, board: &mut Board) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let heard: Vec<Vec<f32>> = waiting.iter().map(|(_, _, heard)| heard.clone()).collect();
        for ((slot, speech, _), scores) in waiting.iter().zip(self.voice.voices(&heard)?) {
            if let (Some(slot), Some(scores)) = (board.slot(*slot), scores) {
                slot.voice.add(&scores, *speech);
                self.judged = true;
            }
        }
        Ok(())
    }
}
