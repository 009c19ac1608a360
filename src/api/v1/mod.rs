//! The native API (v1).
//!
//! Errors are checked in this order: missing token (401), missing `Idempotency-Key` (400), repeated key (409),
//! malformed body (400), not found or no access (404, 403), then any other error in the request.

mod account;
mod admin;
mod admin_chats;
mod admin_people;
mod assistant;
mod attachments;
mod audit;
mod auth;
mod avatars;
mod blocks;
mod bookmarks;
mod bots;
mod caller;
mod chats;
mod codes;
mod doctor;
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
mod push;
mod receipts;
mod reports;
mod retention;
mod scheduled;
mod search;
mod sessions;
mod setup;
mod socket;
mod sync;
mod tokens;
mod types;
mod upload;
mod users;
mod webhooks;

use futures_util::future::Either;
use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::http::uri::{PathAndQuery, Uri};
use poem::{Endpoint, EndpointExt, Request, Response, Result, get, post};
use poem_openapi::{OpenApi, OpenApiService, Tags};
use serde_json::Value;

use super::Spec;
use super::document::{described, with_codes, with_operation};
use super::operations::Operations;
use super::refusal::{self, Failure};
use super::retry::RepeatedReads;
use besedka_core::messenger::Error;

pub use audit::AuditFormat;
pub use doctor::Examination;
pub use events::{asyncapi, event_data};
pub use types::{AVATARS, avatar_path};

/// An error response of this API.
type Refusal = Failure<types::Problem>;
/// A handler's result in this API.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Registration, sign-in and token renewal.
    Auth,
    /// Signed-in devices.
    Sessions,
    /// Personal access tokens for programs.
    Tokens,
    /// User profiles, blocking, presence, import and export.
    Users,
    /// Notifications for devices that are not connected, through push services (Web Push and UnifiedPush).
    Push,
    /// Server administration. The link that a server prints at its first start creates the first administrator;
    /// `besedka user admin` appoints others.
    Admin,
    /// Private chats, groups and channels, their members, and read receipts.
    Chats,
    /// Sending, reading, editing, deleting and searching messages; reactions, pins, polls, drafts and
    /// bookmarks.
    Messages,
    /// A language model that answers questions in chats, if the server has one configured.
    Assistant,
    /// Accounts of programs, with tokens and slash commands of their own.
    Bots,
    /// Incoming webhooks, by which programs post in a chat, and outgoing ones, which tell programs about events.
    Webhooks,
    /// Files: create an upload, send the form, post the attachment in a message.
    Attachments,
    /// Catching up on missed events, and live events. The WebSocket is at `/ws`; its events are described at
    /// `/docs/events`.
    Sync,
}

const DESCRIPTION: &str = "\
The native API of Besedka.

**Authentication**: `POST /auth/register` and `POST /auth/login` return an access token for the header \
`Authorization: Bearer …`, valid for 15 minutes, and a refresh token for `POST /auth/refresh`.

**Programs** that act on behalf of a user send a personal access token from `POST /tokens` in the same header. Its \
scopes limit what it can do: `read` for every GET, the WebSocket and its tickets; `write` for changes in chats; \
`account` for the profile, password, sessions and tokens, export, import and account deletion. A request that the \
scopes do not cover answers 403 with code `insufficient_scope`. Tokens from signing in have all scopes.

**Idempotency-Key**: every POST, PATCH, PUT and DELETE requires this header with a unique value, such as a UUID. The \
exceptions are `POST /auth/refresh` and `POST /uploads`, which do not use it, and `POST /chats/direct` and \
`POST /chats/{chat_id}/read`, where it is optional because repeating them changes nothing. A request that is repeated \
with the same key is not executed again: it answers 409 with code `duplicate_request` and the first response as \
`original`. A failed request does not use up its key.

**Live events**: open the WebSocket `/ws` and send `{\"event\":\"auth\",\"data\":{\"token\":\"…\"}}`; see \
[the events](/docs/events). `GET /sync` returns missed events.

Identifiers are integers within JavaScript's safe range. Times are UTC, ISO 8601 without a zone. \
Errors have the form `{\"detail\", \"code\"}`.";

