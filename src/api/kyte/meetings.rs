//! `/google/meet`, `/auth/gmail`: video meetings.

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::{Owner, SignedIn};
use super::types::Success;
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::Messenger;

pub struct Meetings;

/// Authorises the server to create Google Meet meetings for the user.
#[derive(Object)]
#[oai(example)]
struct GoogleToken {
    /// A Google OAuth access token with the scope `meetings.space.created`.
    token: String,
}

impl Example for GoogleToken {
    fn example() -> Self {
        Self { token: "google-oauth-token".to_owned() }
    }
}

/// A video meeting.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Meeting {
    meet_url: String,
}

impl Example for Meeting {
    fn example() -> Self {
        Self { meet_url: "https://meet.google.com/xxx-xxxx-xxx".to_owned() }
    }
}

#[OpenApi(tag = "Area::Assistant")]
impl Meetings {
    /// Save a Google token
    ///
    /// Lets the server create Google Meet meetings for the caller. The token is stored encrypted, never
    /// returned, and not used for anything else.
    #[oai(path = "/auth/gmail/token", method = "post", operation_id = "keepGoogleToken")]
    async fn keep(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        body: JsonBody<GoogleToken>,
    ) -> Answer<Json<Success>> {
        messenger.as_user(caller.0).store_google_token(&body.0.token).await?;
        Ok(Json(Success::YES))
    }

    /// Create a video meeting
    ///
    /// Creates a meeting in Google Meet on behalf of the caller, or on the Jitsi server that this server is
    /// configured with. Answers 400 if no Google token was saved, and 502 if Google refuses it.
    #[oai(path = "/google/meet/create", method = "post", operation_id = "createMeeting")]
    async fn create(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Meeting>> {
        Ok(Json(Meeting { meet_url: messenger.as_user(caller.0).create_meeting().await? }))
    }
}
