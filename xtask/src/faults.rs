//! `cargo xtask faults`: what clients, media and machines do wrong, and what the server makes of
//! it. After each fault it must answer the next request, and no file, thread or memory may be left.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::served::{Served, Usage, answer, request};
use crate::sound::{voice, wav};

/// Memory that may come and go, in megabytes: pictures of 64 megapixels have been seen.
const SLACK: f64 = 32.0;

/// For how long what a fault left may take to go.
const PATIENCE: Duration = Duration::from_secs(30);

const HEAD: &str = "POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: audio/wav\r\n";

/// One thing that goes wrong; what was seen of it.
type Fault = fn(&Served) -> Result<String>;

const FAULTS: [(&str, Fault); 7] = [
    ("clients gone mid-upload", gone_mid_upload),
    ("clients gone mid-stream", gone_mid_stream),
    ("1,000 half-open connections", half_open),
    ("slow heads and slow bodies", slow),
    ("wrong content types", wrong_kinds),
    ("media that grow when decoded", bombs),
    ("clients gone while it reads", gone_while_reading),
];

/// Prints what became of each fault; whether the server took them all.
pub(crate) fn run(program: &Path) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let scratch = folder.path().join("scratch");
    let limits = ["--head", "3s", "--longest", "10m", "--largest", "64", "--longest-wait", "1h"];
    let served = Served::start(program, &scratch, &[], &limits)?;
    let mut kept = true;
    // What is loaded and made ready once is no leak: each fault is met twice, and the second time
    // counts.
    for (name, fault) in FAULTS {
        let first = fault(&served).and_then(|_| settled(&served, None));
        let outcome = first.and_then(|before| {
            let seen = fault(&served)?;
            let after = settled(&served, Some(before))?;
            Ok(format!("{seen}; {}", change(before, after)))
        });
        kept &= told(name, outcome);
    }
    kept &= told("a full disk", full_disk(program, folder.path()));
    kept &= told("SIGTERM under load", terminated(program, &scratch));
    Ok(kept)
}

fn told(name: &str, outcome: Result<String>) -> bool {
    match outcome {
        Ok(seen) => println!("ok   {name:30} {seen}"),
        Err(error) => {
            println!("OVER {name:30} {error:#}");
            return false;
        }
    }
    true
}

fn change(before: Usage, after: Usage) -> String {
    format!(
        "files {} to {}, threads {} to {}, memory {:.0} to {:.0} MB",
        before.files, after.files, before.threads, after.threads, before.memory, after.memory
    )
}

/// Waits until the server uses no more than `before`, and has it answer a request.
fn settled(served: &Served, before: Option<Usage>) -> Result<Usage> {
    let began = Instant::now();
    loop {
        let read = served.post("text/plain", b"what a lovely day")?;
        ensure!(read.status == 200, "the next request was answered with {}", read.status);
        std::thread::sleep(Duration::from_millis(200));
        let now = served.usage()?;
        let quiet = served.uploads() == 0 && served.metric("limbic_connections")? <= 1.0;
        let low = before.is_none_or(|before| {
            now.files <= before.files
                && now.threads <= before.threads
                && now.memory <= before.memory + SLACK
        });
        if quiet && low {
            return Ok(now);
        }
        if began.elapsed() > PATIENCE {
            let before = before.map(|before| change(before, now)).unwrap_or_default();
            bail!("it keeps something: {} uploads, {before}", served.uploads());
        }
    }
}

fn gone_mid_upload(served: &Served) -> Result<String> {
    let file = voice(4.0, 140.0);
    for number in 0..200 {
        let mut stream = served.connect()?;
        write!(stream, "{HEAD}Content-Length: {}\r\n\r\n", file.len())?;
        stream.write_all(&file[..number * file.len() / 200])?;
    }
    Ok("200 times".into())
}

