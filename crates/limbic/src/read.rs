//! From a clip to its reading: a pass over the sound, one over the pictures, one over the words,
//! then one look at what they left.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use limbic_media::{Clip, Cue, Kind, Modality, PerModality};

use crate::about::About;
use crate::error::{Error, Halt, Result};
use crate::experts::{Expert, Experts};
use crate::fusion::{Fused, Fusion};
use crate::labels::Labels;
use crate::listen::{Heard, listen};
use crate::look::{Seen, look};
use crate::options::{Options, Risk};
use crate::question::Question;
use crate::reading::{Estimate, Line, NOTE, Presence, Presences, Reading, SCHEMA, Target};
use crate::scores::Scores;
use crate::slot::Board;
use crate::timeline::{Findings, Words, rows};
use crate::{summary, words};

/// The checkpoint of the model that comes with the program; `models/README.md` is its card.
pub const DEFAULT_MODEL: &[u8] = include_bytes!("../../../models/default.safetensors");

/// What a reading without a file is about.
const NO_FILE: &str = "--text";

/// Longer words without times are refused, in bytes: nobody expresses one emotion for so long.
pub(crate) const LONGEST_TEXT: usize = 256 << 10;

/// The share of the work that the voice takes where there are pictures too.
const VOICE_SHARE: f64 = 0.2;

/// A model that reads clips.
pub struct Limbic {
    experts: Experts,
    warnings: Vec<String>,
}

impl Limbic {
    /// The model that comes with the program.
    pub fn default_model() -> Self {
        Self::new("limbic", Cow::Borrowed(DEFAULT_MODEL))
    }

