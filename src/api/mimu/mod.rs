//! The API of Mimu's five servers, which are one here; `README.md` is its contract.

mod auth;
mod caller;
mod chats;
mod envelope;
mod files;
mod form;
mod messages;
mod reactions;
mod say;
mod sync;
mod types;
mod view;

use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::payload::Json;
use poem_openapi::{OpenApi, OpenApiService, Tags};

use super::refusal::Failure;
use super::{Dialect, Place, Spec, described};
use envelope::Envelope;

pub const DIALECT: Dialect = Dialect::new::<types::Problem>("mimu", Place::Below(PREFIX), routes, spec);

const PREFIX: &str = "/mimu";

/// How this API says no.
type Refusal = Failure<types::Problem>;
/// How this API answers.
type Answer<T> = Result<Json<Envelope<T>>, Refusal>;

#[derive(Tags)]
enum Area {
    /// Accounts and sign-in.
    Auth,
    /// Saying, reading, editing, deleting, passing on.
    Messages,
    /// Chats, under the names that clients give them.
    Chats,
    /// Files: sent in one go, read by links.
    Files,
    /// What happened meanwhile.
    Sync,
}

const DESCRIPTION: &str = "\
The API of Mimu's servers (messages, files, media, voice, sync), spoken by Besedka: all five are this one.

Sign in with `POST /auth/register` or `/auth/login`; the access token goes into the header `Authorization: Bearer …`. \
A client that sends nothing but `X-PrID` puts a personal access token there.

Every answer is an object with its fields at the top and once more in `data`, beside `success: true`. Errors are \
`{success: false, error, message}`. Identifiers are strings; a chat's may be made by the client, and is its user's own. \
Times are UTC, ISO 8601.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    let apis = (auth::Auth, messages::Messages, reactions::Reactions, chats::Chats, files::Files, sync::Sync);
    OpenApiService::new(apis, "Mimu", env!("CARGO_PKG_VERSION")).description(DESCRIPTION).server(PREFIX)
}

fn spec() -> Spec {
    Spec::new("Mimu", "mimu", || described(service()))
}

fn routes() -> BoxEndpoint<'static> {
    service().into_endpoint().boxed()
}

/// An answer with its fields.
fn answer<T>(fields: T) -> Answer<T> {
    Ok(Json(Envelope(fields)))
}
