//! A request id, a log line and the common response headers for every request.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use poem::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, Middleware, Request, Response, Result};
use tracing::field::Empty;
use tracing::{Instrument, Span, trace_span};

use super::metrics::RequestMetrics;
use super::route_patterns::ROUTES;
use besedka_core::traces;

/// Gives every request an id, logs it by the pattern of its route, because paths contain invitation codes, and sets the
/// headers that every response has.
pub(super) struct RequestLog {
    /// Whether answers differ by the origin of a page.
    pub varies_by_origin: bool,
    /// Whether browsers are told to use only HTTPS.
    pub sends_hsts: bool,
    /// Where requests are counted, if somebody asks for metrics.
    pub metrics: Option<Arc<RequestMetrics>>,
}

/// Twelve hexadecimal digits that hardly any other request has. They find a request in the log and are no
/// secret, so they come from a generator without a system call: SplitMix64, begun at random.
fn request_id() -> String {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    static STATE: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(STEP)));
    let mut number = STATE.fetch_add(STEP, Ordering::Relaxed);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!("{:012x}", (number ^ (number >> 31)) >> 16)
}

impl<E: Endpoint<Output = Response>> Middleware<E> for RequestLog {
    type Output = RequestLogEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        RequestLogEndpoint {
            inner,
            varies_by_origin: self.varies_by_origin,
            sends_hsts: self.sends_hsts,
            metrics: self.metrics.clone(),
        }
    }
}

pub(super) struct RequestLogEndpoint<E> {
    inner: E,
    varies_by_origin: bool,
    sends_hsts: bool,
    metrics: Option<Arc<RequestMetrics>>,
}

/// The span of a request in traces. Its route is a pattern, as in the log.
struct TracedRequest(Span);

impl TracedRequest {
    fn begin(request: &Request, id: &str) -> Self {
        let span = trace_span!(
            target: traces::TARGET,
            "request",
            otel.name = Empty,
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = Empty,
            http.route = Empty,
            http.response.status_code = Empty,
            besedka.request_id = id,
        );
        if !span.is_disabled() {
            // Whoever sends another one chooses its name.
            let method = match *request.method() {
                Method::GET => "GET",
                Method::HEAD => "HEAD",
                Method::POST => "POST",
                Method::PUT => "PUT",
                Method::PATCH => "PATCH",
                Method::DELETE => "DELETE",
                Method::OPTIONS => "OPTIONS",
                _ => "_OTHER",
            };
            let route = ROUTES.pattern(request.uri().path());
            span.record("otel.name", format!("{method} {route}"));
            span.record("http.request.method", method);
            span.record("http.route", route);
        }
        Self(span)
    }

    fn end(self, status: StatusCode) {
        // An unsigned number would be sent as text.
        self.0.record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.0.record("otel.status_code", "error");
        }
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// For two years.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// For responses that are not pages.
const LOAD_NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("microphone=(self), camera=(), geolocation=(), payment=(), usb=()");

impl<E: Endpoint<Output = Response>> Endpoint for RequestLogEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let id = request_id();
        let is_logged = tracing::enabled!(tracing::Level::DEBUG);
        let recorded = (is_logged || self.metrics.is_some())
            .then(|| (request.method().clone(), ROUTES.pattern(request.uri().path())));
        let uri = request.uri().clone();
        let span = tracing::info_span!("request", id = %id);
        let traced = TracedRequest::begin(&request, &id);
        let started = tokio::time::Instant::now();
        let answer = span.in_scope(|| self.inner.call(request));
        let answer = answer.instrument(span.clone()).instrument(traced.0.clone()).await;
        let mut response = answer.unwrap_or_else(poem::Error::into_response);
        traced.end(response.status());
        if let Some((method, route)) = recorded {
            let (status, took) = (response.status(), started.elapsed());
            if let Some(metrics) = &self.metrics {
                metrics.count(&method, route, status, took);
            }
            let (status, ms) = (status.as_u16(), took.as_millis() as u64);
            span.in_scope(|| tracing::debug!(%method, route, status, ms, "answered"));
        }
        let is_not_allowed = response.status() == StatusCode::METHOD_NOT_ALLOWED;
        let headers = response.headers_mut();
        if is_not_allowed
            && !headers.contains_key(header::ALLOW)
            && let Ok(methods) = HeaderValue::from_str(&ROUTES.methods(uri.path()))
        {
            headers.insert(header::ALLOW, methods);
        }
        let says_so = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"origin");
        if self.varies_by_origin && !headers.get_all(header::VARY).iter().any(says_so) {
            headers.append(header::VARY, ORIGIN);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(header::REFERRER_POLICY, NO_REFERRER);
        headers.entry("cross-origin-resource-policy").or_insert(SAME_ORIGIN);
        headers.insert("permissions-policy", PERMISSIONS);
        if self.sends_hsts {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
        }
        headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(LOAD_NOTHING);
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::request_id;

    #[test]
    fn request_ids_differ_and_have_twelve_digits() {
        let ids: HashSet<String> = (0..10_000).map(|_| request_id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit())));
    }
}
