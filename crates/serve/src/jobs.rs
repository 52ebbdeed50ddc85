//! Readings under way, and those that are kept for whoever asks for them later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use limbic::Reading;
use serde::{Serialize, Serializer};
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::problem::Problem;

/// One reading under way.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    stage: watch::Sender<Stage>,
    cancelled: AtomicBool,
}

/// How far a reading is.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// In the queue.
    Waiting,
    /// Being read: the share that is done, and the seconds that the recording declares.
    Reading {
        share: f64,
        seconds: Option<f64>,
    },
    Done(Arc<Reading>),
    Failed(Error),
}

impl Stage {
    /// Whether nothing more happens.
    pub(crate) const fn is_last(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Failed(_))
    }
}

impl Job {
    pub(crate) fn new(id: String) -> Arc<Self> {
        let stage = watch::Sender::new(Stage::Waiting);
        Arc::new(Self { id, stage, cancelled: AtomicBool::new(false) })
    }

    /// Follows what becomes of it.
    pub(crate) fn follow(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// How far it is.
    pub(crate) fn stage(&self) -> Stage {
        self.stage.borrow().clone()
    }

    /// It has come to `stage`; after the last one nothing changes.
    pub(crate) fn reach(&self, stage: Stage) {
        self.stage.send_if_modified(|now| {
            let goes_on = !now.is_last();
            if goes_on {
                *now = stage;
            }
            goes_on
        });
    }

    /// Nobody wants it any more.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.reach(Stage::Failed(Error::Cancelled));
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The job as the client sees it.
    pub(crate) fn seen(&self) -> SeenJob {
        let mut seen = SeenJob {
            id: self.id.clone(),
            state: State::Waiting,
            share: 0.0,
            reading: None,
            problem: None,
        };
        match self.stage() {
            Stage::Waiting => {}
            Stage::Reading { share, .. } => {
                seen.state = State::Reading;
                seen.share = (share * 1e4).round() / 1e4;
            }
            Stage::Done(reading) => {
                (seen.state, seen.share, seen.reading) = (State::Done, 1.0, Some(reading));
            }
            Stage::Failed(Error::Cancelled) => seen.state = State::Cancelled,
            Stage::Failed(error) => {
                seen.state = State::Failed;
                seen.problem = Some(Problem::new(&error, &self.id));
            }
        }
        seen
    }
}

/// What has become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Nobody has begun.
    Waiting,
    /// It is being read.
    Reading,
    /// There is a reading.
    Done,
    /// There is a problem.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

/// A job.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct SeenJob {
    /// Its id.
    pub id: String,
    /// What has become of it.
    pub state: State,
    /// The share of the work that is done, 0 to 1.
    pub share: f64,
    /// The reading, once it is done.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shared")]
    #[schema(value_type = Option<Reading>, nullable = false)]
    pub reading: Option<Arc<Reading>>,
    /// Why there is none, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<Problem>,
}

/// Writes a reading that others hold, too.
#[expect(clippy::ref_option, reason = "serde calls it so")]
pub(crate) fn shared<S: Serializer>(
    reading: &Option<Arc<Reading>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    reading.as_deref().serialize(serializer)
}

/// Cancels a job when whoever waits for it goes away.
pub(crate) struct Waiting(Option<Arc<Job>>);

impl Waiting {
    pub(crate) const fn new(job: Arc<Job>) -> Self {
        Self(Some(job))
    }

    /// The job goes on without anybody.
    pub(crate) fn leave(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            job.cancel();
        }
    }
}

/// The jobs that can be asked for by their id.
#[derive(Debug)]
pub(crate) struct Jobs {
    kept: Mutex<HashMap<String, Kept>>,
    keep: Duration,
    most: usize,
}

#[derive(Debug)]
struct Kept {
    job: Arc<Job>,
    /// When it was first seen to have ended.
    ended: Option<Instant>,
}

impl Jobs {
    /// At most `most` jobs, each kept for `keep` after its end.
    pub(crate) fn new(keep: Duration, most: usize) -> Self {
        Self { kept: Mutex::default(), keep, most }
    }

    /// Keeps a job. Where there is no room the one that ended first makes it.
    pub(crate) fn keep(&self, job: &Arc<Job>) -> Result<()> {
        self.tidy();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.most {
            let oldest = kept.iter().filter_map(|(id, k)| Some((k.ended?, id.clone()))).min();
            let Some((_, id)) = oldest else {
                return Err(Error::Crowded { what: format!("{} jobs", kept.len()), seconds: 30 });
            };
            kept.remove(&id);
        }
        kept.insert(job.id.clone(), Kept { job: Arc::clone(job), ended: None });
        Ok(())
    }

    /// The job of an id.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<Job>> {
        self.tidy();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(id).map(|kept| Arc::clone(&kept.job)).ok_or(Error::NoJob)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets what was kept for long enough.
    pub(crate) fn tidy(&self) {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| {
            if kept.ended.is_none() && kept.job.stage.borrow().is_last() {
                kept.ended = Some(now);
            }
            kept.ended.is_none_or(|ended| now.duration_since(ended) < self.keep)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_job_makes_room_and_one_under_way_does_not() {
        let jobs = Jobs::new(Duration::from_mins(1), 2);
        let [a, b, c] = ["a", "b", "c"].map(|id| Job::new(id.into()));
        jobs.keep(&a).unwrap();
        jobs.keep(&b).unwrap();
        assert!(matches!(jobs.keep(&c), Err(Error::Crowded { .. })));
        a.reach(Stage::Failed(Error::NoJob));
        jobs.keep(&c).unwrap();
        assert!(jobs.get("a").is_err() && jobs.get("b").is_ok() && jobs.get("c").is_ok());
    }

    #[test]
    fn a_job_is_forgotten_when_its_time_has_come() {
        let jobs = Jobs::new(Duration::ZERO, 2);
        let job = Job::new("a".into());
        jobs.keep(&job).unwrap();
        assert!(jobs.get("a").is_ok());
        job.cancel();
        assert!(jobs.get("a").is_err());
    }

    #[test]
    fn a_caller_that_goes_away_cancels_and_one_that_leaves_does_not() {
        let job = Job::new("a".into());
        Waiting::new(Arc::clone(&job)).leave();
        assert!(!job.is_cancelled());
        drop(Waiting::new(Arc::clone(&job)));
        assert!(job.is_cancelled());
        job.reach(Stage::Waiting);
        assert_eq!(job.seen().state, State::Cancelled, "the last word is kept");
    }
}
