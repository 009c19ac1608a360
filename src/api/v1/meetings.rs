//! `/chats/{id}/meeting`, `/users/me/google-token`: video meetings.

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

/// Options for a new meeting.
#[derive(Object)]
#[oai(example)]
struct NewMeeting {
    /// Whether to post a message with the meeting's link, in the caller's name.
    #[oai(default)]
    post: bool,
}

impl Example for NewMeeting {
    fn example() -> Self {
        Self { post: true }
    }
}

/// A video meeting.
#[derive(Object)]
#[oai(example)]
struct Meeting {
    url: String,
    /// The posted message, if any.
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

/// Authorises the server to create Google Meet meetings for the user.
#[derive(Object)]
#[oai(example)]
struct GoogleToken {
    /// A Google OAuth access token with the scope `meetings.space.created`.
    token: String,
}

impl Example for GoogleToken {
    fn example() -> Self {
        Self { token: "ya29.a0AfH6SMBx".to_owned() }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Meetings {
    /// Create a video meeting
    ///
    /// Creates a meeting on the Jitsi server that this server is configured with, or in Google Meet on behalf
    /// of the caller. Google Meet requires a token saved with `PUT /users/me/google-token`: without one the
    /// response is 400, and 502 if Google refuses it. A posted message also contains the link as `meet_url` in
    /// its `payload`.
    #[oai(path = "/chats/:chat_id/meeting", method = "post", operation_id = "createMeeting")]
    async fn create(
        &self,
        request: &Request,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<NewMeeting>,
    ) -> Answer<Created<Meeting>> {
        let accepted = Language::known(request.header(header::ACCEPT_LANGUAGE.as_str()));
        messenger.load_language(caller.0.user).await?;
        let language = messenger.language(Some(caller.0.user), accepted);
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let meeting = caller.meet(ChatId(chat_id.0), body.0.post, language).await?;
        Ok(Created::Created(Json(meeting.into())))
    }

    /// Save a Google token
    ///
    /// Lets the server create Google Meet meetings for the caller. The token is stored encrypted, never
    /// returned, and not used for anything else.
    #[oai(path = "/users/me/google-token", method = "put", operation_id = "keepGoogleToken")]
    async fn keep(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<GoogleToken>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.store_google_token(&body.0.token).await?;
        Ok(Done::Done)
    }

    /// Delete the Google token
    ///
    /// The server can no longer create Google Meet meetings for the caller.
    #[oai(path = "/users/me/google-token", method = "delete", operation_id = "forgetGoogleToken")]
    async fn forget(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.delete_google_token().await?;
        Ok(Done::Done)
    }
}
