//! A request id, a log line and the common response headers for every request.

use poem::http::{HeaderName, HeaderValue, header};
use poem::{Endpoint, Middleware, Request, Response, Result};

/// Gives every request an id, logs it without its query and body, and sets the headers that every response has.
pub(super) struct RequestLog;

impl<E: Endpoint> Middleware<E> for RequestLog {
    type Output = RequestLogEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        RequestLogEndpoint(inner)
    }
}

pub(super) struct RequestLogEndpoint<E>(E);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// For responses that are not pages.
const LOAD_NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("microphone=(self), camera=(), geolocation=(), payment=(), usb=()");

impl<E: Endpoint> Endpoint for RequestLogEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let logged = tracing::enabled!(tracing::Level::DEBUG)
            .then(|| (request.method().clone(), request.uri().path().to_owned()));
        let span = tracing::info_span!("request", id = %&id[..12]);
        let started = tokio::time::Instant::now();
        let mut response = tracing::Instrument::instrument(self.0.get_response(request), span.clone()).await;
        if let Some((method, path)) = logged {
            let (status, took) = (response.status().as_u16(), started.elapsed());
            span.in_scope(
                || tracing::debug!(%method, path, status, ms = took.as_millis() as u64, "answered"),
            );
        }
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(header::REFERRER_POLICY, NO_REFERRER);
        headers.entry("cross-origin-resource-policy").or_insert(SAME_ORIGIN);
        headers.insert("permissions-policy", PERMISSIONS);
        headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(LOAD_NOTHING);
        if let Ok(id) = HeaderValue::from_str(&id[..12]) {
            headers.insert(REQUEST_ID, id);
        }
        Ok(response)
    }
}
