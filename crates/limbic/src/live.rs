//! A clip that is still going on: sound, pictures and words are taken as they come, and rows of
//! the timeline given out as they settle.

use limbic_media::{Cue, Frame, Modality, PerModality, Resampler, SAMPLE_RATE, Skipped, Span};

use crate::error::{Error, Failure, Result};
use crate::experts::Expert;
use crate::listen::{Heard, Listener};
use crate::look::{Looker, Seen, too_small};
use crate::options::Options;
use crate::read::{Examined, LONGEST_TEXT, Limbic, belongs, presence_of_words};
use crate::reading::{Presence, Presences, Reading, Row};
use crate::scores::Scores;
use crate::slot::Board;
use crate::timeline::{self, Findings, Words};
use crate::words;

/// Samples that are listened to at once: a second, as in a file.
const BLOCK: usize = SAMPLE_RATE as usize;

/// What a live clip is called in its reading, and in errors.
const NAME: &str = "stream";

/// A stream that goes on for so many seconds longer than the other is not waited for.
const PATIENCE: f64 = 2.0;

/// So many pictures that cannot be decoded are listed.
const MOST_SKIPPED: usize = 100;

/// A clip that is still going on. Its memory grows as that of a reading: by a few hundred bytes a
/// row.
///
/// Sound is listened to in blocks of one second, as that of a file is, so that the reading at the
/// end is the one that [`Limbic::read`] gives of the same media.
pub struct Live<'a> {
    limbic: &'a Limbic,
    options: Options,
    board: Board,
    ear: std::result::Result<Ear<'a>, Presence>,
    eye: std::result::Result<Eye<'a>, Presence>,
    reader: std::result::Result<&'a Expert, Presence>,
    cues: Vec<Cue>,
    /// Bytes of the cues.
    bytes: usize,
    words: Words,
    skipped: Vec<Skipped>,
    /// Slots whose rows were given out.
    told: usize,
}

struct Ear<'a> {
    voice: &'a Expert,
    listener: Listener,
    resampler: Resampler,
    /// Samples that do not make a block yet.
    pending: Vec<f32>,
}

struct Eye<'a> {
    face: &'a Expert,
    looker: Looker,
}

impl Limbic {
    /// A clip that comes bit by bit, with sound of `rate` samples a second.
    ///
    /// # Errors
    /// [`Error::Options`] for a rate that no recording has, [`Error::Model`] where the model fails.
    pub fn live(&self, options: &Options, rate: u32) -> Result<Live<'_>> {
        let every = options.seconds();
        let ear = match self.expert(options, Modality::Audio)? {
            Ok(voice) => {
                let resampler = Resampler::new(rate).map_err(Error::Options)?;
                // Each window is judged at once, so that its row is ready at once.
                let listener = Listener::new(voice, 1, every);
                Ok(Ear { voice, listener, resampler, pending: Vec::new() })
            }
            Err(presence) => Err(presence),
        };
        let eye = self.expert(options, Modality::Vision)?;
        let eye = eye.map(|face| Eye { face, looker: Looker::new(1, every) });
        Ok(Live {
            limbic: self,
            options: options.clone(),
            board: Board::new(every),
            ear,
            eye,
            reader: self.expert(options, Modality::Text)?,
            cues: Vec::new(),
            bytes: 0,
            words: Words::None,
            skipped: Vec::new(),
            told: 0,
        })
    }
}

