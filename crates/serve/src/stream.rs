//! `GET /v1/stream`: sound, pictures and words as they come, readings as they settle, over a
//! WebSocket.
//!
//! Each stream has a thread that reads and two tasks that carry messages, with short queues
//! between them: a client that sends faster than is read is slowed down by its own connection, and
//! one that does not read its rows is slowed down likewise.

mod messages;
mod session;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, FromRequestParts, Request, State};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use self::messages::{Answer, In, Setup, read};
use crate::app::App;
use crate::error::{Error, Result};
use crate::predict::refused;
use crate::problem::Problem;
use crate::request::Id;
use crate::tally::Ticket;
use crate::token;

/// Messages that may wait on either side.
const QUEUE: usize = 32;

/// Bytes of one message: a large picture.
const LARGEST: usize = 4 << 20;

/// A client that says nothing for so long has gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Added to the longest stream before it is ended whatever it holds.
const SLACK: Duration = Duration::from_mins(1);

/// Read a recording that is still going on
///
/// A WebSocket. The client sends `{"type":"start",...}`, then sound (a byte 1 and 16-bit samples)
/// and pictures (a byte 2, the second as a 64-bit number, a jpeg), words as
/// `{"type":"text",...}`, and `{"type":"stop"}`; the server sends `started`, a `row` as each
/// settles, and the `reading`.
#[utoipa::path(
    get,
    path = "/v1/stream",
    tag = "read",
    responses(
        (status = 101, description = "The stream begins"),
        (status = "4XX", description = "Why it does not", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Why it does not", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    Extension(Id(id)): Extension<Id>,
    request: Request,
) -> Result<Response> {
    app.check_open()?;
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|_| {
        Error::Malformed("this path speaks WebSocket; connect to it with ws:// or wss://".into())
    })?;
    let place = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| Error::Crowded {
        what: format!("{} streams", app.limits.streams),
        seconds: 10,
    })?;
    let upgrade = match token::protocol(&parts.headers) {
        Some(protocol) => upgrade.protocols([protocol.to_owned()]),
        None => upgrade,
    };
    let upgrade = upgrade.max_message_size(LARGEST).max_frame_size(LARGEST);
    let held = Held { app: Arc::clone(&app), _place: place, _ticket: app.tally.ticket() };
    app.metrics.streams.inc();
    Ok(upgrade.on_upgrade(move |socket| converse(held, id, socket)))
}

/// A place among the streams, until it is dropped.
struct Held {
    app: Arc<App>,
    _place: OwnedSemaphorePermit,
    _ticket: Ticket,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.app.metrics.streams.dec();
    }
}

async fn converse(held: Held, id: String, socket: WebSocket) {
    let app = &held.app;
    let (mut sink, mut stream) = socket.split();
    let setup = match timeout(SILENCE, begin(&mut stream)).await {
        Ok(setup) => setup.inspect_err(|error| refused(app, &id, error)),
        Err(_) => Err(Error::Slow),
    };
    let setup = match setup {
        Ok(setup) => setup,
        Err(error) => return end(&mut sink, Some(Answer::error(&error, &id))).await,
    };
    let (inbox, incoming) = mpsc::channel(QUEUE);
    let (outgoing, outbox) = mpsc::channel(QUEUE);
    let shared = Arc::clone(app);
    let session = id.clone();
    let thread = std::thread::Builder::new()
        .name("stream".into())
        .spawn(move || session::run(&shared, &session, &setup, incoming, &outgoing));
    let Ok(thread) = thread else {
        return end(&mut sink, Some(Answer::error(&Error::Stopping, &id))).await;
    };
    tokio::select! {
        () = tell(&mut sink, outbox) => {}
        () = listen(app, &id, &mut stream, inbox) => {}
    }
    drop((sink, stream));
    // Nothing more comes in, so it ends at once.
    let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    drop(held);
}

/// The first message.
async fn begin(stream: &mut SplitStream<WebSocket>) -> Result<Setup> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => return messages::start(&text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => {
                return Err(Error::Malformed(
                    "the first message sets up the stream: {\"type\":\"start\"}".into(),
                ));
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Error::Broken),
        }
    }
}

/// Hands what the client sends to the session until the client has gone. Whatever goes on after
/// the end of what is listened to is the session's to say.
async fn listen(app: &App, id: &str, stream: &mut SplitStream<WebSocket>, inbox: mpsc::Sender<In>) {
    let mut stopping = app.stopping.subscribe();
    let longest = Duration::from_secs_f64(app.limits.stream) + SLACK;
    let ends = Instant::now() + longest;
    let mut done = false;
    loop {
        let until = ends.min(Instant::now() + SILENCE);
        let message = tokio::select! {
            message = timeout_at(until, stream.next()) => message,
            // The server ends: what was taken is read to its end.
            () = stopped(&mut stopping), if !done => {
                done = inbox.send(In::Stop).await.is_ok();
                continue;
            }
        };
        let taken = match message {
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
            Ok(Some(Ok(Message::Text(text)))) => messages::said(&text),
            Ok(Some(Ok(Message::Binary(bytes)))) => read(&bytes),
            Err(_) if done => return,
            Err(_) => Err(Error::Slow),
        };
        if done {
            continue;
        }
        let taken = taken.unwrap_or_else(|error| {
            tracing::info!(request = id, status = error.status().as_u16(), "a stream went wrong");
            In::Wrong(error)
        });
        done = matches!(taken, In::Stop | In::Wrong(_));
        if inbox.send(taken).await.is_err() {
            // The session has ended and says why.
            done = true;
        }
    }
}

/// Waits until the server ends.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stopping| *stopping).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Sends what the session says until it has said its last.
async fn tell(sink: &mut SplitSink<WebSocket, Message>, mut outbox: mpsc::Receiver<Answer>) {
    while let Some(answer) = outbox.recv().await {
        let sent = timeout(SILENCE, sink.send(Message::Text(answer.text.into()))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
    end(sink, None).await;
}

/// Closes the stream, perhaps with a last word.
async fn end(sink: &mut SplitSink<WebSocket, Message>, last: Option<Answer>) {
    if let Some(answer) = last {
        let _ = timeout(SILENCE, sink.send(Message::Text(answer.text.into()))).await;
    }
    let close = CloseFrame { code: close_code::NORMAL, reason: "".into() };
    let _ = timeout(SILENCE, sink.send(Message::Close(Some(close)))).await;
}
