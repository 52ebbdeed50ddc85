//! A reading as server-sent events: `progress` as it goes on, then `reading` or `error`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::jobs::{Job, Stage, Waiting};
use crate::problem::Problem;

/// How far a reading is.
#[derive(Serialize)]
struct Progress {
    /// The share of the work that is done, 0 to 1.
    share: f64,
}

/// Events between two of which nothing happens for so long are parted by a comment.
const QUIET: Duration = Duration::from_secs(10);

/// The events of a job, which is cancelled when nobody listens any more.
pub(crate) fn follow(job: &Arc<Job>, waiting: Waiting, id: &str) -> Response {
    let state = Some((job.follow(), waiting, id.to_owned(), true));
    let events = futures_util::stream::unfold(state, async |state| {
        let (mut follow, waiting, id, first) = state?;
        if !first && follow.changed().await.is_err() {
            return None;
        }
        let stage = follow.borrow_and_update().clone();
        let (event, goes_on) = match stage {
            Stage::Waiting => (progress(0.0), true),
            Stage::Reading { share, .. } => (progress(share), true),
            Stage::Done(reading) => (named("reading", &*reading), false),
            Stage::Failed(error) => (named("error", &Problem::new(&error, &id)), false),
        };
        Some((Ok::<_, Infallible>(event), goes_on.then_some((follow, waiting, id, false))))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(QUIET)).into_response()
}

fn progress(share: f64) -> Event {
    named("progress", &Progress { share: (share * 100.0).round() / 100.0 })
}

fn named(name: &str, data: &impl Serialize) -> Event {
    // Readings and problems are always JSON.
    Event::default().event(name).json_data(data).unwrap_or_default()
}