    /// The model in the file at `path`, as `limbic train` writes it. What is wrong inside it
    /// shows when an expert is first needed.
    ///
    /// # Errors
    /// [`Error::Open`] naming the file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Self::new(&path.display().to_string(), Cow::Owned(bytes))),
            Err(source) => Err(Error::Open { path, source }),
        }
    }

    fn new(name: &str, bytes: Cow<'static, [u8]>) -> Self {
        Self { experts: Experts::new(name, Arc::new(bytes)), warnings: Vec::new() }
    }

    /// The same model, to be asked something else.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { experts: self.experts.again(), warnings: Vec::new() }
    }

    /// Lets several threads that read with this model ask it together: what they have for an
    /// expert at the same time goes through it in one batch, for which the first waits for at most
    /// `patience`. The readings are the same.
    #[must_use]
    pub fn shared(mut self, patience: Duration) -> Self {
        self.experts.share(patience);
        self
    }

    /// How often the experts of a [`shared`](Self::shared) model were asked, and about how many
    /// windows of speech, faces and texts.
    pub fn asked(&self) -> (u64, u64) {
        self.experts.asked()
    }

    /// Loads every expert now rather than when one is first needed.
    ///
    /// # Errors
    /// [`Error::Model`] where the model cannot be read.
    pub fn load(&self) -> Result<()> {
        for modality in Options::READABLE {
            self.experts.get(modality)?;
        }
        Ok(())
    }

    /// What can be asked of the model.
    ///
    /// # Errors
    /// [`Error::Model`] where the model cannot be read.
    pub fn about(&self) -> Result<About> {
        self.experts.about()
    }

    /// Lets readings speak of emotions by their words, which the model need not have met, in
    /// place of what it shows: `joy, awe, contempt=the feeling that someone is beneath you`. What
    /// may not be as it was meant is in [`warnings`](Self::warnings).
    ///
    /// # Errors
    /// [`Error::Emotions`] where the list cannot be used as it is, [`Error::Model`] where the
    /// model's labels are not words.
    pub fn with_emotions(mut self, list: &str) -> Result<Self> {
        self.warnings = self.experts.ask_names(list)?;
        Ok(self)
    }

    /// Lets readings speak of a label set of the model, in place of what it shows.
    ///
    /// # Errors
    /// [`Error::Labels`] where the model does not know the set.
    pub fn with_labels(mut self, set: &str) -> Result<Self> {
        self.experts.ask_set(set)?;
        Ok(self)
    }

    /// A sentence for each thing about the emotions asked for that may not be as it was meant.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The labels that readings speak of.
    ///
    /// # Errors
    /// [`Error::Model`] where the model cannot be read.
    pub fn labels(&self) -> Result<&Labels> {
        Ok(&self.experts.question()?.labels)
    }

    /// Name and fingerprint of the model.
    pub fn model(&self) -> &str {
        self.experts.id()
    }

    /// Reads a clip. `progress` is told the share of the work that is done, from 0 to 1, and says
    /// whether to go on.
    ///
    /// What the clip does not hold is absent in the reading; what is damaged is left out and
    /// listed. There is an error only where nothing at all can be read.
    ///
    /// # Errors
    /// [`Error::Media`] where no part of the file can be decoded, [`Error::Model`] where the model
    /// fails, [`Error::Stopped`] where `progress` says so, [`Error::TooLong`] where the clip goes
    /// on for longer than the options allow.
    pub fn read(
        &self,
        clip: &Clip,
        options: &Options,
        progress: impl FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Reading> {
        let _reader = self.experts.reader();
        let examined = self.examine(clip, options, progress)?;
        self.conclude(name(clip), examined, options)
    }

    /// The reading of what was found in `source`.
    pub(crate) fn conclude(
        &self,
        source: String,
        examined: Examined,
        options: &Options,
    ) -> Result<Reading> {
        let Examined { board, findings, presences, whole, length, cues } = examined;
        let join = self.join(options)?;
        let labels = join.question.labels.clone();
        let join = |experts: &PerModality<Scores>| join.estimate(experts);
        Ok(Reading {
            schema: SCHEMA.into(),
            model: self.experts.id().into(),
            target: Target::Perceived,
            note: NOTE.into(),
            source,
            duration: (length > 0.0).then_some(length),
            every: options.seconds(),
            labels,
            modalities: presences,
            summary: summary::summary(&board, &findings, &join, presences, whole),
            tracks: summary::tracks(&board, &join),
            timeline: rows(&board, &findings, &join, length),
            skipped: findings.skipped,
            transcript: cues.into_iter().map(Line::from).collect(),
        })
    }

    /// What makes one answer of those of the experts.
    pub(crate) fn join(&self, options: &Options) -> Result<Joining<'_>> {
        let (fusion, question) = (self.experts.fusion(), self.experts.question()?);
        Ok(Joining { fusion, question, risk: options.risks() })
    }

    /// What each expert says of a clip as a whole, before the answers are joined: with
    /// [`Limbic::fuse`], the summary of a reading for any choice of modalities. A modality of
    /// which the clip holds nothing is absent.
    ///
    /// # Errors
    /// Those of [`Limbic::read`].
    pub fn evidence(&self, clip: &Clip, options: &Options) -> Result<PerModality<Scores>> {
        let Examined { board, findings, whole, .. } =
            self.examine(clip, options, |_| ControlFlow::Continue(()))?;
        Ok(summary::gather(&board, &findings, whole).experts)
    }

    /// Joins what experts said; `None` where none said anything.
    pub fn fuse(&self, experts: &PerModality<Scores>) -> Option<Fused> {
        self.experts.fusion().fuse(experts)
    }

    /// Goes over a clip with every expert that is wanted.
    fn examine(
        &self,
        clip: &Clip,
        options: &Options,
        mut progress: impl FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Examined> {
        check(clip)?;
        let longest = options.most_seconds();
        let halted = |halt| halted(clip, longest, halt);
        if clip.duration().is_some_and(|seconds| seconds > longest) {
            return Err(halted(Halt::TooLong));
        }
        let mut told = |share: f64, seconds: f64| match progress(share) {
            _ if seconds > longest => Err(Halt::TooLong),
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Halt::Stopped),
        };
        let mut board = Board::new(options.seconds());
        let mut skipped = clip.skipped().to_vec();
        let voice_share = if clip.kind() == Kind::Video { VOICE_SHARE } else { 1.0 };

        let heard = match self.expert(options, Modality::Audio)? {
            Err(presence) => Heard::nothing(presence),
            Ok(voice) => {
                let told = |share: f64, seconds| told(share.min(1.0) * voice_share, seconds);
                listen(clip, voice, options.items(), &mut board, &mut skipped, told)
                    .map_err(halted)?
            }
        };
        let seen = match self.expert(options, Modality::Vision)? {
            Err(presence) => Seen::nothing(presence),
            Ok(face) => {
                let told = |share: f64, seconds| {
                    told(voice_share + share.min(1.0) * (1.0 - voice_share), seconds)
                };
                look(clip, face, options.items(), &mut board, &mut skipped, told).map_err(halted)?
            }
        };
        let mut length = heard.seconds.max(seen.seconds);
        let (words, text, cues) = match self.expert(options, Modality::Text)? {
            Err(presence) => (Words::None, presence, Vec::new()),
            Ok(expert) => {
                let cues = cues(clip, length);
                if length <= 0.0 {
                    length = words::end(&cues);
                }
                let words = words::read(&cues, &mut board, options.items(), |t| expert.texts(t))
                    .map_err(|failure| halted(failure.into()))?;
                let given = clip.kind() == Kind::Text || !clip.cues().is_empty();
                let presence = presence_of_words(&words, given);
                (words, presence, cues)
            }
        };
        let presences = Presences { text, audio: heard.presence, vision: seen.presence };
        let nothing = presences.each().iter().all(|(_, presence)| presence.is_void());
        for error in [heard.error, seen.error].into_iter().flatten() {
            if nothing {
                return Err(error.into());
            }
            skipped.push(limbic_media::Skipped { span: None, reason: error.to_string() });
        }
        told(1.0, 0.0).map_err(halted)?;

        board.close(length);
        let findings =
            Findings { words, listened: heard.seconds > 0.0, looked: seen.looked, skipped };
        Ok(Examined { board, findings, presences, whole: heard.whole, length, cues })
    }

    /// The expert for a modality that is wanted, or why it has no part.
    pub(crate) fn expert(
        &self,
        options: &Options,
        modality: Modality,
    ) -> Result<std::result::Result<&Expert, Presence>> {
        if !options.wants(modality) {
            return Ok(Err(Presence::NotRequested));
        }
        Ok(self.experts.get(modality)?.ok_or(Presence::NoExpert))
    }
}

