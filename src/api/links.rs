//! Signed URLs of files, for clients that send no token with file requests.

use std::time::Duration;

use super::v1::avatar_path;
use besedka_core::messenger::{Link, Messenger};
use besedka_core::model::{Attachment, Person};

/// How long a link in a dialect's response is valid: its clients keep links as long as they are open.
const LIFE: Duration = Duration::from_secs(24 * 3_600);

/// Builds absolute URLs.
#[derive(Clone)]
pub struct Links {
    messenger: Messenger,
    base: String,
}

impl Links {
    /// `base` is the address that links begin with.
    pub fn new(messenger: &Messenger, base: &str) -> Self {
        Self { messenger: messenger.clone(), base: base.to_owned() }
    }

    /// A link to a file that the reader may see: anyone who has the link can download the file.
    pub fn file(&self, file: &Attachment) -> String {
        let Link { until, signature } = self.messenger.link(file, LIFE);
        let id = file.id;
        format!("{}/api/v1/attachments/{id}?expires={}&signature={signature}", self.base, until.0)
    }

    /// The URL of a user's avatar, on this server or external.
    pub fn avatar(&self, person: &Person) -> Option<String> {
        let here = person.avatar.map(|avatar| format!("{}{}", self.base, avatar_path(avatar)));
        here.or_else(|| person.avatar_url.clone())
    }
}
