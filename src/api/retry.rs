//! Repeats a request that was refused because of another change, or because the connection to the database was lost:
//! nothing was changed, and it may succeed at once. Only a database that several nodes share refuses so.

use bytes::Bytes;
use futures_util::future::Either;
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, Request, RequestParts, Response, Result};

use besedka_core::messenger::{Messenger, Retries};

/// Processes a request whose body was read, and repeats it while it was refused so, a few times.
pub fn carry_out<'a, E: Endpoint<Output = Response>>(
    endpoint: &'a E,
    mut request: Request,
    body: Bytes,
    messenger: &Messenger,
) -> impl Future<Output = Response> + Send + use<'a, E> {
    match messenger.has_conflicts() {
        true => Either::Left(Box::pin(repeat(endpoint, request, body))),
        false => {
            request.set_body(body);
            Either::Right(once(endpoint, request))
        }
    }
}

/// As poem's `get_response`, whose future has a copy of the request.
fn once<'a, E: Endpoint<Output = Response>>(
    endpoint: &'a E,
    request: Request,
) -> impl Future<Output = Response> + Send + use<'a, E> {
    let answer = endpoint.call(request);
    async move { answer.await.unwrap_or_else(poem::Error::into_response) }
}

async fn repeat(endpoint: &impl Endpoint<Output = Response>, request: Request, body: Bytes) -> Response {
    let mut retries = Retries::default();
    loop {
        let response = once(endpoint, copy(&request, &body)).await;
        let at_once = response.status() == StatusCode::SERVICE_UNAVAILABLE
            && response.header(header::RETRY_AFTER).is_some_and(|seconds| seconds == "0");
        if !at_once || !retries.wait().await {
            return response;
        }
    }
}

/// A copy of a request whose body was already read.
fn copy(request: &Request, body: &Bytes) -> Request {
    let (mut parts, ()) = poem::http::Request::new(()).into_parts();
    parts.method.clone_from(request.method());
    parts.uri.clone_from(request.uri());
    parts.version = request.version();
    parts.headers.clone_from(request.headers());
    parts.extensions.clone_from(request.extensions());
    let (local, remote) = (request.local_addr().clone(), request.remote_addr().clone());
    let parts = RequestParts::from((parts, local, remote, request.scheme().clone()));
    Request::from_parts(parts, body.clone().into())
}

/// Repeats requests that read. Those that change something may have done a part of it.
pub struct RepeatedReads<E>(E);

impl<E> RepeatedReads<E> {
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for RepeatedReads<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD)
            && !request.headers().contains_key(header::UPGRADE);
        let response = match request.data::<Messenger>().cloned() {
            Some(messenger) if is_read => Either::Left(carry_out(&self.0, request, Bytes::new(), &messenger)),
            _ => Either::Right(once(&self.0, request)),
        };
        async move { Ok(response.await) }
    }
}
