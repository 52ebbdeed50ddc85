//! `POST /v1/batch`: several recordings in one request.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use limbic::Reading;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs::{Job, Stage, Waiting, shared};
use crate::openapi::BatchForm;
use crate::predict::refused;
use crate::problem::Problem;
use crate::request::Id;
use crate::upload::{self, Most};

/// What became of several recordings, in their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Batch {
    readings: Vec<Entry>,
}

/// What became of one recording: a reading or a problem.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchEntry)]
pub(crate) struct Entry {
    /// The place of the recording in the request, from 0.
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shared")]
    #[schema(value_type = Option<Reading>, nullable = false)]
    reading: Option<Arc<Reading>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<Problem>,
}

/// Read several recordings
///
/// Each is a part `file` of the form; the options hold for all of them. What cannot be read is a
/// problem in its place.
#[utoipa::path(
    post,
    path = "/v1/batch",
    tag = "read",
    request_body(description = "The recordings", content = BatchForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What became of each", body = Batch),
        (status = "4XX", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn batch(
    State(app): State<Arc<App>>,
    Extension(Id(id)): Extension<Id>,
    request: Request,
) -> Result<Response> {
    app.check_open()?;
    let _under_way = app.tally.ticket();
    if !upload::is_form(request.headers()) {
        return Err(Error::Kind(
            "several recordings come as multipart/form-data, each in a part `file`".into(),
        ));
    }
    let most = Most { bytes: app.limits.bytes, files: app.limits.files };
    let taken = upload::take(&app.scratch, most, request).await?;
    let asked = taken.typed.asked().inspect_err(|error| refused(&app, &id, error))?;
    let mut under_way: Vec<(Arc<Job>, Waiting)> = Vec::with_capacity(taken.inputs.len());
    for (index, input) in taken.inputs.into_iter().enumerate() {
        let (work, job, waiting) = app.work(&format!("{id}-{index}"), input, asked.clone());
        under_way.push((job, waiting));
        // The first shows whether there is any room; who has begun is served to the end.
        if index == 0 {
            app.workers.submit(work)?;
        } else {
            app.workers.submit_patiently(work).await?;
        }
    }
    let mut readings = Vec::with_capacity(under_way.len());
    for (index, (job, _waiting)) in under_way.into_iter().enumerate() {
        let mut follow = job.follow();
        let stage = match follow.wait_for(Stage::is_last).await {
            Ok(stage) => stage.clone(),
            Err(_) => Stage::Failed(Error::Stopping),
        };
        let (reading, problem) = match stage {
            Stage::Done(reading) => (Some(reading), None),
            Stage::Failed(error) => (None, Some(Problem::new(&error, &id))),
            Stage::Waiting | Stage::Reading { .. } => (None, None),
        };
        readings.push(Entry { index, reading, problem });
    }
    Ok(Json(Batch { readings }).into_response())
}
