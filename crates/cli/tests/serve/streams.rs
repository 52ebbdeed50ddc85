//! Readings of what is still going on.

use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use super::client::{Server, until};
use super::{on_the_command_line, talk};
use crate::media::{babble, png};

struct Stream(WebSocket<MaybeTlsStream<TcpStream>>);

impl Stream {
    fn open(server: &Server, start: &Value) -> Self {
        let url = format!("ws://{}/v1/stream", server.address);
        let mut found = None;
        // The place of the stream before is free a moment after its end.
        until("a place is free", || {
            found = tungstenite::connect(&url).ok();
            found.is_some()
        });
        let mut stream = Self(found.unwrap().0);
        stream.say(start);
        stream
    }

    fn say(&mut self, message: &Value) {
        self.0.send(Message::Text(message.to_string().into())).unwrap();
    }

    fn sound(&mut self, samples: &[u8]) {
        for frame in samples.chunks(3200) {
            let message = [&[1], frame].concat();
            self.0.send(Message::Binary(message.into())).unwrap();
        }
    }

    fn picture(&mut self, time: f64, picture: &[u8]) {
        let message = [&[2], &time.to_le_bytes()[..], picture].concat();
        self.0.send(Message::Binary(message.into())).unwrap();
    }

    /// Everything that the server says until it closes.
    fn rest(mut self) -> Vec<Value> {
        let mut said = Vec::new();
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => said.push(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return said,
                Ok(_) => {}
            }
        }
    }
}

fn of<'a>(said: &'a [Value], kind: &str) -> Vec<&'a Value> {
    said.iter().filter(|message| message["type"] == kind).collect()
}

/// Whether two values are the same but for numbers that are nearly so, and the names of files.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            // Both have four decimals.
            (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1.001e-4
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, a): (&String, &Value)| {
                key == "source" || b.get(key).is_some_and(|b| same(a, b))
            };
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}

#[test]
fn a_stream_ends_with_the_reading_of_the_same_media() {
    let server = Server::start(&[]);
    for (seconds, every) in [(5.3, "1s"), (13.7, "500ms")] {
        let mut stream = Stream::open(&server, &json!({"type": "start", "every": every}));
        stream.sound(&babble(seconds));
        let words =
            json!({"type": "text", "text": "no  no", "final": true, "at": 1.0, "until": 2.5});
        stream.say(&words);
        stream.say(&json!({"type": "stop"}));
        let said = stream.rest();
        assert_eq!(said[0]["type"], "started");
        assert!(said[0]["latency"].as_f64().unwrap() < 4.0);
        let reading = &of(&said, "reading")[0]["reading"];

        let folder = tempfile::tempdir().unwrap();
        let srt = folder.path().join("a.srt");
        std::fs::write(&srt, "1\n00:00:01,000 --> 00:00:02,500\nno no\n").unwrap();
        let srt = format!("@{}", srt.display());
        let wanted =
            on_the_command_line("talk.wav", &talk(seconds), &["--every", every, "--text", &srt]);
        assert!(same(reading, &wanted), "{reading}\n{wanted}");
        // The voice of a row that has settled does not change.
        let rows = of(&said, "row");
        assert!(rows.len() >= 2, "{}", rows.len());
        for (row, wanted) in rows.iter().zip(wanted["timeline"].as_array().unwrap()) {
            let audio = |row: &Value| row["estimate"]["evidence"]["audio"].clone();
            assert!(same(&audio(&row["row"]), &audio(wanted)), "{row}\n{wanted}");
        }
    }
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("limbic_streams 0"), "{metrics}");
}

#[test]
fn pictures_and_words_of_a_stream_are_read_and_partial_words_give_interim_rows() {
    let server = Server::start(&[]);
    let mut stream =
        Stream::open(&server, &json!({"type": "start", "modalities": ["vision", "text"]}));
    for number in 0..12 {
        stream.picture(f64::from(number) / 8.0, &png(64, 48));
    }
    stream.picture(1.6, b"no picture");
    stream.say(&json!({"type": "text", "text": "what a"}));
    stream.say(&json!({"type": "text", "text": "what a lovely day", "final": true}));
    stream.say(&json!({"type": "stop"}));
    let said = stream.rest();
    let interim = of(&said, "interim");
    assert!(interim[0]["row"]["estimate"]["evidence"]["text"].is_object(), "{said:?}");
    let reading = &of(&said, "reading")[0]["reading"];
    assert_eq!(
        reading["modalities"],
        json!({"text": "read", "audio": "not_requested", "vision": "no_face"})
    );
    assert_eq!(reading["transcript"][0]["text"], "what a lovely day");
    assert!(reading["skipped"][0]["reason"].as_str().unwrap().contains("picture"));
}

#[test]
fn a_stream_that_makes_no_sense_or_never_ends_is_ended_with_a_problem() {
    let server = Server::start(&["--longest-stream", "3s", "--streams", "1"]);
    let problem = |start: Value, then: &dyn Fn(&mut Stream)| {
        let mut stream = Stream::open(&server, &start);
        then(&mut stream);
        let said = stream.rest();
        let last = said.last().unwrap();
        assert_eq!(last["type"], "error", "{last}");
        last["problem"]["status"].as_u64().unwrap()
    };
    let start = || json!({"type": "start"});
    assert_eq!(problem(json!({"type": "begin"}), &|_| {}), 400);
    assert_eq!(problem(json!({"type": "start", "rate": 1}), &|_| {}), 400);
    assert_eq!(problem(json!({"type": "start", "purpose": "job interviews"}), &|_| {}), 403);
    assert_eq!(problem(start(), &|stream| stream.say(&json!({"type": "sing"}))), 400);
    assert_eq!(problem(start(), &|stream| stream.picture(99.0, b"")), 413);
    assert_eq!(problem(start(), &|stream| stream.sound(&babble(4.5))), 413);
    let held = Stream::open(&server, &start());
    let url = format!("ws://{}/v1/stream", server.address);
    let Err(tungstenite::Error::Http(refused)) = tungstenite::connect(&url) else {
        panic!("there is one place")
    };
    assert_eq!(refused.status(), 429);
    drop(held);
    until("the place is free again", || tungstenite::connect(&url).is_ok());
}
