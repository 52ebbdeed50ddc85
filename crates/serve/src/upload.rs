//! The bodies of requests: recordings go to private temporary files, words and options stay in
//! memory. A file is gone as soon as nobody reads it any more.

use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use futures_util::{Stream, StreamExt};
use limbic_media::{Clip, Cue};
use tempfile::{TempDir, TempPath};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::options::Typed;

/// What a recording without a name is called.
const NAMELESS: &str = "upload";

/// What words without a recording are called, as on the command line.
const WORDS: &str = "--text";

/// Words and options are no longer than this, in bytes.
const LONGEST_FIELD: usize = 1 << 20;

/// Options come in at most so many parts.
const MOST_FIELDS: usize = 16;

/// A body may take so long, and a second more for every [`SLOWEST`] bytes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes a second of the slowest line that is worth waiting for.
const SLOWEST: u64 = 16 << 10;

/// So much more than is taken is still read, so that the client reads why it is refused.
const COURTESY: u64 = 8 << 20;

/// Where uploads lie: a folder that nobody else can look into.
#[derive(Debug)]
pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// A new folder within `folder`, or the system's for temporary files.
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self> {
        let place = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let made = tempfile::Builder::new().prefix("limbic-serve-").tempdir_in(&place);
        made.map(Self).map_err(|error| Error::File { path: place, reason: error.to_string() })
    }

    fn file(&self) -> Result<(File, TempPath)> {
        let made = tempfile::Builder::new().prefix("clip-").tempfile_in(self.0.path());
        let (file, path) = made.map_err(|e| Error::write(self.0.path(), &e))?.into_parts();
        Ok((File::from_std(file), path))
    }
}

/// One thing to read.
#[derive(Debug)]
pub(crate) struct Input {
    /// What it is called in its reading.
    name: String,
    media: Option<TempPath>,
    words: Option<Vec<Cue>>,
}

impl Input {
    /// Opens it.
    pub(crate) fn clip(&self) -> Result<Clip> {
        let clip = match &self.media {
            Some(path) => Clip::open(path.to_path_buf())
                .map_err(|error| Error::Unreadable(self.disguised(&error.to_string())))?,
            None => Clip::from_text(""),
        };
        Ok(match &self.words {
            Some(words) => clip.with_cues(words.clone()),
            None => clip,
        })
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A sentence with the name that the client knows in place of the temporary file's.
    pub(crate) fn disguised(&self, sentence: &str) -> String {
        match &self.media {
            Some(path) => sentence.replace(&path.display().to_string(), &self.name),
            None => sentence.to_owned(),
        }
    }
}

/// A request taken in.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Files and words, in order.
    pub(crate) inputs: Vec<Input>,
    pub(crate) typed: Typed,
}

/// How much a body may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub(crate) bytes: u64,
    pub(crate) files: usize,
}

/// Takes in the body of a request with a recording, words, or several recordings.
pub(crate) async fn take(scratch: &Scratch, most: Most, request: Request) -> Result<Taken> {
    let mut body = Incoming { most: most.bytes, got: 0, began: Instant::now() };
    body.announce(request.headers())?;
    let typed = Typed::query(request.uri().query())?;
    let kind = content_type(request.headers());
    if is_form(request.headers()) {
        return body.parts(scratch, most.files, typed, request).await;
    }
    let is_media = ["audio/", "video/", "image/"].iter().any(|start| kind.starts_with(start));
    let stream = request.into_body().into_data_stream();
    let input = if kind == "text/plain" {
        let text = body.text(stream).await?;
        let words = Some(limbic_media::text::parse(&text).0);
        Input { name: WORDS.into(), media: None, words }
    } else if is_media || kind == "application/octet-stream" {
        let media = Some(body.file(scratch, stream).await?);
        Input { name: NAMELESS.into(), media, words: None }
    } else {
        return Err(Error::Kind(
            "this kind of content is not read here; send multipart/form-data, audio/*, video/*, \
             image/*, text/plain or application/octet-stream"
                .into(),
        ));
    };
    Ok(Taken { inputs: vec![input], typed })
}

/// Whether a request is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers) == "multipart/form-data"
}

/// The kind of content without its parameters.
fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

/// A body on its way.
struct Incoming {
    most: u64,
    got: u64,
    began: Instant,
}

