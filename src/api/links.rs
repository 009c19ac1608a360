//! Signed URLs of files, for clients that send no token with file requests.

use std::time::Duration;

use uuid::Uuid;

use super::v1::avatar_path;
use super::visit::Visit;
use besedka_core::messenger::{Link, Messenger};
use besedka_core::model::{Attachment, AttachmentId, Language, Person, Time, UserId};

/// How long a link in a dialect's response is valid: its clients keep links as long as they are open.
pub const LIFE: Duration = Duration::from_secs(3_600);
/// The same for clients that do not ask for messages again.
pub const LONG_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// The path of files, below the server's address.
const ATTACHMENTS: &str = "/api/v1/attachments/";

/// What depends on the reader: absolute URLs, and a language.
#[derive(Clone)]
pub struct Links {
    messenger: Messenger,
    base: String,
    reader: UserId,
    life: Duration,
    /// The reader's language, for what the server writes itself.
    pub language: Language,
}

impl Links {
    /// `base` is the address that links begin with. Links to files work as long as `reader` may read the file.
    pub fn new(messenger: &Messenger, base: &str, reader: UserId) -> Self {
        Self {
            messenger: messenger.clone(),
            base: base.to_owned(),
            reader,
            life: LIFE,
            language: Language::Russian,
        }
    }

    /// For the sender of a request.
    pub fn to(messenger: &Messenger, visit: &Visit, reader: UserId) -> Self {
        Self::new(messenger, &visit.base, reader)
            .in_language(messenger.language(Some(reader), visit.language))
    }

    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The same with links of another lifetime.
    pub fn lasting(self, life: Duration) -> Self {
        Self { life, ..self }
    }

    /// A link to a file that the reader may see: anyone who has the link can download the file.
    pub fn file(&self, file: &Attachment) -> String {
        let link = self.messenger.link(file, self.reader, self.life);
        format!("{}{ATTACHMENTS}{}?{}", self.base, file.id, query(&link))
    }

    /// The URL of a user's avatar, on this server or external.
    pub fn avatar(&self, person: &Person) -> Option<String> {
        let here = person.avatar.map(|avatar| format!("{}{}", self.base, avatar_path(avatar)));
        here.or_else(|| person.avatar_url.clone())
    }
}

/// The file that a link points to, signed or not, if it is one of this server.
pub fn attachment(base: &str, url: &str) -> Option<AttachmentId> {
    let path = url.strip_prefix(base)?.strip_prefix(ATTACHMENTS)?;
    Uuid::try_parse(path.split(['/', '?', '#']).next()?).ok().map(AttachmentId)
}

/// The parameters of a signed link.
pub fn query(link: &Link) -> String {
    format!("expires={}&reader={}&signature={}", link.until.0, link.reader, link.signature)
}

/// The parameters that a request for a file may have: expiry, reader and signature.
pub struct LinkParameters(pub Option<i64>, pub Option<i64>, pub Option<String>);

impl LinkParameters {
    /// The link, if the request comes from one. A link without a reader is one of an earlier version, and not valid.
    pub fn signed(self) -> Option<Link> {
        let Self(until, reader, signature) = self;
        Some(Link { until: Time(until?), reader: UserId(reader.unwrap_or_default()), signature: signature? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_file_of_ours_is_known() {
        let (base, id) = ("https://chat.example.org", "7f7b2c34-1f2b-4d4a-9b70-6a5a7a3c2f11");
        let known = Some(AttachmentId(Uuid::try_parse(id).unwrap()));
        for rest in ["", "?expires=1&reader=2&signature=x", "/", "/thumbnail?expires=1", "#page=2"] {
            assert_eq!(attachment(base, &format!("{base}/api/v1/attachments/{id}{rest}")), known, "{rest}");
        }
        for url in [
            format!("https://elsewhere.example.org/api/v1/attachments/{id}"),
            format!("{base}.example.com/api/v1/attachments/{id}"),
            format!("{base}/api/v1/attachments/{id}0"),
            format!("{base}/api/v1/avatars/{id}"),
            format!("{base}/api/v1/attachments/"),
        ] {
            assert_eq!(attachment(base, &url), None, "{url}");
        }
    }
}
