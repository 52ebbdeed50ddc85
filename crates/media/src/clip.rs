//! One recording: whatever of voice, face and words it holds.

use std::fs::File;
use std::path::{Path, PathBuf};

use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use crate::audio::AudioStream;
use crate::boxes::Movie;
use crate::container::Container;
use crate::degrade::{Degradation, Noise, blurred};
use crate::error::{Error, Result};
use crate::span::{Skipped, Span};
use crate::text::{self, Cue};
use crate::video::{FrameStream, GrayImage};
use crate::{ffmpeg, source};

/// What a clip mainly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Moving pictures, mostly with sound.
    Video,
    /// Sound alone.
    Audio,
    /// One picture.
    Image,
    /// Words alone.
    Text,
}

/// One recording, image or text, opened and recognised by its content.
#[derive(Debug, Clone)]
pub struct Clip {
    path: Option<PathBuf>,
    kind: Kind,
    duration: Option<f64>,
    cues: Vec<Cue>,
    skipped: Vec<Skipped>,
    span: Option<Span>,
    face: Option<GrayImage>,
    degradation: Option<Degradation>,
}

impl Clip {
    /// Recognises `path` and reads its words.
    ///
    /// Words come from the file itself (a text file, a subtitle track) or else from one beside it
    /// with the same name and the ending .srt, .vtt or .txt.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Empty`], [`Error::Unsupported`] for folders, devices and content of
    /// no known kind, [`Error::NeedsFfmpeg`] for formats that are not built in,
    /// [`Error::Damaged`] where not even the header can be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let mut file = source::open(&path)?;
        let container = Container::sniff(&mut file).map_err(|error| Error::io(&path, error))?;
        let mut clip = Self::of(Kind::Text);
        match container {
            Container::Text | Container::WebVtt => (clip.cues, clip.skipped) = text::read(&path)?,
            Container::Png | Container::Jpeg => clip.kind = Kind::Image,
            Container::ForeignImage(name) => {
                return Err(Error::unsupported(&path, format!("a {name} image"), "png or jpg"));
            }
            Container::Unknown => {
                let expected = format!("{EXPECTED}, png, jpg, txt, srt or vtt");
                return Err(Error::unsupported(&path, "the content is of no known kind", expected));
            }
            Container::Foreign(name) => {
                if ffmpeg::available().is_none() {
                    return Err(Error::NeedsFfmpeg { path, format: name.to_owned() });
                }
                clip.kind = if is_sound_only(name) { Kind::Audio } else { Kind::Video };
            }
            Container::Mp4 => clip.read_mp4(&path, &mut file)?,
            Container::Matroska => clip.read_matroska(&path, file)?,
            Container::Wav
            | Container::Aiff
            | Container::Flac
            | Container::Mp3
            | Container::Adts
            | Container::Ogg => clip.read_sound(&path)?,
        }
        if matches!(clip.kind, Kind::Video | Kind::Audio) && clip.cues.is_empty() {
            clip.read_side_car(&path);
        }
        clip.path = Some(path);
        Ok(clip)
    }

    /// Words without a recording; empty text gives a clip without cues.
    pub fn from_text(words: &str) -> Self {
        Self { cues: Cue::new(words).into_iter().collect(), ..Self::of(Kind::Text) }
    }

    /// A face that was already cut out of its picture.
    pub fn from_face(face: GrayImage) -> Self {
        Self { face: Some(face), ..Self::of(Kind::Image) }
    }

    const fn of(kind: Kind) -> Self {
        Self {
            path: None,
            kind,
            duration: None,
            cues: Vec::new(),
            skipped: Vec::new(),
            span: None,
            face: None,
            degradation: None,
        }
    }

    /// The stretch of the recording between two times, as a clip of its own that begins at zero.
    #[must_use]
    pub fn within(mut self, span: Span) -> Self {
        let shifted = |cue: Cue| match cue.span {
            None => Some(cue),
            Some(own) if own.overlap(span) <= 0.0 => None,
            Some(own) => {
                let (start, end) = (own.start.max(span.start), own.end.min(span.end));
                Some(Cue { span: Some(Span::new(start - span.start, end - span.start)), ..cue })
            }
        };
        self.cues = self.cues.into_iter().filter_map(shifted).collect();
        self.duration = Some(span.duration());
        self.span = Some(span);
        self
    }

    /// The same recording made worse.
    #[must_use]
    pub const fn degraded(mut self, degradation: Degradation) -> Self {
        self.degradation = Some(degradation);
        self
    }

    /// The same clip with further words, which have no time.
    #[must_use]
    pub fn with_text(mut self, words: &str) -> Self {
        self.cues.extend(Cue::new(words));
        self
    }

    /// The same clip with these words instead of its own.
    #[must_use]
    pub fn with_cues(mut self, cues: Vec<Cue>) -> Self {
        self.cues = cues;
        self
    }

    /// The file; `None` for bare text.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What it mainly is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The length in seconds that the file declares, if it does.
    pub const fn duration(&self) -> Option<f64> {
        self.duration
    }

    /// Its words: with times in order of start, or without.
    pub fn cues(&self) -> &[Cue] {
        &self.cues
    }

    /// What could not be read on opening. Sound and picture streams list their own.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The face that it is, if it was made of one.
    pub fn face(&self) -> Option<GrayImage> {
        let face = self.face.as_ref()?;
        Some(match self.degradation {
            Some(Degradation::Blur { spread }) => blurred(face, spread),
            _ => face.clone(),
        })
    }

    /// What sets it apart from the file as it is: its stretch and how it was made worse.
    pub fn variant(&self) -> Option<String> {
        let changed = self.span.is_some() || self.degradation.is_some();
        changed.then(|| format!("{:?} {:?}", self.span, self.degradation))
    }

    /// Its sound from the beginning; `None` where it has none.
    ///
    /// # Errors
    /// Those of [`AudioStream::open`].
    pub fn audio(&self) -> Result<Option<AudioStream>> {
        match (&self.path, self.kind) {
            (Some(path), Kind::Video | Kind::Audio) => {
                let Some(mut stream) = self.sound(path)? else { return Ok(None) };
                if let Some(Degradation::Noise { ratio }) = self.degradation {
                    // How loud it is is known only at its end.
                    let power = power(stream)?;
                    let Some(again) = self.sound(path)? else { return Ok(None) };
                    stream = again.under(Noise::below(power, ratio));
                }
                Ok(Some(stream))
            }
            _ => Ok(None),
        }
    }

    fn sound(&self, path: &Path) -> Result<Option<AudioStream>> {
        let stream = AudioStream::open(path)?;
        Ok(match self.span {
            Some(span) => stream.map(|stream| stream.within(span)),
            None => stream,
        })
    }

    /// Its pictures, `rate` a second; `None` where it has none. An image is one picture.
    ///
    /// # Errors
    /// Those of [`FrameStream::open`].
    pub fn frames(&self, rate: f64) -> Result<Option<FrameStream>> {
        match (&self.path, self.kind) {
            (Some(path), Kind::Video | Kind::Image) => {
                let stream = FrameStream::open(path, rate)?;
                let stream = stream.map(|stream| stream.degraded(self.degradation));
                Ok(match self.span {
                    Some(span) => stream.map(|stream| stream.within(span)),
                    None => stream,
                })
            }
            _ => Ok(None),
        }
    }

    fn read_sound(&mut self, path: &Path) -> Result<()> {
        self.kind = Kind::Audio;
        self.duration = AudioStream::open(path)?.and_then(|stream| stream.duration());
        Ok(())
    }

    fn read_mp4(&mut self, path: &Path, file: &mut File) -> Result<()> {
        let movie = Movie::read(file).map_err(|error| Error::io(path, error))?;
        if movie.tracks.is_empty() && ffmpeg::available().is_none() {
            return Err(Error::damaged(path, "the list of tracks is missing"));
        }
        let sound_only = movie.tracks.iter().any(|track| &track.handler == b"soun")
            && !movie.tracks.iter().any(|track| &track.handler == b"vide");
        self.kind = if sound_only { Kind::Audio } else { Kind::Video };
        self.duration = movie.seconds();
        (self.cues, self.skipped) = text::timed_text(file, &movie);
        Ok(())
    }

    fn read_matroska(&mut self, path: &Path, file: File) -> Result<()> {
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
        match symphonia::default::get_probe().probe(&Hint::new(), stream, format, metadata) {
            Ok(mut reader) => {
                let sound_only = reader.first_track(TrackType::Audio).is_some()
                    && reader.first_track(TrackType::Video).is_none();
                self.kind = if sound_only { Kind::Audio } else { Kind::Video };
                self.duration = seconds(&*reader);
                (self.cues, self.skipped) = text::matroska(&mut *reader);
            }
            Err(_) if ffmpeg::available().is_some() => self.kind = Kind::Video,
            Err(error) => return Err(Error::damaged(path, error.to_string())),
        }
        Ok(())
    }

    /// Takes the words of `clip.srt`, `clip.vtt` or `clip.txt` beside `clip.mp4`.
    fn read_side_car(&mut self, path: &Path) {
        let beside = ["srt", "vtt", "txt"].map(|ending| path.with_extension(ending));
        if let Some(beside) = beside.iter().find(|beside| beside.is_file()) {
            match text::read(beside) {
                Ok((cues, skipped)) => {
                    self.cues = cues;
                    self.skipped.extend(skipped);
                }
                Err(error) => self.skipped.push(Skipped { span: None, reason: error.to_string() }),
            }
        }
    }
}

/// Mean of the squares of all samples.
fn power(mut stream: AudioStream) -> Result<f64> {
    let (mut sum, mut count) = (0.0, 0_u64);
    while let Some(block) = stream.next_block()? {
        sum += block.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        count += block.len() as u64;
    }
    Ok(sum / count.max(1) as f64)
}

/// What to give instead of something unknown.
pub(crate) const EXPECTED: &str = "wav, flac, mp3, m4a, ogg, opus, webm, mkv, mp4, mov";

fn seconds(reader: &dyn FormatReader) -> Option<f64> {
    let media = reader.media_info();
    let seconds = media.time_base?.calc_duration(media.duration?)?.as_secs_f64();
    (seconds > 0.0).then_some(seconds)
}

fn is_sound_only(format: &str) -> bool {
    matches!(format, "AMR" | "CAF" | "WavPack" | "AC-3" | "RF64")
}
