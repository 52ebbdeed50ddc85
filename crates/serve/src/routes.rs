//! Which path leads where.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};

use crate::app::App;
use crate::batch::batch;
use crate::error::{Error, Result};
use crate::jobs::SeenJob;
use crate::models::ModelList;
use crate::openapi;
use crate::page::ASSETS;
use crate::predict::predict;
use crate::problem::Problem;
use crate::request::accompany;
use crate::stream::stream;

/// The content type of `OpenMetrics`.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every route of the server.
pub(crate) fn routes(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/v1/predict", post(predict))
        .route("/v1/batch", post(batch))
        .route("/v1/jobs/{id}", get(job).delete(cancel))
        .route("/v1/models", get(models))
        .route("/v1/stream", get(stream))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi_json));
    for asset in ASSETS {
        router = router.route(asset.path, get(async move || asset));
    }
    router
        .fallback(async || Error::NoPath)
        // Bodies have a limit of their own.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(&app), accompany))
        .with_state(app)
}

/// Ask for a job
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The id of the job")),
    responses(
        (status = 200, description = "The job", body = SeenJob),
        (status = "4XX", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn job(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response> {
    Ok(Json(app.jobs.get(&id)?.seen()).into_response())
}

/// Cancel a job
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The id of the job")),
    responses(
        (status = 200, description = "The job, cancelled unless it had ended", body = SeenJob),
        (status = "4XX", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response> {
    let job = app.jobs.get(&id)?;
    job.cancel();
    Ok(Json(job.seen()).into_response())
}

/// What there is to read with
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "read",
    responses(
        (status = 200, description = "The models", body = ModelList),
        (status = "4XX", description = "Why there is no answer", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn models(State(app): State<Arc<App>>) -> Result<Response> {
    let list = tokio::task::spawn_blocking(move || app.models.list());
    let list = list.await.map_err(|error| Error::Model(error.to_string()))??;
    Ok(Json(list).into_response())
}

/// Whether the server runs
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "server",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// Whether the server takes recordings now
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "server",
    responses(
        (status = 200, description = "It does", body = String, content_type = "text/plain"),
        (status = 503, description = "It starts or stops", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str> {
    if app.is_ready() { Ok("ready") } else { Err(Error::Stopping) }
}

/// Counts for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "application/openmetrics-text"),
        (status = "4XX", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, METRICS)], app.metrics_text()).into_response()
}

async fn openapi_json() -> Response {
    Json(openapi::document()).into_response()
}
