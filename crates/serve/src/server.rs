//! Takes connections, and ends when it is asked to, with everything finished that was taken.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::app::App;
use crate::shutdown;
use crate::tally::{Tally, Ticket};

/// What a connection too many is told.
const CROWDED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nconnection: close\r\n\
    content-type: application/problem+json\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"too many \
    connections are open; try again in 10 s\",\"request\":\"none\"}";

/// For how long connections may go on once everything is finished.
const GOODBYE: Duration = Duration::from_secs(5);

/// One connection with its client.
type Connection = http1::UpgradeableConnection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

/// Bytes of the head of a request.
const LARGEST_HEAD: usize = 64 << 10;

/// Serves until the program is asked to end, twice for at once.
pub(crate) async fn serve(app: &Arc<App>, listener: TcpListener, router: Router) {
    tokio::select! {
        () = take(app, listener, router) => {}
        // The second time.
        () = async { shutdown::asked().await; shutdown::asked().await } => {
            tracing::warn!("ended at once");
        }
    }
}

async fn take(app: &Arc<App>, listener: TcpListener, router: Router) {
    let mut http = http1::Builder::new();
    // Connections without a request, or with half a head of one, are closed after a while.
    http.timer(TokioTimer::new()).header_read_timeout(app.limits.head).max_buf_size(LARGEST_HEAD);
    let (closing, open) = (watch::Sender::new(false), Tally::new());
    let places = Arc::new(Semaphore::new(app.limits.connections));
    let mut ending = std::pin::pin!(finish(app));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut ending => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No file handle is left, or the client has gone: neither is for long.
                tracing::warn!("a connection was not taken: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tokio::spawn(turn_away(stream));
            continue;
        };
        // A lost nagle costs nothing here, and events come at once.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let (open, closed) =
            (Open::new(Arc::clone(app), place, open.ticket()), closing.subscribe());
        tokio::spawn(async move {
            attend(connection, closed).await;
            drop(open);
        });
    }
    drop(listener);
    closing.send_replace(true);
    open.none(GOODBYE).await;
}

/// Serves a connection to its end; one that is `closed` ends after the request that it is at.
async fn attend(connection: Connection, mut closed: watch::Receiver<bool>) {
    let mut connection = std::pin::pin!(connection);
    let closes = async {
        let _ = closed.wait_for(|closed| *closed).await;
    };
    tokio::select! {
        // What goes wrong with a connection is the client's to know.
        _ = connection.as_mut() => return,
        () = closes => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Waits until the program is asked to end and everything taken is finished.
async fn finish(app: &Arc<App>) {
    shutdown::asked().await;
    tracing::info!(under_way = app.tally.count(), "ending");
    app.stopping.send_replace(true);
    if !app.tally.none(app.limits.stop).await {
        tracing::warn!(under_way = app.tally.count(), "ended before everything was finished");
    }
}

/// An open connection, until it is dropped.
struct Open {
    app: Arc<App>,
    _place: OwnedSemaphorePermit,
    _ticket: Ticket,
}

impl Open {
    fn new(app: Arc<App>, place: OwnedSemaphorePermit, ticket: Ticket) -> Self {
        app.metrics.connections.inc();
        Self { app, _place: place, _ticket: ticket }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.app.metrics.connections.dec();
    }
}

async fn turn_away(mut stream: TcpStream) {
    let told = stream.write_all(CROWDED);
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_is_turned_away_is_told_a_whole_problem() {
        let text = std::str::from_utf8(super::CROWDED).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("connection: close"), "{head}");
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], 503);
    }
}
