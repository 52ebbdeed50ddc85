//! limbic as a server: clips in over HTTP, readings out.
//!
//! Routes ([`axum`]) take requests apart and put answers together; a queue of fixed length and a
//! fixed number of threads read; `limbic` does the reading. Nothing is kept: an upload lies in a
//! private temporary file while it is read, and neither it nor what was read is logged.

mod app;
mod audit;
mod batch;
mod config;
mod error;
mod events;
mod jobs;
mod metrics;
mod models;
mod openapi;
mod options;
mod page;
mod predict;
mod problem;
mod purpose;
mod request;
mod routes;
mod server;
mod shutdown;
mod stream;
mod tally;
mod token;
mod upload;
mod workers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use limbic::Limbic;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::app::App;
use crate::audit::{Audit, Event};
pub use crate::config::{Config, Limits};
pub use crate::error::{Error, Result};
use crate::jobs::Jobs;
use crate::metrics::Metrics;
use crate::models::Models;
pub use crate::problem::Problem;
pub use crate::purpose::{Refusal, declared};
use crate::tally::Tally;
use crate::token::Token;
use crate::upload::Scratch;
use crate::workers::{Shared, Workers};

/// Threads that carry messages; they never read.
const CARRIERS: usize = 2;

/// File handles beside those of connections.
const HANDLES: u64 = 256;

/// Serves `limbic` until the program is asked to end. `listening` is told the address.
///
/// # Errors
/// [`Error::Start`] and [`Error::File`] where the server cannot start as it was told to.
pub fn serve(limbic: Limbic, config: &Config, listening: impl FnOnce(SocketAddr)) -> Result<()> {
    config.check()?;
    let purpose = config.purpose.as_deref().map(declared).transpose().map_err(Error::Purpose)?;
    let wanted = config.limits.connections as u64 + HANDLES;
    if rlimit::increase_nofile_limit(wanted).is_ok_and(|given| given < wanted) {
        tracing::warn!("the system lets this program open fewer files than --connections needs");
    }
    let start = |error: std::io::Error| {
        let listen = config.listen;
        Error::Start(format!("{listen}: {error}; choose another address with --listen"))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CARRIERS)
        .thread_name("carrier")
        .enable_all()
        .build()
        .map_err(start)?;
    let listener = runtime.block_on(TcpListener::bind(config.listen)).map_err(start)?;
    let address = listener.local_addr().map_err(start)?;
    let app = Arc::new(assemble(limbic, config)?);
    let audit = Arc::clone(&app.audit);
    audit.write(&Event::Start { purpose: purpose.as_deref(), model: &app.models.id() });
    let router = routes::routes(Arc::clone(&app));
    listening(address);
    let loading = Arc::clone(&app);
    let loaded = std::thread::spawn(move || {
        let loaded = loading.models.load();
        loading.ready.store(loaded.is_ok(), Ordering::Relaxed);
        loaded
    });
    runtime.block_on(server::serve(&app, listener, router));
    // Whatever a reader still reads is cancelled with those who waited for it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    app.workers.finish();
    audit.write(&Event::Stop);
    loaded.join().unwrap_or_else(|_| Err(Error::Model("the model cannot be loaded".into())))
}

fn assemble(limbic: Limbic, config: &Config) -> Result<App> {
    let limits = config.limits.clone();
    let models = Arc::new(Models::new(limbic));
    let metrics = Arc::new(Metrics::new());
    let audit = Arc::new(Audit::open(config.audit.as_deref())?);
    let shared = Shared {
        models: Arc::clone(&models),
        metrics: Arc::clone(&metrics),
        audit: Arc::clone(&audit),
        longest: limits.seconds,
        waiting: AtomicUsize::new(0),
        reading: AtomicUsize::new(0),
        pace: AtomicU64::new(0),
        count: limits.workers,
    };
    Ok(App {
        models,
        workers: Workers::start(shared, limits.queue)?,
        jobs: Jobs::new(limits.keep_jobs, limits.jobs),
        scratch: Scratch::new(config.scratch.as_deref())?,
        audit,
        metrics,
        token: config.token.as_deref().map(Token::new),
        local: config.is_local() && config.token.is_none(),
        tally: Tally::new(),
        streams: Arc::new(Semaphore::new(limits.streams)),
        ready: AtomicBool::new(false),
        stopping: watch::Sender::new(false),
        limits,
    })
}
