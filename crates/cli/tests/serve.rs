//! `limbic serve`: what a reading is over HTTP, and what is refused.

pub(crate) mod client;
mod ends;
mod streams;

use std::fs;

use serde_json::{Value, json};

use self::client::{Server, until};
use crate::media::{PLAIN, babble, png};
use crate::program::{limbic, predict};

pub(crate) fn talk(seconds: f32) -> Vec<u8> {
    PLAIN.file(&babble(seconds))
}

/// What the command line says of the same file.
pub(crate) fn on_the_command_line(name: &str, file: &[u8], arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), file).unwrap();
    let mut all = vec![name, "--format", "json"];
    all.extend(arguments);
    predict(folder.path(), &all).json()
}

#[test]
fn a_reading_over_http_is_that_of_the_command_line() {
    let server = Server::start(&[]);
    let file = talk(5.0);
    let wanted = on_the_command_line("talk.wav", &file, &["--every", "500ms"]);
    let form =
        server.form("/v1/predict", &[("file", Some("talk.wav"), &file), ("every", None, b"500ms")]);
    assert_eq!((form.status, form.json()), (200, wanted.clone()));
    let raw = server.post("/v1/predict?every=500ms", "audio/wav", &file);
    assert_eq!(raw.json()["timeline"], wanted["timeline"]);
    let words = limbic(
        ".".as_ref(),
        &["predict", "--model", crate::model::untrained(), "--text", "how dare you", "-f", "json"],
        b"",
    );
    assert_eq!(server.post("/v1/predict", "text/plain", b"how dare you").json(), words.json());
    let both = server.form(
        "/v1/predict",
        &[
            ("file", Some("talk.wav"), &file),
            ("text", Some("a.srt"), b"1\n00:00:01,000 --> 00:00:02,000\nno no no\n"),
            ("modalities", None, b"text, audio"),
        ],
    );
    let line = json!([{"start": 1.0, "end": 2.0, "text": "no no no"}]);
    assert_eq!(both.json()["transcript"], line);
    assert!(server.uploads().is_empty());
    let audit = server.audit();
    assert!(audit.contains("\"event\":\"read\"") && audit.contains("\"seconds\":5.0"), "{audit}");
    assert!(!audit.contains("talk") && !audit.contains("dare"), "{audit}");
}

#[test]
fn progress_comes_as_events_that_end_with_the_reading() {
    let server = Server::start(&["--longest-wait", "1s"]);
    let file = talk(5.0);
    let answer =
        server.post_with("/v1/predict", "audio/wav", &file, &[("accept", "text/event-stream")]);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events: Vec<(&str, Value)> = answer
        .body
        .split("\n\n")
        .filter_map(|event| event.split_once('\n'))
        .map(|(name, data)| {
            let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            (name.strip_prefix("event: ").unwrap(), data)
        })
        .collect();
    assert!(events.iter().rev().skip(1).all(|(name, data)| {
        *name == "progress" && (0.0..=1.0).contains(&data["share"].as_f64().unwrap())
    }));
    let (name, reading) = events.last().unwrap();
    assert_eq!((*name, &reading["schema"]), ("reading", &json!("limbic.reading/1")));
    let broken = server.post_with(
        "/v1/predict",
        "audio/wav",
        &file[..40],
        &[("accept", "text/event-stream")],
    );
    assert!(broken.body.contains("event: error") && broken.body.contains("\"status\":422"));
}

#[test]
fn a_long_recording_becomes_a_job_that_can_be_asked_for_and_cancelled() {
    let server = Server::start(&["--longest-wait", "2s", "--workers", "1"]);
    let taken = server.post("/v1/predict", "audio/wav", &talk(3.0));
    assert_eq!(taken.status, 202, "{}", taken.body);
    let place = taken.header("location").unwrap().to_owned();
    assert_eq!(place, format!("/v1/jobs/{}", taken.json()["id"].as_str().unwrap()));
    until("the job is done", || server.get(&place).json()["state"] == "done");
    let done = server.get(&place).json();
    assert_eq!((&done["share"], &done["reading"]["duration"]), (&json!(1.0), &json!(3.0)));
    assert_eq!(server.delete(&place).json()["state"], "done", "it had ended");

    let long = server.post("/v1/predict?async=true", "audio/wav", &talk(600.0));
    let place = long.header("location").unwrap().to_owned();
    assert_eq!(server.delete(&place).json()["state"], "cancelled");
    until("its upload is gone", || server.uploads().is_empty());
    assert_eq!(server.get(&place).json()["state"], "cancelled");
    server.get("/v1/jobs/none").problem(404);
}

#[test]
fn a_batch_says_of_each_what_became_of_it() {
    let server = Server::start(&["--most-files", "3"]);
    let file = talk(2.0);
    let answer = server.form(
        "/v1/batch",
        &[
            ("file", Some("a.wav"), &file),
            ("file", Some("b.wav"), &file[..40]),
            ("file", None, b"oh no"),
        ],
    );
    let readings = answer.json()["readings"].clone();
    assert_eq!(readings[0]["reading"]["source"], "a.wav");
    assert_eq!(
        (&readings[1]["index"], &readings[1]["problem"]["status"]),
        (&json!(1), &json!(422))
    );
    let sentence = readings[1]["problem"]["detail"].as_str().unwrap();
    assert!(sentence.starts_with("b.wav: "), "{sentence}");
    assert_eq!(readings[2]["reading"]["transcript"][0]["text"], "oh no");
    let part = ("file", Some("a.wav"), &file[..]);
    server.form("/v1/batch", &[part; 4]).problem(413);
    server.post("/v1/batch", "audio/wav", &file).problem(415);
}

