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

use super::refusal::Failure;
use super::{Dialect, Place, Spec, described};
use besedka_core::messenger::{Error, Messenger};
use besedka_core::model::ChatId;

pub const DIALECT: Dialect =
    Dialect::new::<types::Problem>("kyte", Place::Below("/kyte"), routes, spec).with_health();

/// How this API says no.
type Refusal = Failure<types::Problem>;
/// How this API answers.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Accounts, sign-in and its renewal.
    Auth,
    /// Oneself.
    Account,
    /// Chats and groups.
    Chats,
    /// Saying, reading, liking.
    Messages,
    /// The assistant, and places to meet by video, where the server has them.
    Assistant,
}

const DESCRIPTION: &str = "\
The API of Kyte, spoken by Besedka: for its existing clients, and for people on other clients in the same chats.

Sign in with `POST /auth/login` or `/auth/register`; the access token goes into the header `Authorization: Bearer …`. \
Every path is found below `/kyte/api` as well. The socket of a chat is `/kyte/ws/chat/{chatId}?token=…`: it takes \
`{\"type\":\"message\",\"content\"}` and tells every new message as `GET /chats/{id}/messages` shows it. Socket.IO 4 is at \
`/kyte/socket.io/`.

Identifiers are opaque strings. Times are UTC, ISO 8601 with milliseconds and `Z`. Errors are `{\"message\"}`.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    let people = (auth::Auth, codes::Codes, me::Me);
    let talk = (chats::Chats, groups::Groups, messages::Messages, assistant::Assistant, meetings::Meetings);
    let apis = (people, talk, Health);
    OpenApiService::new(apis, "Kyte", env!("CARGO_PKG_VERSION")).description(DESCRIPTION).server("/kyte")
}

fn spec() -> Spec {
    Spec::new("Kyte", "kyte", || described(service()))
}

fn routes() -> BoxEndpoint<'static> {
    let api = Arc::new(service().into_endpoint());
    let socket_io = Arc::new(socket_io::endpoint());
    let doors = || {
        Route::new()
            .at("/ws/chat/:chat_id", get(socket::socket))
            .at("/socket.io", socket_io.clone())
            .nest_no_strip("/", socket::base_or(api.clone()))
    };
    doors().nest("/api", doors()).boxed()
}

struct Health;

/// The server is alive.
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
    /// Whether the server is alive
    #[oai(path = "/health", method = "get", operation_id = "health")]
    async fn health(&self, messenger: Data<&Messenger>) -> Answer<Json<Alive>> {
        let timestamp = messenger.clock.now().iso_millis();
        Ok(Json(Alive { status: "ok".to_owned(), timestamp }))
    }
}

const STRANGER: Error = Error::Forbidden("You are not a member of this chat");

/// What is no identifier of ours is one of a chat that the caller is not in.
fn chat_id(text: &str) -> Result<ChatId, Error> {
    text.parse().map(ChatId).map_err(|_| STRANGER)
}

/// A chat that is not there is answered like one that the caller is not in.
fn veiled(error: Error) -> Error {
    match error {
        Error::NotFound("chat") => STRANGER,
        error => error,
    }
}
