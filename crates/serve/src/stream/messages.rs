//! What is said over a stream.

use axum::body::Bytes;
use limbic::{Labels, Reading, Row};
use limbic_media::SAMPLE_RATE;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::options::{Asked, Typed};
use crate::problem::Problem;

/// The first message of a client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    #[serde(rename = "type")]
    kind: String,
    modalities: Option<Vec<String>>,
    rate: Option<u32>,
    every: Option<String>,
    emotions: Option<String>,
    labels: Option<String>,
    risk: Option<String>,
    purpose: Option<String>,
    /// Whether rows are wanted for words that may still change.
    partials: Option<bool>,
}

/// How a stream is read.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) asked: Asked,
    /// Samples a second.
    pub(super) rate: u32,
    pub(super) partials: bool,
}

/// What a client says later.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Said {
    Text(Words),
    Stop,
}

/// Words of the stream.
#[derive(Debug, Deserialize)]
pub(super) struct Words {
    pub(super) text: String,
    /// Whether they do not change any more.
    #[serde(default)]
    pub(super) r#final: bool,
    /// The second at which they begin; none for words that hold for the whole.
    pub(super) at: Option<f64>,
    /// The second at which they end; else they end now.
    pub(super) until: Option<f64>,
}

/// What comes in.
#[derive(Debug)]
pub(super) enum In {
    Sound(Vec<f32>),
    Picture {
        time: f64,
        bytes: Bytes,
    },
    Words(Words),
    Stop,
    /// Something that cannot be understood, or nothing for too long.
    Wrong(Error),
}

/// The first message.
pub(super) fn start(text: &str) -> Result<Setup> {
    let start: Start = serde_json::from_str(text).map_err(|error| {
        Error::Malformed(format!("the first message is no `start`: {error}; see docs/serve.md"))
    })?;
    if start.kind != "start" {
        return Err(Error::Malformed("the first message is of type `start`".into()));
    }
    let mut typed = Typed::default();
    let modalities = start.modalities.map(|list| list.join(","));
    for (name, value) in [
        ("modalities", modalities),
        ("every", start.every),
        ("risk", start.risk),
        ("emotions", start.emotions),
        ("labels", start.labels),
        ("purpose", start.purpose),
    ] {
        if let Some(value) = value {
            typed.set(name, value)?;
        }
    }
    Ok(Setup {
        asked: typed.asked()?,
        rate: start.rate.unwrap_or(SAMPLE_RATE),
        partials: start.partials.unwrap_or(true),
    })
}

/// A later message in words.
pub(super) fn said(text: &str) -> Result<In> {
    match serde_json::from_str(text) {
        Ok(Said::Text(words)) => Ok(In::Words(words)),
        Ok(Said::Stop) => Ok(In::Stop),
        Err(error) => Err(Error::Malformed(format!(
            "a message is neither `text` nor `stop`: {error}; see docs/serve.md"
        ))),
    }
}

/// A message of sound or a picture.
pub(super) fn read(bytes: &Bytes) -> Result<In> {
    match bytes.first() {
        Some(1) if bytes.len() % 2 == 1 => {
            let samples = bytes[1..].chunks_exact(2);
            let sample = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0;
            Ok(In::Sound(samples.map(sample).collect()))
        }
        Some(1) => Err(Error::Malformed("sound is a byte 1 and whole 16-bit samples".into())),
        Some(2) => match bytes.get(1..9).and_then(|time| time.try_into().ok()) {
            Some(time) => {
                let time = f64::from_le_bytes(time);
                Ok(In::Picture { time, bytes: bytes.slice(9..) })
            }
            None => Err(Error::Malformed(
                "a picture is a byte 2, the second as a 64-bit number, and a jpeg".into(),
            )),
        },
        _ => {
            Err(Error::Malformed("a binary message begins with 1 (sound) or 2 (a picture)".into()))
        }
    }
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Told<'a> {
    Started {
        model: &'a str,
        labels: &'a Labels,
        every: f64,
        /// Seconds from the end of a row to its being sent, at most.
        latency: f64,
    },
    Row {
        row: &'a Row,
    },
    Interim {
        row: &'a Row,
    },
    Reading {
        reading: &'a Reading,
    },
    Error {
        problem: Problem,
    },
}

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: String,
}

impl Answer {
    pub(super) fn new(told: &Told<'_>) -> Self {
        // Readings and problems are always JSON.
        Self { text: serde_json::to_string(told).unwrap_or_default() }
    }

    pub(super) fn error(error: &Error, id: &str) -> Self {
        Self::new(&Told::Error { problem: Problem::new(error, id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_understood_or_refused_in_a_sentence() {
        let setup = start(r#"{"type":"start","modalities":["audio"],"rate":8000,"every":"500ms"}"#);
        assert_eq!(setup.unwrap().rate, 8000);
        for wrong in ["", "{}", r#"{"type":"stop"}"#, r#"{"type":"start","rates":1}"#] {
            assert!(start(wrong).is_err(), "{wrong}");
        }
        assert!(matches!(said(r#"{"type":"stop"}"#), Ok(In::Stop)));
        let words = said(r#"{"type":"text","text":"oh","final":true,"at":1.5}"#);
        let Ok(In::Words(words)) = words else { panic!("words") };
        assert!(words.r#final && words.at == Some(1.5) && words.until.is_none());
        assert!(said(r#"{"type":"dance"}"#).is_err());
    }

    #[test]
    fn sound_and_pictures_are_told_by_their_first_byte() {
        let Ok(In::Sound(samples)) = read(&Bytes::from_static(&[1, 0, 0x40, 0, 0x80])) else {
            panic!("sound")
        };
        assert_eq!(samples, [0.5, -1.0]);
        let mut picture = vec![2];
        picture.extend(2.5_f64.to_le_bytes());
        picture.extend(b"jpeg");
        let Ok(In::Picture { time, bytes }) = read(&picture.into()) else { panic!("a picture") };
        assert_eq!((time, &bytes[..]), (2.5, &b"jpeg"[..]));
        for wrong in [&[][..], &[3, 1], &[1, 0], &[2, 0, 0]] {
            assert!(read(&Bytes::copy_from_slice(wrong)).is_err(), "{wrong:?}");
        }
    }
}
