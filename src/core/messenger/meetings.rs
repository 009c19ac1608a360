//! Places to meet by video: at Google, in the caller's name, or on a Jitsi server.

use std::fmt::Write;

use serde_json::Map;

use crate::integrations::GoogleMeet;
use crate::messenger::Caller;
use crate::messenger::accounts::block;
use crate::messenger::foundation::encryption::Seal;
use crate::messenger::foundation::secrets::{self, Secrets};
use crate::messenger::foundation::settings::MeetingSettings;
use crate::messenger::foundation::{Error, Result, Subject};
use crate::messenger::messages::request::NewMessage;
use crate::model::{ChatId, Content, Kind, Language, Message, Right};
use crate::store::google_tokens;

/// The longest token that is kept, in bytes; Google says that they have 2,048 at most.
const LONGEST_TOKEN: usize = 4_096;

/// The same, ready.
pub(crate) struct Meetings {
    jitsi: Option<String>,
    google: GoogleMeet,
    seal: Seal,
}

impl Meetings {
    pub(crate) fn new(settings: &MeetingSettings, secrets: &Secrets) -> Result<Self> {
        let google = GoogleMeet::new(&settings.google);
        Ok(Self {
            jitsi: settings.jitsi.clone(),
            google: google.map_err(|why| Error::invalid("--google-meet-url", why))?,
            seal: Seal::new(secrets.key("google token"))?,
        })
    }
}

/// A meeting, and the message that tells of it, if there is one.
#[derive(Debug, Clone)]
pub struct Meeting {
    pub url: String,
    pub message: Option<Message>,
}

impl Caller {
    /// Keeps what lets the server make meetings at Google in one's name. Nobody can read it again.
    pub async fn keep_google_token(self, token: &str) -> Result<()> {
        self.changes()?;
        let token = token.trim();
        if token.is_empty()
            || token.len() > LONGEST_TOKEN
            || !token.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(Error::invalid("token", "must be an access token of Google"));
        }
        let user = self.access.user;
        let sealed = self.messenger.meetings.seal.close(user, token)?;
        let mut work = self.messenger.begin_of([user]).await?;
        let now = work.now;
        google_tokens::keep(&mut work.tx, user, &sealed, now).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Takes it away again.
    pub async fn forget_google_token(self) -> Result<()> {
        self.changes()?;
        let mut work = self.messenger.begin_of([self.access.user]).await?;
        google_tokens::delete(&mut work.tx, self.access.user).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Makes a place to meet. Answers its address.
    pub async fn create_meeting(&self) -> Result<String> {
        self.changes()?;
        let meetings = &self.messenger.meetings;
        if let Some(jitsi) = &meetings.jitsi {
            return Ok(format!("{}/{}", jitsi.trim_end_matches('/'), room()));
        }
        let user = self.access.user;
        let sealed = google_tokens::of_user(&mut self.messenger.db.read().await?, user).await?;
        let token = sealed.and_then(|sealed| meetings.seal.open(user, &sealed));
        let missing =
            || Error::invalid("google_token", "is missing; let the server use your Google account first");
        let created = meetings.google.create(&token.ok_or_else(missing)?).await;
        created.map_err(|why| {
            tracing::warn!(%why, "Google made no meeting");
            Error::UpstreamFailed("Google made no meeting; give the server a new token, or try again later")
        })
    }

    /// Makes a place to meet for a chat, and tells the chat of it if `posts`.
    pub async fn meet(mut self, chat: ChatId, posts: bool, language: Language) -> Result<Meeting> {
        let attempt = self.attempt.take();
        let access = self.access;
        let place = self.messenger.as_user(access).chat(chat).await?;
        if posts {
            // Before there is a meeting of which nobody hears.
            place.may(Right::posting(place.chat.is_read_only))?;
            block::refuse(&mut self.messenger.db.read().await?, chat, access.user).await?;
        }
        self.messenger.is_first(attempt.as_ref()).await?;
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

/// A room that nobody comes upon by chance.
fn room() -> String {
    let mut name = "besedka-".to_owned();
    for byte in &secrets::random()[..16] {
        let _ = write!(name, "{byte:02x}");
    }
    name
}