/// All that the passes over a clip left.
pub(crate) struct Examined {
    pub(crate) board: Board,
    pub(crate) findings: Findings,
    pub(crate) presences: Presences,
    /// All speech of a short clip, heard at once.
    pub(crate) whole: Option<Scores>,
    /// Seconds.
    pub(crate) length: f64,
    /// The words read.
    pub(crate) cues: Vec<Cue>,
}

/// What makes one answer of those of the experts.
pub(crate) struct Joining<'a> {
    fusion: &'a Fusion,
    question: &'a Question,
    risk: Risk,
}

impl Joining<'_> {
    pub(crate) fn estimate(&self, experts: &PerModality<Scores>) -> Option<Estimate> {
        self.question.estimate(self.fusion, experts, self.risk)
    }
}

/// Refuses what can be told without decoding.
fn check(clip: &Clip) -> Result<()> {
    let untimed = clip.cues().iter().filter(|cue| cue.span.is_none());
    let bytes: usize = untimed.map(|cue| cue.text.len()).sum();
    if bytes > LONGEST_TEXT {
        let found =
            format!("{} kB of words without times are too much to be one clip", bytes >> 10);
        return Err(Error::Media(limbic_media::Error::Unsupported {
            path: name(clip).into(),
            found,
            expected: "at most 256 kB, or subtitles".into(),
        }));
    }
    Ok(())
}

/// The words that belong to the clip.
fn cues(clip: &Clip, length: f64) -> Vec<Cue> {
    clip.cues().iter().filter(|cue| belongs(cue, length)).cloned().collect()
}

/// Whether words belong to a clip of `length` seconds: subtitles that go on when sound and
/// pictures have ended are of another file.
pub(crate) fn belongs(cue: &Cue, length: f64) -> bool {
    length <= 0.0 || cue.span.is_none_or(|span| span.start < length)
}

/// What became of the words; `given` is whether there could have been any.
pub(crate) fn presence_of_words(words: &Words, given: bool) -> Presence {
    match words {
        Words::Whole(_) | Words::Timed(_) => Presence::Read,
        Words::None if given => Presence::NoWords,
        Words::None => Presence::NotInFile,
    }
}

fn name(clip: &Clip) -> String {
    clip.path().map_or_else(|| NO_FILE.to_owned(), |path| path.display().to_string())
}

/// Why a pass ended early, with the name of the clip.
fn halted(clip: &Clip, longest: f64, halt: Halt) -> Error {
    let path = PathBuf::from(name(clip));
    match halt {
        Halt::Failed(source) => Error::Model { path, source },
        Halt::Stopped => Error::Stopped { path },
        Halt::TooLong => Error::TooLong { path, longest },
    }
}
