//! The API of unet's chat; `README.md` is its contract.

mod attachments;
mod auth;
mod conversations;
mod ids;
mod messages;
mod participants;
mod socket;
mod types;
mod users;

use poem::endpoint::BoxEndpoint;
use poem::http::header;
use poem::{EndpointExt, IntoEndpoint, Request, Route, get};
use poem_openapi::{OpenApi, OpenApiService, Tags};

use super::document::described;
use super::refusal::Failure;
use super::{Dialect, Mount, Spec};

const PREFIXES: [&str; 2] = ["/api/unet-chat", "/educations/api/v1/users"];

pub const DIALECT: Dialect = Dialect::new::<types::Problem>("unet", Mount::Paths(&PREFIXES), routes, spec);

/// An error response of this API.
type Refusal = Failure<types::Problem>;
/// A handler's result in this API.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Sign-in, token renewal and the list of users.
    Users,
    /// Conversations.
    Conversations,
    /// Sending, reading, editing and deleting messages.
    Messages,
    /// The participants of a conversation.
    Participants,
    /// Files attached to messages.
    Attachments,
}

const DESCRIPTION: &str = "\
The API of unet's chat, implemented by Besedka.

Send the token from `POST /educations/api/v1/users/auth/` in the header `Authorization: Bearer …`; the request header \
`WWW-Authenticate`, which old builds send, is also accepted. Conversations and messages are identified by UUIDs, users \
by integers. Times are UTC, ISO 8601 without a zone. A trailing slash in a path is optional. Errors have the form \
`{\"detail\"}`.

The WebSocket of a conversation is `/api/unet-chat/ws/conversations/{id}/?Authorization=Bearer%20{token}`.";

fn service() -> OpenApiService<impl OpenApi, ()> {
    let apis = (
        users::Users,
        conversations::Conversations,
        messages::Messages,
        participants::Participants,
        attachments::Attachments,
    );
    OpenApiService::new(apis, "unet chat", env!("CARGO_PKG_VERSION")).description(DESCRIPTION).server("/")
}

fn spec() -> Spec {
    Spec::new("unet chat", "unet", || described::<types::Problem>(service(), &[]))
}

fn routes() -> BoxEndpoint<'static> {
    Route::new()
        .at("/api/unet-chat/ws/conversations/:id", get(socket::socket))
        .nest_no_strip("/", service().into_endpoint())
        .before(|request| async { Ok(with_token(request)) })
        .boxed()
}

/// Old builds send their token in `WWW-Authenticate`, which is a response header.
fn with_token(mut request: Request) -> Request {
    if !request.headers().contains_key(header::AUTHORIZATION)
        && let Some(token) = request.headers().get(header::WWW_AUTHENTICATE).cloned()
    {
        request.headers_mut().insert(header::AUTHORIZATION, token);
    }
    request
}
