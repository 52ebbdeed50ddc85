//! The threads that read: a fixed number, with a queue of a fixed length before them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use limbic::Reading;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::audit::{Audit, Event};
use crate::error::{Error, Result};
use crate::jobs::{Job, Stage};
use crate::metrics::Metrics;
use crate::models::Models;
use crate::options::Asked;
use crate::tally::Ticket;
use crate::upload::Input;

/// One recording to be read.
pub(crate) struct Work {
    pub(crate) job: Arc<Job>,
    pub(crate) input: Input,
    pub(crate) asked: Asked,
    /// The server does not end before it is read.
    pub(crate) ticket: Ticket,
}

/// The queue and the threads behind it.
pub(crate) struct Workers {
    queue: Mutex<Option<mpsc::Sender<Work>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

/// What every worker needs.
pub(crate) struct Shared {
    pub(crate) models: Arc<Models>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) audit: Arc<Audit>,
    /// Seconds of one recording.
    pub(crate) longest: f64,
    pub(crate) waiting: AtomicUsize,
    pub(crate) reading: AtomicUsize,
    /// Mean milliseconds of a reading, the last ones above all.
    pub(crate) pace: AtomicU64,
    pub(crate) count: usize,
}

impl Workers {
    /// Starts `shared.count` threads, before which `places` recordings may wait.
    pub(crate) fn start(shared: Shared, places: usize) -> Result<Self> {
        let (queue, works) = mpsc::channel(places.max(1));
        let works = Arc::new(Mutex::new(works));
        let shared = Arc::new(shared);
        let threads = (0..shared.count.max(1)).map(|number| {
            let (works, shared) = (Arc::clone(&works), Arc::clone(&shared));
            std::thread::Builder::new()
                .name(format!("reader-{number}"))
                .spawn(move || {
                    while let Some(work) = next(&works) {
                        shared.work(work);
                    }
                })
                .map_err(|error| Error::Start(format!("no thread can be started: {error}")))
        });
        let threads = threads.collect::<Result<Vec<_>>>()?;
        Ok(Self { queue: Mutex::new(Some(queue)), threads: Mutex::new(threads), shared })
    }

    /// Puts a recording into the queue, if there is a place.
    pub(crate) fn submit(&self, work: Work) -> Result<()> {
        let queue = self.queue()?;
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        queue.try_send(work).map_err(|error| {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => self.busy(),
                TrySendError::Closed(_) => Error::Stopping,
            }
        })
    }

    /// Puts a recording into the queue as soon as there is a place.
    pub(crate) async fn submit_patiently(&self, work: Work) -> Result<()> {
        let queue = self.queue()?;
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        queue.send(work).await.map_err(|_| {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            Error::Stopping
        })
    }

    fn queue(&self) -> Result<mpsc::Sender<Work>> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.clone().ok_or(Error::Stopping)
    }

    fn busy(&self) -> Error {
        let waiting = self.waiting();
        let each = self.shared.pace.load(Ordering::Relaxed);
        let wait = each * waiting as u64 / self.shared.count.max(1) as u64;
        Error::Busy { waiting, seconds: wait.div_ceil(1000).clamp(1, 120) }
    }

    /// Recordings in the queue.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Recordings that are being read.
    pub(crate) fn reading(&self) -> usize {
        self.shared.reading.load(Ordering::Relaxed)
    }

    /// Takes nothing more, and waits until everything is read. Blocks.
    pub(crate) fn finish(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A reader catches what panics inside it.
            let _ = thread.join();
        }
    }
}

fn next(works: &Mutex<mpsc::Receiver<Work>>) -> Option<Work> {
    works.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

impl Shared {
    fn work(&self, work: Work) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let Work { job, input, asked, ticket } = work;
        if job.is_cancelled() {
            return;
        }
        self.reading.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let outcome = limbic::whole(|| self.read(&job, &input, &asked)).unwrap_or_else(|| {
            Err(Error::Unreadable(format!(
                "{}: a decoder failed on damaged content; copy or export the file again",
                input.name()
            )))
        });
        let took = began.elapsed();
        // The upload is gone before anybody has the answer.
        drop(input);
        let pace = self.pace.load(Ordering::Relaxed);
        let millis = took.as_millis() as u64;
        self.pace
            .store(if pace == 0 { millis } else { (pace * 7 + millis) / 8 }, Ordering::Relaxed);
        let seconds = outcome.as_ref().ok().and_then(|reading| reading.duration);
        self.metrics.read(outcome.is_ok(), took, seconds);
        self.audit.write(&Event::Read {
            request: &job.id,
            purpose: asked.purpose.as_deref(),
            seconds,
            status: outcome.as_ref().map_or_else(|error| error.status().as_u16(), |_| 200),
        });
        self.reading.fetch_sub(1, Ordering::Relaxed);
        job.reach(match outcome {
            Ok(reading) => Stage::Done(Arc::new(reading)),
            Err(error) => Stage::Failed(error),
        });
        drop(ticket);
    }

    fn read(&self, job: &Job, input: &Input, asked: &Asked) -> Result<Reading> {
        let limbic = self.models.asked(&asked.question)?;
        let clip = input.clip()?;
        let seconds = clip.duration();
        job.reach(Stage::Reading { share: 0.0, seconds });
        let options = asked.options.clone().longest(self.longest);
        let mut told = 0.0;
        let progress = |share: f64| {
            if job.is_cancelled() {
                return ControlFlow::Break(());
            }
            if share - told >= 0.01 {
                told = share;
                job.reach(Stage::Reading { share, seconds });
            }
            ControlFlow::Continue(())
        };
        let reading = limbic.read(&clip, &options, progress).map_err(|error| match error {
            limbic::Error::TooLong { longest, .. } => Error::TooLarge(format!(
                "{}: it is longer than {longest} s; give it in parts",
                input.name()
            )),
            limbic::Error::Media(error) => Error::Unreadable(input.disguised(&error.to_string())),
            limbic::Error::Model { .. } => Error::Model(input.disguised(&error.to_string())),
            other => other.into(),
        });
        let mut reading = reading?;
        input.name().clone_into(&mut reading.source);
        for skipped in &mut reading.skipped {
            skipped.reason = input.disguised(&skipped.reason);
        }
        Ok(reading)
    }
}
