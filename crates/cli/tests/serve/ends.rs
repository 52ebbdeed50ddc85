//! Clients that go, and servers that end.

use std::io::Write;
use std::net::TcpStream;
use std::thread;

use super::client::{Server, until};
use super::talk;

#[test]
fn a_server_that_is_told_to_end_finishes_what_it_took() {
    let mut server = Server::start(&["--workers", "1"]);
    let file = talk(60.0);
    thread::scope(|scope| {
        let asked: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| server.post("/v1/predict", "audio/wav", &file)))
            .collect();
        until("all are taken", || {
            let metrics = server.get("/metrics").body;
            let count = |name: &str| -> u32 {
                let line = metrics.lines().find(|line| line.starts_with(name)).unwrap();
                line.rsplit(' ').next().unwrap().parse().unwrap()
            };
            count("limbic_waiting_readings ") + count("limbic_active_readings ") == 3
        });
        server.terminate();
        until("it takes nothing new", || {
            let refused = server.post("/v1/predict", "text/plain", b"oh");
            refused.status == 503 && refused.header("retry-after").is_some()
        });
        for answer in asked {
            assert_eq!(answer.join().unwrap().status, 200);
        }
    });
    assert_eq!(server.ended(), Some(0));
    assert!(server.scratch().is_empty());
    assert!(server.audit().trim_end().ends_with("\"event\":\"stop\"}"));
}

#[test]
fn clients_that_go_or_dawdle_leave_nothing_behind() {
    let limits = ["--head", "1s", "--connections", "300", "--longest-wait", "1h", "--workers", "1"];
    let server = Server::start(&limits);
    let connect = || TcpStream::connect(&server.address).unwrap();
    let head = "POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: audio/wav\r\n";
    let silent: Vec<TcpStream> = (0..100).map(|_| connect()).collect();
    let half: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = connect();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    for _ in 0..20 {
        let mut stream = connect();
        write!(stream, "{head}Content-Length: 1000000\r\n\r\n").unwrap();
        stream.write_all(&[0; 5000]).unwrap();
    }
    assert_eq!(server.post("/v1/predict", "text/plain", b"oh no").status, 200);
    until("the broken uploads are gone", || server.uploads().is_empty());
    until("who says nothing is closed", || {
        // The one that asks is open.
        server.get("/metrics").body.contains("limbic_connections 1\n")
    });
    drop((silent, half));

    // A caller that goes away while it waits stops the work.
    let mut stream = connect();
    let file = talk(600.0);
    write!(stream, "{head}Content-Length: {}\r\n\r\n", file.len()).unwrap();
    stream.write_all(&file).unwrap();
    until("it is read", || server.get("/metrics").body.contains("limbic_active_readings 1"));
    drop(stream);
    until("nobody reads", || server.get("/metrics").body.contains("limbic_active_readings 0"));
    assert!(server.uploads().is_empty());
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("limbic_readings_total{outcome=\"failed\"} 1"), "{metrics}");
}
