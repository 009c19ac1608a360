//! Addresses of files for clients that send no token when they fetch them.

use std::time::Duration;

use super::v1::avatar_path;
use besedka_core::messenger::{Link, Messenger};
use besedka_core::model::{Attachment, Person};

/// How long a link in a dialect's answer is good: its clients keep them for the time that they are open.
const LIFE: Duration = Duration::from_secs(24 * 3_600);

/// Makes absolute addresses.
#[derive(Clone)]
pub struct Links {
    messenger: Messenger,
    base: String,
}

impl Links {
    /// `base` is what they begin with.
    pub fn new(messenger: &Messenger, base: &str) -> Self {
        Self { messenger: messenger.clone(), base: base.to_owned() }
    }

    /// A file that the reader may see: whoever has the link has the file.
    pub fn file(&self, file: &Attachment) -> String {
        let Link { until, signature } = self.messenger.link(file, LIFE);
        let id = file.id;
        format!("{}/api/v1/attachments/{id}?expires={}&signature={signature}", self.base, until.0)
    }

    /// Somebody's picture, here or elsewhere.
    pub fn avatar(&self, person: &Person) -> Option<String> {
        let here = person.avatar.map(|avatar| format!("{}{}", self.base, avatar_path(avatar)));
        here.or_else(|| person.avatar_url.clone())
    }
}
