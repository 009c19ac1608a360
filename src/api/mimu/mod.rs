//! The API of Mimu's five servers, which are one here; `README.md` is its contract.

mod auth;
mod caller;
mod chats;
mod create_message;
mod envelope;
mod files;
mod form;
mod messages;
mod reactions;
mod sync;
mod sync_cursor;
mod types;
mod view;

use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::payload::Json;
use poem_openapi::{OpenApi, OpenApiService, Tags};

use super::document::{described, with_codes};
use super::refusal::Failure;
use super::{Dialect, Mount, Spec};
use envelope::Envelope;

pub const DIALECT: Dialect = Dialect::new::<types::Problem>("mimu", Mount::Prefix(PREFIX), routes, spec);

const PREFIX: &str = "/mimu";

/// An error response of this API.
type Refusal = Failure<types::Problem>;
/// A handler's result in this API.
type Answer<T> = Result<Json<Envelope<T>>, Refusal>;

#[derive(Tags)]
enum Area {
    /// Registration and sign-in.
    Auth,
    /// Sending, reading, editing, deleting and forwarding messages.
    Messages,
    /// Chats, under the IDs that clients give them.
    Chats,
    /// Uploading files, and downloading them by link.
    Files,
    /// Missed changes.
    Sync,
}

const DESCRIPTION: &str = "\
The API of Mimu's servers (messages, files, media, voice, sync), implemented by Besedka as a single server.

Sign in with `POST /auth/register` or `/auth/login`; send the access token in the header `Authorization: Bearer …`. \
Clients that only send `X-PrID` use a personal access token there.

Every response is an object with `success: true`, and its fields both at the top level and in `data`. Errors are \
`{success: false, error, message}`. Identifiers are strings; a client can choose its own for a chat, valid for its user only. \
Times are UTC, ISO 8601.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    let apis = (auth::Auth, messages::Messages, reactions::Reactions, chats::Chats, files::Files, sync::Sync);
    OpenApiService::new(apis, "Mimu", env!("CARGO_PKG_VERSION")).description(DESCRIPTION).server(PREFIX)
}

fn spec() -> Spec {
    Spec::new("Mimu", "mimu", || {
        with_codes(described::<types::Problem>(service(), &["file", "stream", "thumbnail"]), "error")
    })
}

fn routes() -> BoxEndpoint<'static> {
    service().into_endpoint().boxed()
}

/// A successful response.
fn answer<T>(fields: T) -> Answer<T> {
    Ok(Json(Envelope(fields)))
}
