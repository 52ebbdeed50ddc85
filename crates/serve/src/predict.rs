//! `POST /v1/predict`: one recording, read while the caller waits, or as a job.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use limbic::Reading;

use crate::app::App;
use crate::error::{Error, Result};
use crate::events;
use crate::jobs::{Job, SeenJob, Stage, Waiting};
use crate::openapi::{PredictForm, Recording};
use crate::problem::Problem;
use crate::request::Id;
use crate::upload::{self, Most};

/// Read one recording
///
/// The recording is a part `file` of a form, or the body itself with the options in the query. A
/// recording that is longer than the server lets anybody wait for becomes a job.
#[utoipa::path(
    post,
    path = "/v1/predict",
    tag = "read",
    params(
        ("modalities" = Option<String>, Query, description = "Use only these: some of text, audio and vision, separated by commas"),
        ("every" = Option<String>, Query, description = "Length of one row of the timeline: 500ms, 1s, 0.5, 2m"),
        ("risk" = Option<String>, Query, description = "Share of the answers that may be wrong before `uncertain` is one: 0.2, 20%, model or none"),
        ("emotions" = Option<String>, Query, description = "Speak of these emotions, by the meaning of their words: joy, awe=a wide feeling"),
        ("labels" = Option<String>, Query, description = "Speak of the labels of this label set of the model"),
        ("purpose" = Option<String>, Query, description = "What the reading is for"),
        ("async" = Option<bool>, Query, description = "Do not wait: answer with a job"),
    ),
    request_body(description = "The recording", content(
        (PredictForm = "multipart/form-data"),
        (String = "text/plain"),
        (Recording = "application/octet-stream"),
        (Recording = "audio/*"),
        (Recording = "video/*"),
        (Recording = "image/*"),
    )),
    responses(
        (status = 200, description = "The reading, or events: `progress`, then `reading` or `error`", content(
            (Reading = "application/json"), (String = "text/event-stream"))),
        (status = 202, description = "A job, at the place that Location names", body = SeenJob,
            headers(("Location" = String, description = "Where to ask for the job"))),
        (status = "4XX", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn predict(
    State(app): State<Arc<App>>,
    Extension(Id(id)): Extension<Id>,
    request: Request,
) -> Result<Response> {
    app.check_open()?;
    let _under_way = app.tally.ticket();
    let listens = wants_events(request.headers());
    let most = Most { bytes: app.limits.bytes, files: 1 };
    let taken = upload::take(&app.scratch, most, request).await?;
    let asked = taken.typed.asked().inspect_err(|error| refused(&app, &id, error))?;
    let Some(input) = taken.inputs.into_iter().next() else {
        return Err(Error::Malformed("give a part `file`, a part `text`, or both".into()));
    };
    let background = asked.background && !listens;
    let (work, job, waiting) = app.work(&id, input, asked);
    app.workers.submit(work)?;
    if listens {
        return Ok(events::follow(&job, waiting, &id));
    }
    if background {
        return leave(&app, &job, waiting);
    }
    let mut follow = job.follow();
    loop {
        match follow.borrow_and_update().clone() {
            Stage::Done(reading) => return Ok(Json(&*reading).into_response()),
            Stage::Failed(error) => return Err(error),
            Stage::Reading { seconds: Some(seconds), .. } if seconds > app.limits.wait => {
                return leave(&app, &job, waiting);
            }
            Stage::Waiting | Stage::Reading { .. } => {}
        }
        if follow.changed().await.is_err() {
            return Err(Error::Stopping);
        }
    }
}

/// Lets a job go on without its caller, who may ask for it later.
fn leave(app: &App, job: &Arc<Job>, waiting: Waiting) -> Result<Response> {
    app.jobs.keep(job)?;
    waiting.leave();
    let mut response = (StatusCode::ACCEPTED, Json(job.seen())).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/jobs/{}", job.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// Writes a refused purpose to the audit log.
pub(crate) fn refused(app: &App, id: &str, error: &Error) {
    if let Error::Purpose(refusal) = error {
        app.refused(id, *refusal);
    }
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|list| list.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/event-stream"))
}