#[test]
fn what_is_too_much_or_makes_no_sense_has_its_status_and_a_sentence() {
    let server = Server::start(&["--largest", "1", "--longest", "20s"]);
    let file = talk(1.0);
    let post = |path: &str, kind: &str, body: &[u8]| server.post(path, kind, body);
    let wav = "audio/wav";
    for (answer, status, part) in [
        (post("/v1/predict", "application/json", b"{}"), 415, "send multipart/form-data"),
        (post("/v1/predict", wav, &vec![0; 2 << 20]), 413, "1 MB at most"),
        (post("/v1/predict", wav, &talk(25.0)), 413, "longer than 20 s; give it in parts"),
        (post("/v1/predict", wav, b""), 422, "the file is empty"),
        (post("/v1/predict", wav, &file[..40]), 422, "upload: "),
        (post("/v1/predict", "image/png", &png(9000, 1)), 422, "8192"),
        (post("/v1/predict?evry=1s", wav, &file), 400, "no such option"),
        (post("/v1/predict?every=soon", wav, &file), 400, "every: "),
        (post("/v1/predict?purpose=grading+students", wav, &file), 403, "in education"),
        (post("/v1/predict?labels=none", wav, &file), 422, "no label set"),
        (server.form("/v1/predict", &[("every", None, b"1s")]), 400, "give a part `file`"),
        (post("/v1/predict", "multipart/form-data", b""), 400, "boundary"),
        (server.get("/v2"), 404, "/docs"),
        (server.get("/v1/stream"), 400, "WebSocket"),
        (server.get_with("/v1/models", ("origin", "https://example.org")), 403, "other sites"),
        (server.get_with("/v1/models", ("host", "example.org")), 403, "other sites"),
    ] {
        let said = answer.problem(status);
        assert!(said.contains(part), "{status}: {said}");
        assert!(!said.contains("clip-"), "the temporary file is nobody's business: {said}");
    }
    let method = server.get("/v1/predict");
    method.problem(405);
    assert_eq!(method.header("allow"), Some("POST"));
    assert!(server.audit().contains("\"event\":\"refuse\""));
    assert!(server.uploads().is_empty());
    assert_eq!(post("/v1/predict", wav, &file).status, 200, "and goes on");
}

#[test]
fn a_full_queue_says_when_to_try_again() {
    let server = Server::start(&["--workers", "1", "--queue", "1"]);
    let file = talk(300.0);
    let answers: Vec<_> =
        (0..4).map(|_| server.post("/v1/predict?async=true", "audio/wav", &file)).collect();
    let refused = answers.iter().find(|answer| answer.status != 202).unwrap();
    assert!(refused.problem(429).contains("wait already; try again in"));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    for answer in answers.iter().filter(|answer| answer.status == 202) {
        server.delete(answer.header("location").unwrap());
    }
    until("there is room again", || {
        server.post("/v1/predict", "audio/wav", &talk(1.0)).status == 200
    });
}

#[test]
fn strangers_need_the_token_and_another_address_needs_one_to_begin_with() {
    let secret = "0123456789abcdef0123";
    let server = Server::start_with(&[], &[("LIMBIC_TOKEN", secret)]);
    assert!(server.get("/v1/models").problem(401).contains("Authorization: Bearer"));
    server.get_with("/metrics", ("authorization", "Bearer 0123456789abcdef0124")).problem(401);
    let bearer = format!("Bearer {secret}");
    let models = server.get_with("/v1/models", ("authorization", &bearer)).json();
    assert_eq!(models["models"][0]["modalities"], json!(["text", "audio", "vision"]));
    assert_eq!(server.get("/healthz").body, "ok");

    let folder = tempfile::tempdir().unwrap();
    let refused = limbic(folder.path(), &["serve", "--listen", "0.0.0.0:0"], b"");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("LIMBIC_TOKEN"), "{}", refused.stderr);
    let refused = limbic(folder.path(), &["serve", "--purpose", "watching employees"], b"");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("not for monitoring people at work"), "{}", refused.stderr);
}

#[test]
fn pages_metrics_and_the_description_are_there() {
    let server = Server::start(&[]);
    for (path, kind) in
        [("/", "text/html"), ("/docs", "text/html"), ("/docs.js", "text/javascript")]
    {
        let page = server.get(path);
        assert!(page.header("content-type").unwrap().starts_with(kind), "{path}");
        assert!(page.header("content-security-policy").is_some() && !page.body.contains("//cdn"));
        assert!(page.header("access-control-allow-origin").is_none());
    }
    let description = server.get("/openapi.json").json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    server.post("/v1/predict", "text/plain", b"oh no");
    let metrics = server.get("/metrics").body;
    for line in [
        "limbic_readings_total{outcome=\"read\"} 1",
        "limbic_requests_total{route=\"/v1/predict\",status=\"200\"} 1",
        "limbic_model_calls 1",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}
