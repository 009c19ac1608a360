//! The native API, after the document «API Документация для Frontend».
//!
//! The order in which a request is refused: no token (401), no `Idempotency-Key` (400), a repeated
//! key (409), a wrong body (400), nothing there or not for the caller (404, 403), and then what is
//! wrong with it otherwise.

mod account;
mod admin;
mod assistant;
mod attachments;
mod auth;
mod avatars;
mod blocks;
mod bookmarks;
mod caller;
mod chats;
mod codes;
mod drafts;
mod events;
mod export;
mod idempotency;
mod import;
mod invites;
mod meetings;
mod members;
mod messages;
mod pins;
mod polls;
mod presence;
mod receipts;
mod scheduled;
mod search;
mod sessions;
mod socket;
mod sync;
mod tokens;
mod types;
mod upload;
mod users;

use poem::{Endpoint, EndpointExt, IntoEndpoint, Response, Route, get, post};
use poem_openapi::{OpenApi, OpenApiService, Tags};

use super::refusal::{self, Failure};
use super::{Spec, described};
use besedka_core::messenger::Error;

pub use events::asyncapi;
pub use types::{AVATARS, avatar_path};

/// How this API says no.
type Refusal = Failure<types::Problem>;
/// How this API answers.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Accounts, sign-in and its renewal.
    Auth,
    /// Where one is signed in.
    Sessions,
    /// Personal access tokens, for programs.
    Tokens,
    /// People and one's own profile.
    Users,
    /// Looking after the server, for its administrators. The first to register is one; `besedka user admin` makes others.
    Admin,
    /// Private chats, groups, channels, who is in them, and how far they have read.
    Chats,
    /// Saying, reading, editing, deleting, reacting.
    Messages,
    /// A language model that answers questions in chats, where the server has one.
    Assistant,
    /// Files: announced, uploaded by a form, posted in a message.
    Attachments,
    /// What was missed, and how to hear what happens. The socket is at `/ws`; its events are described at `/docs/events`.
    Sync,
}

const DESCRIPTION: &str = "\
The native API of Besedka.

**Signing in**: `POST /auth/register` or `/auth/login` answers an access token for the header \
`Authorization: Bearer …`, good for 15 minutes, and a refresh token for `POST /auth/refresh`.

**Programs** that act in somebody's name use a personal access token of `POST /tokens` in the same header. Its \
scopes say what for: `read` for every GET, the socket and its tickets; `write` for what changes something in chats; \
`account` for one's own profile, password, sessions and tokens, for export, import and deletion. What a token may not do answers 403 with code \
`insufficient_scope`. Whoever signed in may do everything.

**Idempotency-Key**: every POST, PATCH, PUT and DELETE but `/auth/refresh` needs this header with a new \
UUID. A request that is repeated with its key is not carried out again: it answers 409 with code \
`duplicate_request` and the first answer as `original`. A request that failed does not use its key up.

**Live**: open the WebSocket `/ws` and send `{\"event\":\"auth\",\"data\":{\"token\":\"…\"}}`; see \
[the events](/docs/events). What was missed is answered by `GET /sync`.

Identifiers are integers that JavaScript keeps exact. Times are UTC, ISO 8601 without a zone. \
Errors are `{\"detail\", \"code\"}`.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    // In groups, because poem-openapi takes sixteen at most in one.
    let accounts = (auth::Auth, codes::Codes, sessions::Sessions, tokens::Tokens, account::Account);
    let luggage = (export::Exports, import::Imports);
    let people = (users::Users, blocks::Blocks, presence::Presences, admin::Admin);
    let chats = (chats::Chats, members::Members, invites::Invites, receipts::Receipts);
    let messages = (messages::Messages, pins::Pins, polls::Polls, search::Search);
    let own = (bookmarks::Bookmarks, drafts::Drafts, scheduled::ScheduledMessages);
    let asked = (assistant::Assistant, meetings::Meetings);
    let files = (attachments::Attachments, avatars::Avatars);
    let apis = (accounts, people, chats, messages, own, luggage, asked, files, sync::Sync);
    OpenApiService::new(apis, "Besedka v1", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .server("/api/v1")
}

/// The name of its specification.
pub const SLUG: &str = "v1";

/// The documentation, without a server.
pub fn spec() -> Spec {
    Spec::new("Besedka v1", SLUG, || described(service()))
}

/// The socket, which is also at `/ws`.
pub fn socket() -> impl Endpoint {
    get(socket::socket).catch_all_error(refusal::render::<types::Problem>)
}

/// Says no where no API does, as to an address that is no UTF-8.
pub async fn refuse(error: poem::Error) -> Response {
    refusal::render::<types::Problem>(error).await
}

/// Everything below `/api/v1`.
pub fn routes() -> impl Endpoint {
    let api = service().into_endpoint().catch_all_error(refusal::render::<types::Problem>);
    let api = idempotency::Keyed::new(api);
    Route::new()
        .at("/uploads", post(upload::upload).catch_all_error(refusal::render::<types::Problem>))
        .at("/ws", socket())
        .nest_no_strip("/", api)
        .into_endpoint()
}

impl From<besedka_core::model::InvalidField> for Refusal {
    fn from(flaw: besedka_core::model::InvalidField) -> Self {
        Error::from(flaw).into()
    }
}
