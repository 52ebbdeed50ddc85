//! What happens to every request: an id, who may ask, a line in the log, a count, and errors as
//! problems.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::{Error, Result};
use crate::problem::{Pending, Problem};
use crate::token::check_site;

/// The header with the id.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Names a request in the log, in problems and jobs.
#[derive(Debug, Clone)]
pub(crate) struct Id(pub(crate) String);

impl Id {
    /// A new one.
    pub(crate) fn draw() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }
}

/// Goes round every request.
pub(crate) async fn accompany(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = Id::draw();
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let guarded = matched.as_deref().is_some_and(is_guarded);
    let allowed = check(&app, request.headers(), request.uri(), guarded);
    let response = match allowed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    let mut response = as_problem(response, &id.0);
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    harden(response.headers_mut());
    // Only the path's pattern: a path of the client's own making may hold anything.
    let route = matched.as_deref().unwrap_or("other");
    let status = response.status().as_u16();
    app.metrics.answered(route, status);
    let millis = began.elapsed().as_millis() as u64;
    tracing::info!(request = id.0, %method, route, status, millis, "answered");
    response
}

/// What is behind the token: everything that reads or tells what was read.
fn is_guarded(route: &str) -> bool {
    route.starts_with("/v1/") || route == "/metrics"
}

fn check(app: &App, headers: &HeaderMap, uri: &axum::http::Uri, guarded: bool) -> Result<()> {
    check_site(headers, uri, app.local)?;
    match app.token {
        Some(token) if guarded => token.check(headers),
        _ => Ok(()),
    }
}

/// Errors in the one form that they have.
fn as_problem(mut response: Response, id: &str) -> Response {
    if let Some(Pending(error)) = response.extensions_mut().remove::<Pending>() {
        return Problem::response(&error, id);
    }
    let error = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Error::NoMethod,
        status if status.is_client_error() => Error::Malformed(
            "the request cannot be understood; /docs shows what this path takes".into(),
        ),
        _ => return response,
    };
    let mut problem = Problem::response(&error, id);
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow);
    }
    problem
}

/// Headers that keep browsers from guessing, storing and lending the page to others.
fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