impl Incoming {
    /// Refuses a body that says itself that it is too large.
    fn announce(&self, headers: &HeaderMap) -> Result<()> {
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: u64| length > self.most + COURTESY) {
            return Err(self.too_large());
        }
        Ok(())
    }

    fn too_large(&self) -> Error {
        let most = self.most;
        let size = if most >= 1 << 20 {
            format!("{} MB", most >> 20)
        } else {
            format!("{} kB", most >> 10)
        };
        Error::TooLarge(format!("a request may hold {size} at most; send less at once"))
    }

    /// The next piece; nothing at the end. Pieces beyond the limit are counted, not given.
    async fn next<E>(
        &mut self,
        piece: impl Future<Output = Option<std::result::Result<Bytes, E>>>,
    ) -> Result<Option<Bytes>> {
        let patience = PATIENCE + Duration::from_secs(self.got / SLOWEST);
        let piece = tokio::time::timeout_at(self.began + patience, piece);
        match piece.await.map_err(|_| Error::Slow)? {
            None => Ok(None),
            Some(Err(_)) => Err(Error::Broken),
            Some(Ok(piece)) => {
                self.got += piece.len() as u64;
                if self.got > self.most + COURTESY {
                    return Err(self.too_large());
                }
                Ok(Some(if self.got > self.most { Bytes::new() } else { piece }))
            }
        }
    }

    /// Refuses what turned out too large.
    fn check(&self) -> Result<()> {
        if self.got > self.most { Err(self.too_large()) } else { Ok(()) }
    }

    async fn file<E>(
        &mut self,
        scratch: &Scratch,
        pieces: impl Stream<Item = std::result::Result<Bytes, E>>,
    ) -> Result<TempPath> {
        let mut pieces = std::pin::pin!(pieces);
        let (mut file, path) = scratch.file()?;
        let failed = |error: std::io::Error| Error::write(&path, &error);
        let mut written = Ok(());
        while let Some(piece) = self.next(pieces.next()).await? {
            // A full disk does not keep the client from being told.
            if written.is_ok() {
                written = file.write_all(&piece).await.map_err(failed);
            }
        }
        written?;
        file.flush().await.map_err(failed)?;
        self.check()?;
        Ok(path)
    }

    async fn text<E>(
        &mut self,
        pieces: impl Stream<Item = std::result::Result<Bytes, E>>,
    ) -> Result<String> {
        let mut pieces = std::pin::pin!(pieces);
        let mut bytes = Vec::new();
        while let Some(piece) = self.next(pieces.next()).await? {
            if bytes.len() <= LONGEST_FIELD {
                bytes.extend_from_slice(&piece);
            }
        }
        self.check()?;
        if bytes.len() > LONGEST_FIELD {
            return Err(Error::TooLarge(
                "words and options may hold 1 MB at most; send less at once".into(),
            ));
        }
        String::from_utf8(bytes)
            .map_err(|_| Error::Unreadable("the words are not UTF-8; send them as UTF-8".into()))
    }

    async fn parts(
        mut self,
        scratch: &Scratch,
        most: usize,
        mut typed: Typed,
        request: Request,
    ) -> Result<Taken> {
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| {
            Error::Malformed("the multipart body has no boundary; name it in Content-Type".into())
        })?;
        let (mut inputs, mut words, mut fields) = (Vec::new(), None, 0);
        loop {
            let patience = PATIENCE + Duration::from_secs(self.got / SLOWEST);
            let next = tokio::time::timeout_at(self.began + patience, parts.next_field());
            let part = match next.await.map_err(|_| Error::Slow)? {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(_) => {
                    return Err(Error::Malformed(
                        "the multipart body is broken or not whole; send it again".into(),
                    ));
                }
            };
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(file_name);
            match name.as_str() {
                "file" if inputs.len() >= most => {
                    let said = match most {
                        1 => "give one file here, and several to /v1/batch".to_owned(),
                        most => format!("give {most} files at most"),
                    };
                    return Err(Error::TooLarge(said));
                }
                "file" => {
                    let media = Some(self.file(scratch, part).await?);
                    let name = file_name.unwrap_or_else(|| NAMELESS.into());
                    inputs.push(Input { name, media, words: None });
                }
                "text" if words.is_some() => {
                    return Err(Error::Malformed(
                        "the part `text` is given twice; give it once".into(),
                    ));
                }
                "text" => {
                    let text = self.text(part).await?;
                    words = Some(match file_name {
                        Some(_) => limbic_media::text::parse(&text).0,
                        None => Cue::new(&text).into_iter().collect(),
                    });
                }
                _ => {
                    if !Typed::knows(&name) {
                        typed.set(&name, String::new())?;
                    }
                    fields += 1;
                    if fields > MOST_FIELDS {
                        return Err(Error::Malformed(
                            "there are too many parts; give each once".into(),
                        ));
                    }
                    let value = self.text(part).await?;
                    typed.set(&name, value)?;
                }
            }
        }
        self.check()?;
        match (words, inputs.as_mut_slice()) {
            (Some(words), []) => {
                inputs.push(Input { name: WORDS.into(), media: None, words: Some(words) });
            }
            (Some(words), [one]) => one.words = Some(words),
            (Some(_), _) => {
                return Err(Error::Malformed(
                    "the part `text` belongs to one recording; send several without it".into(),
                ));
            }
            (None, []) => {
                return Err(Error::Malformed("give a part `file`, a part `text`, or both".into()));
            }
            (None, _) => {}
        }
        Ok(Taken { inputs, typed })
    }
}

/// The last part of the name of a file, without what no name should hold.
fn file_name(typed: &str) -> String {
    let last = typed.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    if name.is_empty() { NAMELESS.into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_lose_their_folders_and_what_is_no_name() {
        for (typed, name) in [
            ("talk.wav", "talk.wav"),
            ("../../etc/passwd", "passwd"),
            ("C:\\talks\\a b.mp4", "a b.mp4"),
            ("a\u{1b}[2J.wav", "a[2J.wav"),
            ("", "upload"),
            ("talks/", "upload"),
        ] {
            assert_eq!(file_name(typed), name);
        }
    }
}
