//! The API of the desktop messenger; `README.md` is its contract.

mod auth;
mod chats;
mod messages;
mod password;
mod socket;
mod types;
mod users;

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, IntoEndpoint, Route, get};
use poem_openapi::{OpenApi, OpenApiService, Tags};

use super::document::described;
use super::refusal::Failure;
use super::{Dialect, Mount, Spec};

pub const DIALECT: Dialect = Dialect::new::<Problem>("desktop", Mount::Prefix("/desktop"), routes, spec);

pub use types::Problem;

/// An error response of this API.
type Refusal = Failure<Problem>;
/// A handler's result in this API.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Registration and sign-in.
    Auth,
    /// Users.
    Users,
    /// Private chats and groups.
    Chats,
    /// Messages.
    Messages,
}

const DESCRIPTION: &str = "\
The API of the desktop messenger, implemented by Besedka.

Sign in with `POST /auth/register` or `/auth/login`; send the access token in the header \
`Authorization: Bearer …`. Every path is also available without `/api`. IDs are integers, times are UTC, ISO 8601 \
without a zone. Errors have the form `{\"detail\"}`.

The WebSocket of a chat is `/desktop/ws/chat/{chat_id}?token=…`. A client sends `{\"type\":\"message\",\"content\":…}` and \
`{\"type\":\"typing\"}`, and receives frames `{\"type\",\"data\"}` of the types `message`, `status` and `system`; also \
`message_updated`, `message_deleted` and `read`.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    let apis = (auth::Auth, password::Passwords, users::Users, chats::Chats, messages::Messages);
    OpenApiService::new(apis, "Desktop messenger", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .server("/desktop/api")
}

fn spec() -> Spec {
    Spec::new("Desktop messenger", "desktop", || described::<Problem>(service(), &[]))
}

fn routes() -> BoxEndpoint<'static> {
    let api = Arc::new(service().into_endpoint());
    Route::new()
        .at("/ws/chat/:id", get(socket::socket))
        .at("/api/ws/chat/:id", get(socket::socket))
        .nest("/api", api.clone())
        .nest_no_strip("/", api)
        .boxed()
}
