//! `/google/meet`, `/auth/gmail`: places to meet by video.

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

/// What lets the server make meetings at Google.
#[derive(Object)]
#[oai(example)]
struct GoogleToken {
    /// An OAuth access token of Google with the scope `meetings.space.created`.
    token: String,
}

impl Example for GoogleToken {
    fn example() -> Self {
        Self { token: "google-oauth-token".to_owned() }
    }
}

/// A place to meet.
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
    /// Let the server make meetings at Google
    ///
    /// The token is kept encrypted, shown to nobody, and used for nothing else.
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

    /// Make a place to meet by video
    ///
    /// At Google in the caller's name, or on the Jitsi server that this one is told of. 400 before a token was given,
    /// 502 when Google refuses.
    #[oai(path = "/google/meet/create", method = "post", operation_id = "createMeeting")]
    async fn create(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Meeting>> {
        Ok(Json(Meeting { meet_url: messenger.as_user(caller.0).create_meeting().await? }))
    }
}
