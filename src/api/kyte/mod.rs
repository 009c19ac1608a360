//! The API of Kyte, a messenger of groups with an assistant; `README.md` is its contract.

mod assistant;
mod auth;
mod caller;
mod chats;
mod codes;
mod groups;
mod me;
mod meetings;
mod messages;
mod socket;
mod socket_io;
mod types;

use poem::endpoint::BoxEndpoint;
use poem::web::Data;
use poem::{EndpointExt, IntoEndpoint, Route, get};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi, OpenApiService, Tags};
use std::sync::Arc;

use super::document::described;
use super::refusal::Failure;
use super::{Dialect, Mount, Spec};
use besedka_core::messenger::{Error, Messenger};
use besedka_core::model::ChatId;

pub const DIALECT: Dialect =
    Dialect::new::<types::Problem>("kyte", Mount::Prefix("/kyte"), routes, spec).with_health();

/// An error response of this API.
type Refusal = Failure<types::Problem>;
/// A handler's result in this API.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Registration, sign-in and token renewal.
    Auth,
    /// The current user.
    Account,
    /// Chats and groups.
    Chats,
    /// Reading, sending and liking messages.
    Messages,
    /// The assistant and video meetings, if the server has them configured.
    Assistant,
}

const DESCRIPTION: &str = "\
The API of Kyte, implemented by Besedka, so that Kyte's existing clients can share chats with other clients.

Sign in with `POST /auth/login` or `/auth/register`; send the access token in the header `Authorization: Bearer …`. \
Every path is also available below `/kyte/api`. The WebSocket of a chat is `/kyte/ws/chat/{chatId}?token=…`: it accepts \
`{\"type\":\"message\",\"content\"}` and delivers every new message in the format of `GET /chats/{id}/messages`. Socket.IO 4 is at \
`/kyte/socket.io/`.

Identifiers are opaque strings. Times are UTC, ISO 8601 with milliseconds and `Z`. Errors have the form `{\"message\"}`.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    let people = (auth::Auth, codes::Codes, me::Me);
    let talk = (chats::Chats, groups::Groups, messages::Messages, assistant::Assistant, meetings::Meetings);
    let apis = (people, talk, Health);
    OpenApiService::new(apis, "Kyte", env!("CARGO_PKG_VERSION")).description(DESCRIPTION).server("/kyte")
}

fn spec() -> Spec {
    Spec::new("Kyte", "kyte", || described::<types::Problem>(service(), &[]))
}

fn routes() -> BoxEndpoint<'static> {
    let api = Arc::new(service().into_endpoint());
    let socket_io = Arc::new(socket_io::endpoint());
    let build_routes = || {
        Route::new()
            .at("/ws/chat/:chat_id", get(socket::socket))
            .at("/socket.io", socket_io.clone())
            .nest_no_strip("/", socket::base_or(api.clone()))
    };
    build_routes().nest("/api", build_routes()).boxed()
}

struct Health;

/// The health of the server.
#[derive(Object)]
#[oai(example)]
struct Alive {
    /// Always `ok`.
    status: String,
    timestamp: String,
}

impl Example for Alive {
    fn example() -> Self {
        Self { status: "ok".to_owned(), timestamp: "2024-01-01T00:00:00.000Z".to_owned() }
    }
}

#[OpenApi]
impl Health {
    /// Check the server's health
    ///
    /// Answers 200 while the server is running.
    #[oai(path = "/health", method = "get", operation_id = "health")]
    async fn health(&self, messenger: Data<&Messenger>) -> Answer<Json<Alive>> {
        let timestamp = messenger.clock.now().iso_millis();
        Ok(Json(Alive { status: "ok".to_owned(), timestamp }))
    }
}

const NOT_A_MEMBER: Error = Error::Forbidden("You are not a member of this chat");

/// A malformed identifier is treated like that of a chat that the caller is not a member of.
fn chat_id(text: &str) -> Result<ChatId, Error> {
    text.parse().map(ChatId).map_err(|_| NOT_A_MEMBER)
}

/// A chat that does not exist is treated like one that the caller is not a member of.
fn hide_existence(error: Error) -> Error {
    match error {
        Error::NotFound("chat") => NOT_A_MEMBER,
        error => error,
    }
}