impl Live<'_> {
    /// Seconds between the end of a row and the moment at which it is given out, at most: as far
    /// as a window of speech reaches beyond the row, what it takes to be sure that something was
    /// speech, and a block of sound. What the work takes comes on top.
    pub fn latency(options: &Options) -> f64 {
        let block = BLOCK as f64 / f64::from(SAMPLE_RATE);
        let voice = Listener::latency(options.seconds(), block);
        if options.wants(Modality::Vision) { voice.max(PATIENCE) } else { voice }
    }

    /// Seconds of the clip so far.
    pub fn seconds(&self) -> f64 {
        self.sound().max(self.pictures().unwrap_or(0.0))
    }

    /// Takes the next samples, in the range -1 to 1; they are ignored where nobody asked for
    /// sound.
    ///
    /// # Errors
    /// [`Error::Model`] where the model fails.
    pub fn hear(&mut self, samples: &[f32]) -> Result<()> {
        let Ok(ear) = &mut self.ear else { return Ok(()) };
        ear.resampler.push(samples, &mut ear.pending).map_err(Error::Options)?;
        while ear.pending.len() >= BLOCK {
            let rest = ear.pending.split_off(BLOCK);
            let block = std::mem::replace(&mut ear.pending, rest);
            ear.listener.hear(&block, ear.voice, &mut self.board).map_err(failed)?;
        }
        Ok(())
    }

    /// Takes a picture (png or jpeg) that shows at `time` seconds. As in a film, four a second
    /// are looked at, and more for rows shorter than a second; the others are left out. What
    /// cannot be decoded is listed in the reading.
    ///
    /// # Errors
    /// [`Error::Model`] where the model fails.
    pub fn see(&mut self, picture: &[u8], time: f64) -> Result<()> {
        let Ok(eye) = &mut self.eye else { return Ok(()) };
        if !(time.is_finite() && time >= 0.0 && eye.looker.wants(time)) {
            return Ok(());
        }
        let frame = Frame::from_encoded(picture, time).map_err(|error| error.to_string());
        let frame = frame.and_then(|frame| too_small(&frame).map_or(Ok(frame), Err));
        match frame {
            Ok(frame) => eye.looker.see(&frame, eye.face, &mut self.board).map_err(failed),
            Err(reason) => {
                if self.skipped.len() < MOST_SKIPPED {
                    self.skipped.push(Skipped { span: Some(Span::new(time, time)), reason });
                }
                Ok(())
            }
        }
    }

    /// Takes words, with the seconds between which they are said or without.
    ///
    /// # Errors
    /// [`Error::Options`] where they are more than a clip can hold, [`Error::Model`] where the
    /// model fails.
    pub fn say(&mut self, text: &str, span: Option<Span>) -> Result<()> {
        let Ok(reader) = &self.reader else { return Ok(()) };
        let Some(cue) = Cue::new(text) else { return Ok(()) };
        self.bytes += cue.text.len();
        if self.bytes > LONGEST_TEXT {
            return Err(Error::Options(
                "more than 256 kB of words are too much to be one clip".into(),
            ));
        }
        let timed = span.filter(|span| span.start >= 0.0 && span.end.is_finite());
        self.cues.push(Cue { span: timed, ..cue });
        let texts = |texts: &[&str]| reader.texts(texts);
        // Words without times count for every row, and all of them together.
        let from = if timed.is_some() { self.cues.len() - 1 } else { 0 };
        let read = &self.cues[from..];
        let said = match timed {
            Some(_) => words::read(read, &mut self.board, 1, texts),
            None => words::read(read, &mut Board::new(self.options.seconds()), 1, texts),
        };
        match said.map_err(failed)? {
            said @ Words::Timed(_) => self.words = said,
            said @ Words::Whole(_) if !matches!(self.words, Words::Timed(_)) => self.words = said,
            Words::None | Words::Whole(_) => {}
        }
        Ok(())
    }

    /// What the row at this moment would be with words that may still change: voice and face as
    /// far as they are known. `None` where nothing is.
    ///
    /// # Errors
    /// [`Error::Model`] where the model fails.
    pub fn interim(&mut self, text: &str) -> Result<Option<Row>> {
        let Ok(reader) = &self.reader else { return Ok(None) };
        let Some(cue) = Cue::new(text) else { return Ok(None) };
        let Some(words) = reader.texts(&[&cue.text]).map_err(failed)?.into_iter().flatten().next()
        else {
            return Ok(None);
        };
        let every = self.board.every();
        let index = (self.seconds() / every) as usize;
        // Words may come before anything else has made the slot.
        self.board.slot(index);
        let findings = self.findings(Words::Whole(words));
        let rows = self.join_rows(&findings, index..index + 1)?;
        Ok(rows.into_iter().last())
    }

    /// The rows that have settled since this was last asked. A row does not wait for words: those
    /// that come later are in the reading at the end.
    ///
    /// # Errors
    /// [`Error::Model`] where the model fails.
    pub fn rows(&mut self) -> Result<Vec<Row>> {
        let settled = (self.settled() / self.board.every() + 1e-9) as usize;
        let range = self.told..settled.min(self.board.slots().len()).max(self.told);
        self.told = range.end;
        let findings = self.findings(self.words.clone());
        self.join_rows(&findings, range)
    }

    /// The reading of the whole clip, when it has ended.
    ///
    /// # Errors
    /// [`Error::Model`] where the model fails.
    pub fn finish(mut self) -> Result<Reading> {
        let heard = match self.ear {
            Ok(mut ear) => {
                ear.resampler.finish(&mut ear.pending).map_err(Error::Options)?;
                for block in ear.pending.chunks(BLOCK) {
                    ear.listener.hear(block, ear.voice, &mut self.board).map_err(failed)?;
                }
                if ear.listener.seconds() > 0.0 {
                    ear.listener.finish(ear.voice, &mut self.board).map_err(failed)?
                } else {
                    Heard::nothing(Presence::NotInFile)
                }
            }
            Err(presence) => Heard::nothing(presence),
        };
        let seen = match self.eye {
            Ok(Eye { face, looker }) => {
                // A single picture at the beginning is a picture, and no film.
                let still = looker.last() == Some(0.0);
                let declared = (heard.seconds > 0.0).then_some(heard.seconds);
                looker.finish(declared, still, face, &mut self.board).map_err(failed)?
            }
            Err(presence) => Seen::nothing(presence),
        };
        let mut length = heard.seconds.max(seen.seconds);
        let mut cues = self.cues;
        let (words, text) = match self.reader {
            Ok(reader) => {
                let given = !cues.is_empty();
                cues.retain(|cue| belongs(cue, length));
                cues.sort_by(|a, b| start(a).total_cmp(&start(b)));
                if length <= 0.0 {
                    length = words::end(&cues);
                }
                self.board.forget_words();
                let batch = self.options.items();
                let words = words::read(&cues, &mut self.board, batch, |texts| reader.texts(texts));
                let words = words.map_err(failed)?;
                let presence = presence_of_words(&words, given);
                (words, presence)
            }
            Err(presence) => (Words::None, presence),
        };
        self.board.close(length);
        let presences = Presences { text, audio: heard.presence, vision: seen.presence };
        let findings = Findings {
            words,
            listened: heard.seconds > 0.0,
            looked: seen.looked,
            skipped: self.skipped,
        };
        let examined =
            Examined { board: self.board, findings, presences, whole: heard.whole, length, cues };
        self.limbic.conclude(NAME.into(), examined, &self.options)
    }

    fn findings(&self, words: Words) -> Findings {
        let looked = self.pictures().is_some();
        Findings { words, listened: self.sound() > 0.0, looked, skipped: self.skipped.clone() }
    }

    fn join_rows(&self, findings: &Findings, range: std::ops::Range<usize>) -> Result<Vec<Row>> {
        let join = self.limbic.join(&self.options)?;
        let join = |experts: &PerModality<Scores>| join.estimate(experts);
        Ok(timeline::settled(&self.board, findings, &join, range))
    }

    fn sound(&self) -> f64 {
        self.ear.as_ref().map_or(0.0, |ear| ear.listener.seconds())
    }

    /// The moment of the last picture.
    fn pictures(&self) -> Option<f64> {
        self.eye.as_ref().ok()?.looker.last()
    }

    /// The second up to which nothing changes any more, unless one stream is far behind the
    /// other.
    fn settled(&self) -> f64 {
        let voice = self.ear.as_ref().map_or(0.0, |ear| ear.listener.settled());
        let (sound, pictures) = (self.sound(), self.pictures());
        match pictures {
            None => voice,
            Some(last) if sound <= 0.0 => last,
            Some(last) => {
                let behind = Self::latency(&self.options) + PATIENCE;
                voice.max(last - behind).min(last.max(sound - PATIENCE))
            }
        }
    }
}

/// Where words begin; those without times come first.
fn start(cue: &Cue) -> f64 {
    cue.span.map_or(-1.0, |span| span.start)
}

fn failed(source: Failure) -> Error {
    Error::Model { path: NAME.into(), source }
}
