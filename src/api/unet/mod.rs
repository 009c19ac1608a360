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

use super::refusal::Failure;
use super::{Dialect, Place, Spec, described};

const PREFIXES: [&str; 2] = ["/api/unet-chat", "/educations/api/v1/users"];

pub const DIALECT: Dialect = Dialect::new::<types::Problem>("unet", Place::Whole(&PREFIXES), routes, spec);

/// How this API says no.
type Refusal = Failure<types::Problem>;
/// How this API answers.
type Answer<T> = Result<T, Refusal>;

#[derive(Tags)]
enum Area {
    /// Sign-in, its renewal, and who there is.
    Users,
    /// Conversations.
    Conversations,
    /// Saying, reading, editing, deleting.
    Messages,
    /// Who is in a conversation.
    Participants,
    /// Files of messages.
    Attachments,
}

const DESCRIPTION: &str = "\
The API of unet's chat, spoken by Besedka.

The token of `POST /educations/api/v1/users/auth/` goes into the header `Authorization: Bearer …`; old builds send it \
in a request header `WWW-Authenticate`, which is taken as well. Conversations and messages are called by UUIDs, people \
by integers. Times are UTC, ISO 8601 without a zone. A slash at the end of a path makes no difference. Errors are \
`{\"detail\"}`.

The socket of a conversation is `/api/unet-chat/ws/conversations/{id}/?Authorization=Bearer%20{token}`.";

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
    Spec::new("unet chat", "unet", || described(service()))
}

fn routes() -> BoxEndpoint<'static> {
    Route::new()
        .at("/api/unet-chat/ws/conversations/:id", get(socket::socket))
        .nest_no_strip("/", service().into_endpoint())
        .before(|request| async { Ok(with_token(request)) })
        .boxed()
}

/// Old builds send their token in `WWW-Authenticate`, which is a header of answers.
fn with_token(mut request: Request) -> Request {
    if !request.headers().contains_key(header::AUTHORIZATION)
        && let Some(token) = request.headers().get(header::WWW_AUTHENTICATE).cloned()
    {
        request.headers_mut().insert(header::AUTHORIZATION, token);
    }
    request
}