fn apis() -> impl OpenApi {
    // In groups, because poem-openapi accepts at most sixteen at once.
    let accounts =
        (auth::Auth, setup::Setup, codes::Codes, sessions::Sessions, tokens::Tokens, account::Account);
    let portability = (export::Exports, import::Imports);
    let people = (users::Users, blocks::Blocks, presence::Presences, push::Push, admin::Admin);
    let chats = (chats::Chats, members::Members, invites::Invites, receipts::Receipts);
    let messages = (messages::Messages, pins::Pins, polls::Polls, search::Search);
    let personal = (bookmarks::Bookmarks, drafts::Drafts, scheduled::ScheduledMessages);
    let features = (assistant::Assistant, meetings::Meetings, bots::Bots, webhooks::Webhooks);
    let administration = (
        admin_people::AdminPeople,
        admin_chats::AdminChats,
        audit::Audit,
        doctor::Doctor,
        reports::Reports,
        retention::RetentionRules,
    );
    let files = (attachments::Attachments, avatars::Avatars);
    (accounts, people, chats, messages, personal, portability, features, administration, files, sync::Sync)
}

fn service<A: OpenApi>(apis: A) -> OpenApiService<A, ()> {
    OpenApiService::new(apis, "Besedka v1", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .server("/api/v1")
}

/// The name of this API's specification.
pub const SLUG: &str = "v1";

/// This API's specification.
pub fn spec() -> Spec {
    Spec::new("Besedka v1", SLUG, || {
        let linked = ["attachment", "attachmentThumbnail", "downloadExport"];
        let spec = with_codes(described::<types::Problem>(service(apis()), &linked), "code");
        let spec = with_operation(spec, "/uploads", "post", upload::described());
        let mut spec = auth_first(events::with_typed_events(spec));
        spec["components"]["schemas"]["UploadFields"] = types::upload_fields();
        spec
    })
}

/// poem-openapi sorts tags by name; a reader needs authentication first.
fn auth_first(mut spec: Value) -> Value {
    if let Some(tags) = spec["tags"].as_array_mut() {
        tags.sort_by_key(|tag| tag["name"] != "Auth");
    }
    spec
}

/// The WebSocket, which is also at `/ws`.
pub fn socket() -> impl Endpoint<Output = Response> {
    get(socket::socket).catch_all_error(refusal::render::<types::Problem>)
}

/// Renders errors outside of any API, such as an address that is not UTF-8.
pub async fn refuse(error: poem::Error) -> Response {
    refusal::render::<types::Problem>(error).await
}

/// Where this API is mounted.
pub const PREFIX: &str = "/api/v1";

struct Api {
    operations: RepeatedReads<idempotency::IdempotencyEndpoint<Operations<types::Problem>>>,
    upload: BoxEndpoint<'static>,
    socket: BoxEndpoint<'static>,
}

/// All routes below [`PREFIX`].
pub fn routes() -> impl Endpoint<Output = Response> {
    let operations = Operations::new(apis(), service(apis()));
    Api {
        operations: RepeatedReads::new(idempotency::IdempotencyEndpoint::new(operations)),
        upload: post(upload::upload).catch_all_error(refusal::render::<types::Problem>).boxed(),
        socket: socket().boxed(),
    }
}

impl Endpoint for Api {
    type Output = Response;

    fn call(&self, mut request: Request) -> impl Future<Output = Result<Response>> + Send {
        remove_prefix(&mut request);
        let other = match request.uri().path() {
            "/uploads" => Some(&self.upload),
            "/ws" => Some(&self.socket),
            _ => None,
        };
        match other {
            Some(other) => Either::Left(DynEndpoint::call(other.as_ref(), request)),
            None => Either::Right(self.operations.call(request)),
        }
    }
}

/// Removes [`PREFIX`] from a request's path.
fn remove_prefix(request: &mut Request) {
    let uri = request.uri_mut();
    let Some(rest) = uri.path_and_query().and_then(|path| path.as_str().strip_prefix(PREFIX)) else { return };
    let rest = match rest.starts_with('/') {
        true => PathAndQuery::try_from(rest),
        false => PathAndQuery::try_from(format!("/{rest}")),
    };
    if let Ok(rest) = rest {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(rest);
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
}

impl From<besedka_core::model::InvalidField> for Refusal {
    fn from(flaw: besedka_core::model::InvalidField) -> Self {
        Error::from(flaw).into()
    }
}
