//! The pass over the sound of a clip.

use limbic_features::{DescriptorStream, Frame, functionals};
use limbic_media::{Clip, Skipped, Span, SpeechSpans};

use crate::error::{Failure, Halt};
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
/// read to `skipped`. `batch` windows are judged at once; `progress` is told the share done and
/// the seconds heard.
pub(crate) fn listen(
    clip: &Clip,
    voice: &Expert,
    batch: usize,
    board: &mut Board,
    skipped: &mut Vec<Skipped>,
    mut progress: impl FnMut(f64, f64) -> Result<(), Halt>,
) -> Result<Heard, Halt> {
    let unreadable = |error| Heard { error: Some(error), ..Heard::nothing(Presence::Unreadable) };
    let mut stream = match clip.audio() {
        Ok(Some(stream)) => stream,
        Ok(None) => return Ok(Heard::nothing(Presence::NotInFile)),
        Err(error) => return Ok(unreadable(error)),
    };
    let declared = clip.duration().filter(|seconds| *seconds > 0.0);
    let mut ear = Listener::new(voice, batch, board.every());
    loop {
        let block = match stream.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => break,
            Err(error) if ear.seconds <= 0.0 => return Ok(unreadable(error)),
            Err(error) => {
                skipped.push(Skipped { span: None, reason: error.to_string() });
                break;
            }
        };
        ear.hear(&block, voice, board)?;
        progress(declared.map_or(0.0, |declared| ear.seconds / declared), ear.seconds)?;
    }
    skipped.extend_from_slice(stream.skipped());
    if let (true, Some(path)) = (ear.seconds <= 0.0, clip.path()) {
        return Ok(unreadable(limbic_media::Error::Unsupported {
            path: path.to_owned(),
            found: "its sound is 0 s long".into(),
            expected: "a recording with sound in it".into(),
        }));
    }
    Ok(ear.finish(voice, board)?)
}

/// Listens to sound as it comes, and gives windows of speech to the voice expert, several at once.
pub(crate) struct Listener {
    spans: SpeechSpans,
    descriptors: DescriptorStream,
    windows: Windows,
    batch: usize,
    /// For a voice expert that hears samples.
    tape: Option<Tape>,
    waiting: Vec<(usize, f64, Vec<f32>)>,
    seconds: f64,
    speech: f64,
    judged: bool,
}

impl Listener {
    /// For slots of `every` seconds; `batch` windows are judged at once.
    pub(crate) fn new(voice: &Expert, batch: usize, every: f64) -> Self {
        Self {
            spans: SpeechSpans::new(),
            descriptors: DescriptorStream::new(),
            windows: Windows::new(every),
            batch,
            tape: voice.hears().then(Tape::default),
            waiting: Vec::new(),
            seconds: 0.0,
            speech: 0.0,
            judged: false,
        }
    }

    /// Seconds of sound so far.
    pub(crate) const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The second up to which the slots have all that the voice says of them, where `batch` is
    /// one.
    pub(crate) fn settled(&self) -> f64 {
        self.windows.passed()
    }

    /// Seconds between the end of a slot and the moment from which [`settled`](Self::settled)
    /// is past it, in sound that comes `block` seconds at a time.
    pub(crate) fn latency(every: f64, block: f64) -> f64 {
        Windows::new(every).overhang() + HESITATION + block
    }

    /// Takes the next samples in order. The blocks of a clip are a second each.
    pub(crate) fn hear(
        &mut self,
        block: &[f32],
        voice: &Expert,
        board: &mut Board,
    ) -> Result<(), Failure> {
        let before = self.seconds;
        self.seconds += block.len() as f64 / RATE;
        board.spread(Span::new(before, self.seconds), |slot, heard| slot.heard += heard);
        for span in self.spans.push(block) {
            self.spoken(span, board);
        }
        self.windows.hear(self.descriptors.push(block));
        if let Some(tape) = &mut self.tape {
            tape.push(block);
        }
        let ready = self.windows.ready(self.seconds - HESITATION, self.spans.open());
        self.take(ready, voice, board)?;
        if let Some(tape) = &mut self.tape {
            tape.forget(self.windows.reach());
        }
        Ok(())
    }

    /// What was heard, when the sound has ended.
    pub(crate) fn finish(mut self, voice: &Expert, board: &mut Board) -> Result<Heard, Failure> {
        let descriptors = std::mem::take(&mut self.descriptors);
        self.windows.hear(descriptors.finish());
        if let Some(span) = std::mem::take(&mut self.spans).finish() {
            self.spoken(span, board);
        }
        let windows = std::mem::replace(&mut self.windows, Windows::new(board.every()));
        let (left, whole) = windows.finish(self.seconds);
        self.take(left, voice, board)?;
        self.flush(voice, board)?;
        let whole = match whole.and_then(|frames| self.heard(&frames)) {
            Some(heard) => voice.voices(vec![heard])?.into_iter().next().flatten(),
            None => None,
        };
        let presence = match &self {
            _ if self.judged || whole.is_some() => Presence::Read,
            _ if self.speech > 0.0 => Presence::TooShort,
            _ => Presence::NoSpeech,
        };
        Ok(Heard { seconds: self.seconds, presence, whole, error: None })
    }

    fn spoken(&mut self, span: Span, board: &mut Board) {
        self.speech += span.duration();
        board.spread(span, |slot, seconds| slot.speech += seconds);
        self.windows.spoken(span);
    }

    /// What the expert is given of a stretch of frames.
    fn heard(&self, frames: &[Frame]) -> Option<Vec<f32>> {
        match &self.tape {
            Some(tape) => Some(tape.under(frames)),
            None => functionals(frames),
        }
    }

    fn take(
        &mut self,
        windows: Vec<Window>,
        voice: &Expert,
        board: &mut Board,
    ) -> Result<(), Failure> {
        for window in windows {
            if let Some(heard) = self.heard(&window.frames) {
                self.waiting.push((window.slot, window.speech, heard));
            }
            if self.waiting.len() >= self.batch {
                self.flush(voice, board)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, voice: &Expert, board: &mut Board) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (places, heard): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|(slot, speech, heard)| ((slot, speech), heard))
            .unzip();
        for ((slot, speech), scores) in places.into_iter().zip(voice.voices(heard)?) {
            if let (Some(slot), Some(scores)) = (board.slot(slot), scores) {
                slot.voice.add(&scores, speech);
                self.judged = true;
            }
        }
        Ok(())
    }
}
