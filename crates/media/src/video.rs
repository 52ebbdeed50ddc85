//! Pictures of a clip, at a rate.
//!
//! [`FrameStream`] gives the pictures that a viewer would see at the moments 0, 1/rate, 2/rate and
//! so on, in display order, one at a time. H.264 in mp4 and mov is decoded here: the file's index
//! says beforehand which pictures are wanted, so the samples in between are decoded only where a
//! wanted picture leans on them, and none is copied or converted that is not returned. Other
//! containers and codecs come through an `ffmpeg` on the PATH; a png or a jpeg is one picture at
//! time zero. Memory holds the index (24 bytes a sample) and a few pictures, whatever the length.

mod avc;
mod bits;
mod boxes;
mod film;
mod frame;
mod index;
mod matroska;
mod picture;
mod piped;
mod schedule;
mod sequence;
mod still;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use film::Film;
pub use frame::Frame;
use index::{Codec, Track};
use matroska::Tracks;
pub use picture::{GrayImage, Picture, RgbImage};
use piped::Pipe;

use crate::container::Container;
use crate::degrade::{Degradation, is_dropped};
use crate::{Error, Result, Skipped, Span, ffmpeg, source};

/// Pictures wider or higher than this are refused: no face needs them and few memories hold them.
const LARGEST_SIDE: u32 = 8192;

/// The pictures of one file, in display order, at a rate.
pub struct FrameStream {
    path: PathBuf,
    rate: f64,
    source: Source,
    given: usize,
    earlier: Vec<Skipped>,
    span: Option<Span>,
    degradation: Option<Degradation>,
}

enum Source {
    Film(Box<Film>),
    Pipe(Box<Pipe>),
    Still(Option<Box<Frame>>),
}

impl FrameStream {
    /// Opens the pictures of `path`, `rate` of them a second (every picture where `rate` is
    /// infinite). `None` where the file can be read and holds no video.
    ///
    /// # Errors
    /// A sentence for the user where the file is unreadable, damaged as a whole, of a kind not
    /// read here, or of a kind that needs an `ffmpeg` that is not there.
    pub fn open(path: &Path, rate: f64) -> Result<Option<Self>> {
        let rate = if rate.is_nan() { 1.0 } else { rate.max(1e-3) };
        let mut file = source::open(path)?;
        let container = Container::sniff(&mut file).map_err(|source| Error::io(path, source))?;
        let source = match container {
            Container::Png | Container::Jpeg => {
                Some(Source::Still(Some(Box::new(still::read(path)?))))
            }
            Container::Mp4 => match index::read(&mut file, path) {
                Ok(track) => Self::film_or_pipe(file, path, rate, track)?,
                // Without a clock an `ffmpeg` would make up hours of the same picture.
                Err(error @ Error::Unsupported { .. }) => return Err(error),
                Err(_) if ffmpeg::available().is_some() => pipe(path, rate, "mp4")?,
                Err(error) => return Err(error),
            },
            Container::Matroska => match matroska::tracks(&mut file) {
                Tracks::NoVideo => None,
                Tracks::Video(codec) => pipe(path, rate, &codec)?,
                Tracks::Unknown => pipe(path, rate, "Matroska or WebM")?,
            },
            Container::Foreign(name) => match index::read(&mut file, path) {
                Ok(track @ Some(_)) => Self::film_or_pipe(file, path, rate, track)?,
                _ => pipe(path, rate, name)?,
            },
            Container::ForeignImage(name) => {
                let found = format!("its picture is in the {name} format");
                return Err(Error::unsupported(path, found, "a png or jpg file"));
            }
            Container::Unknown => {
                let expected = "an mp4, mov, webm, mkv, png or jpg file";
                return Err(Error::unsupported(path, "it holds nothing known here", expected));
            }
            Container::Wav
            | Container::Aiff
            | Container::Flac
            | Container::Mp3
            | Container::Adts
            | Container::Ogg
            | Container::WebVtt
            | Container::Text => None,
        };
        Ok(source.map(|source| Self {
            path: path.to_owned(),
            rate,
            source,
            given: 0,
            earlier: Vec::new(),
            span: None,
            degradation: None,
        }))
    }

