//! What every route shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Semaphore, watch};

use crate::audit::{Audit, Event};
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::jobs::{Job, Jobs, Waiting};
use crate::metrics::{Metrics, Now};
use crate::models::Models;
use crate::options::Asked;
use crate::purpose::Refusal;
use crate::tally::Tally;
use crate::token::Token;
use crate::upload::{Input, Scratch};
use crate::workers::{Work, Workers};

/// What every route shares.
pub(crate) struct App {
    pub(crate) limits: Limits,
    pub(crate) models: Arc<Models>,
    pub(crate) workers: Workers,
    pub(crate) jobs: Jobs,
    pub(crate) scratch: Scratch,
    pub(crate) audit: Arc<Audit>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) token: Option<Token>,
    pub(crate) local: bool,
    /// What is under way.
    pub(crate) tally: Tally,
    /// Places for streams.
    pub(crate) streams: Arc<Semaphore>,
    /// Whether the experts are loaded.
    pub(crate) ready: AtomicBool,
    /// Whether the server ends.
    pub(crate) stopping: watch::Sender<bool>,
}

impl App {
    /// Refuses new work where the server ends.
    pub(crate) fn check_open(&self) -> Result<()> {
        if *self.stopping.borrow() { Err(Error::Stopping) } else { Ok(()) }
    }

    /// Whether the server can read.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !*self.stopping.borrow()
    }

    /// The work of one recording, and its job, which is cancelled when nobody waits.
    pub(crate) fn work(&self, id: &str, input: Input, asked: Asked) -> (Work, Arc<Job>, Waiting) {
        let job = Job::new(id.to_owned());
        let waiting = Waiting::new(Arc::clone(&job));
        let ticket = self.tally.ticket();
        (Work { job: Arc::clone(&job), input, asked, ticket }, job, waiting)
    }

    /// Writes a refusal to the audit log.
    pub(crate) fn refused(&self, request: &str, refusal: Refusal) {
        self.audit.write(&Event::Refuse { request, reason: refusal.to_string() });
    }

    /// The metrics at this moment.
    pub(crate) fn metrics_text(&self) -> String {
        self.jobs.tidy();
        self.metrics.text(Now {
            waiting: self.workers.waiting(),
            reading: self.workers.reading(),
            jobs: self.jobs.len(),
            calls: self.models.calls(),
        })
    }
}
