//! Video meetings: in Google Meet on behalf of the caller, or on a Jitsi server.

use std::fmt::Write;

use serde_json::Map;

use crate::boxed;
use crate::integrations::GoogleMeet;
use crate::messenger::Caller;
use crate::messenger::accounts::block;
use crate::messenger::foundation::encryption::Encryptor;
use crate::messenger::foundation::secrets::{self, Secrets};
use crate::messenger::foundation::settings::MeetingSettings;
use crate::messenger::foundation::{Error, Result, Subject};
use crate::messenger::messages::request::NewMessage;
use crate::model::{ChatId, Content, Kind, Language, Message, Right};
use crate::store::google_tokens;

/// The longest token that is accepted, in bytes; Google documents at most 2,048.
const MAX_TOKEN: usize = 4_096;

/// The configured meeting services.
pub(crate) struct Meetings {
    jitsi: Option<String>,
    google: GoogleMeet,
    encryptor: Encryptor,
}

impl Meetings {
    pub(crate) fn new(settings: &MeetingSettings, secrets: &Secrets) -> Result<Self> {
        let google = GoogleMeet::new(&settings.google);
        Ok(Self {
            jitsi: settings.jitsi.clone(),
            google: google.map_err(|why| Error::invalid("--google-meet-url", why))?,
            encryptor: Encryptor::new(secrets.key("google token"))?,
        })
    }
}

/// A meeting, and the message that announces it, if any.
#[derive(Debug, Clone)]
pub struct Meeting {
    pub url: String,
    pub message: Option<Message>,
}

impl Caller {
    /// Stores the caller's Google token, encrypted. No API returns it.
    #[boxed]
    pub async fn store_google_token(self, token: &str) -> Result<()> {
        self.changes()?;
        let token = token.trim();
        if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid("token", "must be a Google access token"));
        }
        let user = self.access.user;
        let sealed = self.messenger.meetings.encryptor.encrypt(user.0, token)?;
        let mut work = self.messenger.begin_for([user]).await?;
        let now = work.now;
        google_tokens::save(&mut work.tx, user, &sealed, now).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Deletes the caller's Google token.
    #[boxed]
    pub async fn delete_google_token(self) -> Result<()> {
        self.changes()?;
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        google_tokens::delete(&mut work.tx, self.access.user).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Creates a meeting and returns its URL.
    #[boxed]
    pub async fn create_meeting(&self) -> Result<String> {
        self.changes()?;
        let meetings = &self.messenger.meetings;
        if let Some(jitsi) = &meetings.jitsi {
            return Ok(format!("{}/{}", jitsi.trim_end_matches('/'), room()));
        }
        let user = self.access.user;
        let sealed = google_tokens::of_user(&mut self.messenger.db.read().await?, user).await?;
        let token = sealed.and_then(|sealed| meetings.encryptor.decrypt(user.0, &sealed));
        // How one is saved depends on the API.
        let missing = Error::invalid("google_token", "is missing; save a Google token first");
        let created = meetings.google.create(&token.ok_or(missing)?).await;
        created.map_err(|why| {
            tracing::warn!(%why, "Google Meet could not create a meeting");
            Error::UpstreamFailed("Google did not create a meeting; save a new token, or try again later")
        })
    }

    /// Creates a meeting for a chat, and posts it there if `posts`.
    #[boxed]
    pub async fn meet(mut self, chat: ChatId, posts: bool, language: Language) -> Result<Meeting> {
        let attempt = self.attempt.take();
        let access = self.access;
        let membership = self.messenger.as_user(access).chat(chat).await?;
        if posts {
            // Check before creating a meeting that could not be announced.
            membership.may(Right::posting(membership.chat.is_read_only))?;
            block::check_not_blocked(&mut self.messenger.db.read().await?, chat, access.user).await?;
        }
        self.messenger.check_first(attempt.as_ref()).await?;
        let url = self.create_meeting().await?;
        if !posts {
            let mut work = self.messenger.begin().await?;
            work.once(attempt, Subject::Nothing);
            work.commit().await?;
            return Ok(Meeting { url, message: None });
        }
        let text = match language {
            Language::Russian => format!("Видеовстреча: {url}"),
            Language::English => format!("Video meeting: {url}"),
        };
        let payload = Map::from_iter([("meet_url".to_owned(), url.as_str().into())]);
        let content = Content::new(Kind::Text, Some(text), Some(payload))?;
        let caller = Self { attempt, ..self };
        let message = caller.post(chat, NewMessage::new(content)).await?;
        Ok(Meeting { url, message: Some(message) })
    }
}

/// A room name that can't be guessed.
fn room() -> String {
    let mut name = "besedka-".to_owned();
    for byte in &secrets::random()[..16] {
        let _ = write!(name, "{byte:02x}");
    }
    name
}
