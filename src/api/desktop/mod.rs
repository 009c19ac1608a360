//! The API of the desktop messenger; `README.md` is its contract.

mod auth;
mod types;

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, Route};
use poem_openapi::{OpenApi, OpenApiService, Tags};

use super::refusal::Failure;
use super::{Dialect, Place, Spec};

pub const DIALECT: Dialect = Dialect::new::<Problem>("desktop", Place::Below("/desktop"), routes, spec);

pub use types::Problem;

/// How this API says no.
type Refusal = Failure<Problem>;
/// How this API answers.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Accounts and sign-in.
    Auth,
}

const DESCRIPTION: &str = "\
The API of the desktop messenger, spoken by Besedka.

Sign in with `POST /auth/register` or `/auth/login`; the access token goes into the header \
`Authorization: Bearer …`. Every path is found without `/api` as well. The socket of a chat is \
`/desktop/ws/chat/{chat_id}?token=…`. Times are UTC, ISO 8601 without a zone. Errors are `{\"detail\"}`.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    OpenApiService::new(auth::Auth, "Desktop messenger", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .server("/desktop/api")
}

fn spec() -> Spec {
    Spec::new("Desktop messenger", "desktop", &service().spec())
}

fn routes() -> BoxEndpoint<'static> {
    let api = Arc::new(poem::IntoEndpoint::into_endpoint(service()));
    Route::new().nest("/api", api.clone()).nest_no_strip("/", api).boxed()
}
