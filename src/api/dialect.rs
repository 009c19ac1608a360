//! Dialects: APIs for existing clients of other servers, on top of the same messenger.
//!
//! A dialect is a folder below `api/` with a README (its contract), routes and a specification. It is mounted
//! below its prefix, and alone at its own host names. This module holds what dialects have in common: a limit
//! on request bodies, and errors in the dialect's own format, including poem's own errors and panics.

use poem::endpoint::BoxEndpoint;
use poem::http::{StatusCode, header};
use poem::middleware::CatchPanic;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Result, Route};

use super::Spec;
use super::refusal::{self, Body, Failure};
use super::retry::RepeatedReads;
use super::whole_body;

/// The largest request body. Forms with files are limited where they are read.
const LARGEST_BODY: usize = 128 * 1024;

/// An API that is not our own.
pub struct Dialect {
    /// The name of its specification, and its name in `--dialects`.
    pub slug: &'static str,
    pub mount: Mount,
    pub spec: fn() -> Spec,
    routes: fn() -> BoxEndpoint<'static>,
    wrap: fn(Route) -> BoxEndpoint<'static>,
    has_health: bool,
}

/// The paths at which a dialect is mounted.
#[derive(Debug, Clone, Copy)]
pub enum Mount {
    /// Below a prefix, which is not part of the dialect's paths; at its own host names there is no prefix.
    Prefix(&'static str),
    /// The dialect's paths are the same at every host name, and begin with one of these.
    Paths(&'static [&'static str]),
}

impl Dialect {
    /// A dialect that writes errors as `B`.
    pub const fn new<B: Body>(
        slug: &'static str,
        mount: Mount,
        routes: fn() -> BoxEndpoint<'static>,
        spec: fn() -> Spec,
    ) -> Self {
        Self { slug, mount, spec, routes, wrap: wrap::<B>, has_health: false }
    }

    /// Declares that it has a `/health` of its own, which answers more than load balancers ask.
    pub const fn with_health(self) -> Self {
        Self { has_health: true, ..self }
    }

    /// The prefixes of the dialect's paths.
    pub fn prefixes(&self) -> Vec<&'static str> {
        match self.mount {
            Mount::Prefix(prefix) => vec![prefix],
            Mount::Paths(prefixes) => prefixes.to_vec(),
        }
    }

    /// The dialect below its prefixes, at host names that also serve other APIs.
    pub fn mounted(&self) -> BoxEndpoint<'static> {
        let routes = (self.routes)();
        (self.wrap)(match self.mount {
            Mount::Prefix(prefix) => Route::new().nest(prefix, routes),
            Mount::Paths(_) => Route::new().nest_no_strip("/", routes),
        })
    }

    /// The dialect at a host name of its own, with a health check for load balancers.
    pub fn at_own_host(&self, health: impl Endpoint + 'static) -> BoxEndpoint<'static> {
        let routes = Route::new().nest_no_strip("/", (self.routes)());
        (self.wrap)(if self.has_health { routes } else { routes.at("/health", health) })
    }
}

/// Limits request bodies and formats errors.
fn wrap<B: Body>(routes: Route) -> BoxEndpoint<'static> {
    let panicked = |_| {
        // Without the panic's message, which is in the log.
        let detail = "Internal server error";
        Failure::<B>::of(StatusCode::INTERNAL_SERVER_ERROR, detail, "internal").into_response()
    };
    let routes = routes
        .before(limit_body::<B>)
        .with(CatchPanic::new().with_handler(panicked))
        .catch_all_error(refusal::render::<B>);
    RepeatedReads::new(routes).boxed()
}

/// Reads the body: never decompressed, and no larger than allowed. Forms with files are left to their handlers.
async fn limit_body<B: Body>(mut request: Request) -> Result<Request> {
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        let detail = "Compressed request bodies are not supported";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Failure::<B>::of(status, detail, "unsupported_media_type").into());
    }
    if request.content_type().is_some_and(|kind| kind.starts_with("multipart/")) {
        return Ok(request);
    }
    let body = whole_body::read(request.take_body(), LARGEST_BODY).await.map_err(|error| match error {
        poem::error::ReadBodyError::PayloadTooLarge => Failure::<B>::of(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The request body is larger than 128 KiB",
            "too_large",
        ),
        error => Failure::<B>::of(StatusCode::BAD_REQUEST, error.to_string(), "invalid"),
    })?;
    request.set_body(body);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use poem::handler;
    use poem_openapi::types::ToJSON;

    use super::*;
    use crate::desktop;

    #[handler]
    fn broken() {
        panic!("as nobody should be told");
    }

    #[tokio::test]
    async fn a_panic_is_told_in_the_dialects_words_and_not_what_it_was() {
        let app = wrap::<desktop::Problem>(Route::new().at("/", broken));
        let response = app.get_response(Request::default()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let said = response.into_body().into_string().await.unwrap();
        let body = desktop::Problem { detail: "Internal server error".to_owned() };
        assert_eq!(said, body.to_json_string());
    }
}