fn gone_mid_stream(served: &Served) -> Result<String> {
    let sound = voice(2.0, 140.0);
    for _ in 0..40 {
        let mut stream = served.connect()?;
        stream.write_all(
            b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
              Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )?;
        frame(&mut stream, 1, br#"{"type":"start"}"#)?;
        for piece in sound[44..].chunks(3200) {
            // The server turns a stream too many away, which then is gone before its client.
            if frame(&mut stream, 2, &[&[1], piece].concat()).is_err() {
                break;
            }
        }
    }
    Ok("40 times".into())
}

/// A WebSocket frame of a client, masked with zeros.
fn frame(stream: &mut TcpStream, kind: u8, content: &[u8]) -> Result<()> {
    let mut frame = vec![0x80 | kind];
    if let Ok(length @ ..126) = u8::try_from(content.len()) {
        frame.push(0x80 | length);
    } else {
        frame.push(0x80 | 0x7e);
        frame.extend((content.len() as u16).to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend(content);
    Ok(stream.write_all(&frame)?)
}

fn half_open(served: &Served) -> Result<String> {
    let streams: Vec<_> = (0..1000).map(|_| served.connect()).collect::<Result<_>>()?;
    let began = Instant::now();
    let read = served.post("audio/wav", &voice(4.0, 140.0))?;
    ensure!(read.status == 200, "a request beside them was answered with {}", read.status);
    let took = began.elapsed();
    drop(streams);
    Ok(format!("a request beside them took {} ms", took.as_millis()))
}

/// Bytes that come one by one.
fn slow(served: &Served) -> Result<String> {
    let mut heads = (0..200).map(|_| served.connect()).collect::<Result<Vec<_>>>()?;
    let mut bodies = (0..50)
        .map(|_| -> Result<TcpStream> {
            let mut stream = served.connect()?;
            write!(stream, "{HEAD}Content-Length: 100000\r\n\r\n")?;
            Ok(stream)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut slowest = Duration::ZERO;
    for byte in HEAD.bytes().take(26) {
        // A connection that the server gave up fails, as it should.
        heads.retain_mut(|stream| stream.write_all(&[byte]).is_ok());
        bodies.retain_mut(|stream| stream.write_all(&[0]).is_ok());
        let began = Instant::now();
        let read = served.post("text/plain", b"oh no")?;
        ensure!(read.status == 200, "a request beside them was answered with {}", read.status);
        slowest = slowest.max(began.elapsed());
        std::thread::sleep(Duration::from_secs(1));
    }
    ensure!(heads.is_empty(), "{} slow heads are still served after 26 s", heads.len());
    ensure!(bodies.is_empty(), "{} slow bodies are still served after 26 s", bodies.len());
    Ok(format!("all closed; the slowest request beside them took {} ms", slowest.as_millis()))
}

fn wrong_kinds(served: &Served) -> Result<String> {
    for (kind, body, status) in [
        ("application/json", &b"{}"[..], 415),
        ("", b"", 415),
        ("multipart/form-data", b"no boundary", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken", 400),
        ("audio/wav", b"\x89PNG\r\n\x1a\n", 422),
        ("image/png", b"RIFF\x24\0\0\0WAVEfmt ", 422),
        ("video/mp4", b"\0\0\0\x18ftypmp42", 422),
    ] {
        for _ in 0..20 {
            let read = served.post(kind, body)?;
            ensure!(read.status == status, "`{kind}` was answered with {}", read.status);
        }
    }
    Ok("140 requests, each with its status".into())
}

fn bombs(served: &Served) -> Result<String> {
    // An hour of samples in 3.6 MB, which are 16 times as many once they are at 16 kHz.
    let hour = wav(1000, 8, &vec![128; 3_600_000]);
    // A header that promises four gigabytes.
    let mut promise = wav(16_000, 16, &[0; 3200]);
    promise[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    // 64 megapixels in some hundred kilobytes, and more than are taken.
    let large = picture(8000, 8000)?;
    let huge = picture(9000, 9000)?;
    let mut seen = Vec::new();
    for (name, kind, body, statuses) in [
        ("an hour at 1 kHz", "audio/wav", &hour, &[413][..]),
        ("a promise of 4 GB", "audio/wav", &promise, &[200, 413, 422]),
        ("64 megapixels", "image/png", &large, &[200]),
        ("81 megapixels", "image/png", &huge, &[422]),
    ] {
        let began = Instant::now();
        let read = served.post(kind, body)?;
        ensure!(statuses.contains(&read.status), "{name} was answered with {}", read.status);
        seen.push(format!("{name} {} in {} ms", read.status, began.elapsed().as_millis()));
    }
    Ok(seen.join(", "))
}

fn picture(width: u32, height: u32) -> Result<Vec<u8>> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(width, height).write_to(&mut file, image::ImageFormat::Png)?;
    Ok(file.into_inner())
}

fn gone_while_reading(served: &Served) -> Result<String> {
    let file = voice(300.0, 140.0);
    for _ in 0..8 {
        let mut stream = served.connect()?;
        stream.write_all(&request("audio/wav", &file))?;
        std::thread::sleep(Duration::from_millis(200));
    }
    let began = Instant::now();
    while served.metric("limbic_active_readings")? + served.metric("limbic_waiting_readings")? > 0.0
    {
        ensure!(began.elapsed() < PATIENCE, "it reads on");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(format!("8 times; nobody reads on after {} ms", began.elapsed().as_millis()))
}

/// Uploads to a disk of one megabyte, in a name space of our own.
fn full_disk(program: &Path, folder: &Path) -> Result<String> {
    let disk = folder.join("disk");
    std::fs::create_dir_all(&disk)?;
    let script = format!(
        "mount -t tmpfs -o size=1m limbic {} && exec \"$@\"",
        disk.to_str().unwrap_or_default()
    );
    let before = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"];
    let can = Command::new(before[0])
        .args(&before[1..])
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let before: &[&str] =
        if can { &before } else { &["unshare", "--mount", "sh", "-c", &script, "sh"] };
    let served = Served::start(program, &disk, before, &[])?;
    let small = request("audio/wav", &voice(4.0, 140.0));
    let large = request("audio/wav", &voice(60.0, 140.0));
    for _ in 0..20 {
        for (body, status) in [(&large, 503), (&small, 200)] {
            let mut stream = served.connect()?;
            stream.write_all(body)?;
            let read = answer(&mut stream)?;
            ensure!(read.status == status, "answered with {}, not {status}", read.status);
        }
    }
    Ok("20 uploads too large for it 503, 20 that fit 200".into())
}

fn terminated(program: &Path, scratch: &Path) -> Result<String> {
    let mut served = Served::start(program, &scratch.join("terminated"), &[], &[])?;
    let file = request("audio/wav", &voice(4.0, 140.0));
    let clients = 32;
    let outcomes: Vec<Result<(usize, usize)>> = std::thread::scope(|scope| {
        let client = || -> Result<(usize, usize)> {
            let mut read = 0;
            loop {
                // What is not taken any more is refused or not connected; what was is answered.
                let Ok(mut stream) = served.connect() else { return Ok((read, 0)) };
                stream.write_all(&file)?;
                match answer(&mut stream)?.status {
                    200 => read += 1,
                    503 => return Ok((read, 1)),
                    other => bail!("answered with {other}"),
                }
            }
        };
        let asked: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        std::thread::sleep(Duration::from_secs(5));
        let terminated = served.terminate();
        let outcomes = asked.into_iter().map(|client| match client.join() {
            Ok(outcome) => outcome,
            Err(_) => bail!("a client panicked"),
        });
        let outcomes = outcomes.collect();
        terminated.map(|()| outcomes)
    })?;
    let began = Instant::now();
    let code = served.ended()?;
    ensure!(code == Some(0), "it ended with {code:?}");
    let (mut read, mut refused) = (0, 0);
    for outcome in outcomes {
        let (own, no) = outcome?;
        read += own;
        refused += no;
    }
    ensure!(served.uploads() == 0, "{} uploads are left", served.uploads());
    Ok(format!(
        "{read} readings, {refused} of {clients} refused, none broken; ended {} ms after the last",
        began.elapsed().as_millis()
    ))
}
