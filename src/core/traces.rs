//! Spans for OpenTelemetry. They say what was done, how long it took and how it ended, and nothing of contents,
//! addresses and secrets.
//!
//! They have a target of their own and the level TRACE, so that they cost nothing where nobody collects them.

use reqwest::{RequestBuilder, Response};
use tracing::field::Empty;
use tracing::{Instrument, Span, trace_span};

/// The target of all spans that are collected.
pub const TARGET: &str = "besedka_traces";

/// A call of another service.
fn outgoing(service: &'static str) -> Span {
    trace_span!(
        target: TARGET,
        "call",
        otel.name = service,
        otel.kind = "client",
        otel.status_code = Empty,
        peer.service = service,
        http.response.status_code = Empty,
    )
}

/// Sends a request to a service.
pub(crate) async fn send(service: &'static str, request: RequestBuilder) -> reqwest::Result<Response> {
    call(service, request.send(), |response| Some(response.status().as_u16())).await
}

/// Calls a service; `status` is the HTTP status of its answer.
pub(crate) async fn call<T, E>(
    service: &'static str,
    call: impl Future<Output = Result<T, E>>,
    status: impl FnOnce(&T) -> Option<u16>,
) -> Result<T, E> {
    let span = outgoing(service);
    let answer = call.instrument(span.clone()).await;
    if span.is_disabled() {
        return answer;
    }
    let status = answer.as_ref().ok().and_then(status);
    if let Some(status) = status {
        // An unsigned number would be sent as text.
        span.record("http.response.status_code", i64::from(status));
    }
    if answer.is_err() || status.is_some_and(|status| status >= 400) {
        span.record("otel.status_code", "error");
    }
    answer
}

/// A unit of work in the database; it is rolled back unless its commit is recorded.
pub(crate) fn unit_of_work(database: &'static str) -> Span {
    trace_span!(
        target: TARGET,
        "unit of work",
        otel.kind = "client",
        db.system.name = database,
        besedka.committed = Empty,
    )
}

pub(crate) fn record_commit(work: &Span) {
    work.record("besedka.committed", true);
}
