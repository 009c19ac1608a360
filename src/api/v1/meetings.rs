//! `/chats/{id}/meeting`, `/users/me/google-token`: places to meet by video.

use poem::Request;
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::{Owner, SignedIn};
use super::idempotency::Key;
use super::types::{Created, Done, Message};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{self, Messenger};
use besedka_core::model::{ChatId, Language};

pub struct Meetings;

/// How to make a meeting.
#[derive(Object)]
#[oai(example)]
struct NewMeeting {
    /// Whether to post a message with its address, in the caller's name.
    #[oai(default)]
    post: bool,
}

impl Example for NewMeeting {
    fn example() -> Self {
        Self { post: true }
    }
}

/// A place to meet.
#[derive(Object)]
#[oai(example)]
struct Meeting {
    url: String,
    /// What was posted.
    message: Option<Message>,
}

impl From<messenger::Meeting> for Meeting {
    fn from(meeting: messenger::Meeting) -> Self {
        Self { url: meeting.url, message: meeting.message.map(Message::from) }
    }
}

impl Example for Meeting {
    fn example() -> Self {
        Self { url: "https://meet.google.com/abc-defg-hij".to_owned(), message: None }
    }
}

/// What lets the server make meetings in one's name.
#[derive(Object)]
#[oai(example)]
struct GoogleToken {
    /// An OAuth access token of Google with the scope `meetings.space.created`.
    token: String,
}

impl Example for GoogleToken {
    fn example() -> Self {
        Self { token: "ya29.a0AfH6SMBx".to_owned() }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Meetings {
    /// Make a place to meet by video
    ///
    /// On the Jitsi server that this one is told of, or at Google in the caller's name, with the token of
    /// `PUT /users/me/google-token`: without one it answers 400, and 502 when Google refuses. A message that was posted
    /// has the address also as `meet_url` in its `payload`.
    #[oai(path = "/chats/:chat_id/meeting", method = "post", operation_id = "createMeeting")]
    async fn create(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<NewMeeting>,
    ) -> Answer<Created<Meeting>> {
        let language = Language::of(request.header(header::ACCEPT_LANGUAGE.as_str()));
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let meeting = caller.meet(ChatId(chat_id.0), body.0.post, language).await?;
        Ok(Created::Created(Json(meeting.into())))
    }

    /// Let the server make meetings at Google
    ///
    /// The token is kept encrypted, shown to nobody, and used for nothing else.
    #[oai(path = "/users/me/google-token", method = "put", operation_id = "keepGoogleToken")]
    async fn keep(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<GoogleToken>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.store_google_token(&body.0.token).await?;
        Ok(Done::Done)
    }

    /// Take Google's token back
    #[oai(path = "/users/me/google-token", method = "delete", operation_id = "forgetGoogleToken")]
    async fn forget(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.delete_google_token().await?;
        Ok(Done::Done)
    }
}