    fn film_or_pipe(
        file: File,
        path: &Path,
        rate: f64,
        track: Option<Track>,
    ) -> Result<Option<Source>> {
        let (settings, timing) = match track {
            None => return Ok(None),
            Some(Track { codec: Codec::Other(name), .. }) => return pipe(path, rate, &name),
            Some(Track { codec: Codec::Avc(settings), timing }) => (settings, timing),
        };
        let (width, height) = (settings.width(), settings.height());
        if width > LARGEST_SIDE || height > LARGEST_SIDE {
            return Err(too_large(path, width, height));
        }
        if !settings.built_in() {
            return pipe(path, rate, settings.profile_name());
        }
        Ok(Some(Source::Film(Box::new(Film::new(file, *settings, timing, rate)))))
    }

    /// The next picture, or `None` after the last.
    ///
    /// # Errors
    /// Where not one picture of the file can be decoded. A damaged part is no error: it is left
    /// out and told by [`skipped`](Self::skipped).
    pub fn next_frame(&mut self) -> Result<Option<Frame>> {
        while let Some(frame) = self.decoded()? {
            let start = self.span.map_or(0.0, |span| span.start);
            if frame.time() < start && !self.is_still() {
                continue;
            }
            if self.span.is_some_and(|span| frame.time() >= span.end) {
                return Ok(None);
            }
            return Ok(Some(match self.degradation {
                Some(Degradation::Dropped { share }) if is_dropped(self.given as u64, share) => {
                    continue;
                }
                Some(Degradation::Blur { spread }) => frame.blurred(spread).earlier(start),
                _ => frame.earlier(start),
            }));
        }
        Ok(None)
    }

    /// The same with nothing outside of a stretch; times begin with it.
    #[must_use]
    pub fn within(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The same made worse.
    pub(crate) fn degraded(mut self, degradation: Option<Degradation>) -> Self {
        self.degradation = degradation;
        self
    }

    /// The next picture of the file.
    fn decoded(&mut self) -> Result<Option<Frame>> {
        let frame = match &mut self.source {
            Source::Film(film) => film.next_frame(),
            Source::Pipe(pipe) => pipe.next_frame(),
            Source::Still(frame) => frame.take().map(|frame| *frame),
        };
        if frame.is_some() {
            self.given += 1;
        } else if let Source::Film(film) = &self.source
            && self.given == 0
            && !film.skipped().is_empty()
        {
            self.earlier = film.skipped().to_vec();
            let again = if ffmpeg::available().is_some() {
                pipe(&self.path, self.rate, "H.264")?
            } else {
                None
            };
            self.source = again.ok_or_else(|| {
                Error::damaged(&self.path, "not one picture of its video can be decoded")
            })?;
            return self.decoded();
        }
        Ok(frame)
    }

    /// The parts left out so far, in order.
    pub fn skipped(&self) -> &[Skipped] {
        match &self.source {
            Source::Film(film) => film.skipped(),
            Source::Pipe(pipe) if !pipe.skipped().is_empty() => pipe.skipped(),
            Source::Pipe(_) | Source::Still(_) => &self.earlier,
        }
    }

    /// The length of the video in seconds, where the file's index tells it.
    pub fn duration(&self) -> Option<f64> {
        match (&self.source, self.span) {
            (_, Some(span)) => Some(span.duration()),
            (Source::Film(film), None) => Some(film.duration()),
            (Source::Pipe(_) | Source::Still(_), None) => None,
        }
    }

    /// Whether this is a single picture rather than a film.
    pub const fn is_still(&self) -> bool {
        matches!(self.source, Source::Still(_))
    }
}

/// What an `ffmpeg` makes of the file; `None` where it finds no video either.
fn pipe(path: &Path, rate: f64, format: &str) -> Result<Option<Source>> {
    Ok(Pipe::open(path, rate, format)?.map(|pipe| Source::Pipe(Box::new(pipe))))
}

fn too_large(path: &Path, width: u32, height: u32) -> Error {
    let found = format!("its pictures measure {width}x{height}");
    let expected = format!("pictures of at most {LARGEST_SIDE}x{LARGEST_SIDE}");
    Error::unsupported(path, found, expected)
}

/// Fills `buffer` as far as the file reaches and returns the number of bytes read.
fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
