//! Attachments: announced, uploaded by a signed form, posted, read by whoever is in the chat.

use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use object_store::GetRange;
use object_store::signer::Method;

use crate::files::{self, BucketForm, Opened, Received, Served, Signature};
use crate::messenger::files::quota::room;
use crate::messenger::foundation::{Error, Limit, Result, Subject, Tries, Work};
use crate::messenger::{Caller, Messenger};
use crate::model::{Attachment, AttachmentId, Facts, Time, UserId};
use crate::store::attachments;

/// A file must be posted within this time.
pub(crate) const UPLOAD_LIFE: Duration = Duration::from_secs(24 * 3_600);
/// How long an upload form is good.
pub(crate) const FORM_LIFE: Duration = Duration::from_secs(15 * 60);
/// How long a bucket serves a file to whoever was sent there.
const ELSEWHERE_LIFE: Duration = Duration::from_secs(5 * 60);
/// The most files that one may have announced without uploading them.
const MOST_PENDING: i64 = 20;

const UPLOADED: &str = "This file was uploaded already";

/// A file that somebody is going to upload.
#[derive(Debug, Clone)]
pub struct Announcement {
    pub filename: String,
    pub content_type: String,
    /// How many bytes at most; the server's limit when it is missing.
    pub size: Option<u64>,
}

/// The form by which a file is uploaded.
#[derive(Debug, Clone)]
pub struct Form {
    pub attachment: Attachment,
    pub way: Way,
}

/// To where a file is uploaded.
#[derive(Debug, Clone)]
pub enum Way {
    /// To us.
    Here { key: String, signature: Signature },
    /// To the bucket, past us.
    Bucket(Box<BucketForm>),
}

/// A link that needs no token.
#[derive(Debug, Clone)]
pub struct Link {
    pub until: Time,
    pub signature: Signature,
}

/// An uploaded file that may be read: by a caller who may see it ([`Caller::attachment`]), or by a signed link
/// ([`Messenger::linked`]). Only from one of these its bytes are served.
#[derive(Debug)]
pub struct ReadableFile(Attachment);

impl ReadableFile {
    pub fn into_attachment(self) -> Attachment {
        self.0
    }
}

impl Deref for ReadableFile {
    type Target = Attachment;

    fn deref(&self) -> &Attachment {
        &self.0
    }
}

impl Caller {
    /// Announces a file and answers the form for it.
    pub async fn announce_file(self, new: Announcement) -> Result<Form> {
        let owner = self.access.user;
        let messenger = &self.messenger;
        let mut attachment = messenger.plan_file(owner, &new)?;
        messenger.limit(Limit::Upload(owner))?;
        messenger.take_in_of(owner).await?;
        let mut work = messenger.begin_of([owner]).await?;
        let room = room(&mut work.tx, &messenger.settings, owner).await?;
        // Without a size, nobody knows whether it will fit until it is there.
        room.hold(new.size.unwrap_or(1))?;
        if messenger.files.is_direct() {
            // A bucket asks nobody whether there is room: there must be, for all that may come.
            let room = room.less(attachments::announced_bytes(&mut work.tx, owner, work.now).await?);
            room.hold(new.size.unwrap_or(1))?;
            attachment.size = attachment.size.min(i64::try_from(room.left()).unwrap_or(i64::MAX));
        }
        let pending = attachments::pending(&mut work.tx, owner, work.now).await?;
        if messenger.settings.rate_limits && pending >= MOST_PENDING {
            return Err(Error::TooMany(FORM_LIFE));
        }
        attachments::insert(&mut work.tx, &attachment).await?;
        work.once(self.attempt.clone(), Subject::Attachment(attachment.id));
        work.commit().await?;
        messenger.form(attachment).await
    }

    /// The form of one's own attachment once more.
    pub async fn form_again(&self, id: AttachmentId) -> Result<Form> {
        let mut read = self.messenger.db.read().await?;
        let attachment = attachments::by_id(&mut read, id).await?;
        let attachment = attachment.filter(|attachment| attachment.owner == self.access.user);
        self.messenger.form(attachment.ok_or(Error::NotFound("attachment"))?).await
    }

    /// What is known of an attachment that is there and that the caller may read, and a link to it.
    pub async fn attachment(&self, id: AttachmentId, link_life: Duration) -> Result<(ReadableFile, Link)> {
        self.messenger.take_in(self.access.user, &[id]).await?;
        let mut read = self.messenger.db.read().await?;
        let found = attachments::by_id(&mut read, id).await?.filter(|attachment| attachment.uploaded);
        let attachment = found.ok_or(Error::NotFound("attachment"))?;
        let owns = attachment.owner == self.access.user;
        if !owns && !attachments::is_visible(&mut read, id, self.access.user).await? {
            return Err(Error::NotFound("attachment"));
        }
        let link = self.messenger.link(&attachment, link_life);
        Ok((ReadableFile(attachment), link))
    }
}

impl Messenger {
    /// A file as it is announced, if one like it is taken here.
    pub(crate) fn plan_file(&self, owner: UserId, new: &Announcement) -> Result<Attachment> {
        let filename = check_filename(&new.filename)?;
        let content_type = check_content_type(&new.content_type)?;
        let most = self.settings.upload_limit;
        let size = new.size.unwrap_or(most);
        if size == 0 {
            return Err(Error::invalid("size", "must be at least one byte"));
        }
        if size > most {
            return Err(Error::TooLarge(format!("Files of more than {most} bytes are not taken here")));
        }
        let now = self.clock.now();
        Ok(Attachment {
            id: AttachmentId::random(),
            owner,
            filename,
            content_type,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            created_at: now,
            expires_at: now + FORM_LIFE,
            uploaded: false,
            facts: Facts::default(),
        })
    }

    async fn form(&self, attachment: Attachment) -> Result<Form> {
        let way = match self.files.form(&attachment).await? {
            Some(form) => Way::Bucket(Box::new(form)),
            None => Way::Here { key: attachment.key(), signature: self.links.form(&attachment) },
        };
        Ok(Form { attachment, way })
    }

    /// Where the bytes of an attachment are fetched past us; nothing when they are not.
    pub async fn elsewhere(
        &self,
        attachment: &ReadableFile,
        method: Method,
        served: &Served<'_>,
    ) -> Result<Option<String>> {
        Ok(self.files.link(attachment, method, ELSEWHERE_LIFE, served).await?)
    }

    /// The same for its thumbnail.
    pub async fn thumbnail_elsewhere(
        &self,
        attachment: &ReadableFile,
        method: Method,
        served: &Served<'_>,
    ) -> Result<Option<String>> {
        if attachment.facts.thumbnail.is_none() {
            return Err(Error::NotFound("thumbnail"));
        }
        Ok(self.files.link_thumbnail(attachment, method, ELSEWHERE_LIFE, served).await?)
    }

    /// An attachment by a link that needs no token.
    pub async fn linked(&self, id: AttachmentId, link: &Link) -> Result<ReadableFile> {
        if link.until <= self.clock.now() || !self.links.is_read(id, link.until, &link.signature) {
            return Err(Error::Forbidden("This link has run out or is not ours"));
        }
        let mut read = self.db.read().await?;
        let found = attachments::by_id(&mut read, id).await?.filter(|attachment| attachment.uploaded);
        found.map(ReadableFile).ok_or(Error::NotFound("attachment"))
    }

    /// The bytes of an attachment, all or in part.
    pub async fn open(&self, attachment: &ReadableFile, range: Option<GetRange>) -> Result<Opened> {
        Ok(self.files.open(attachment, range).await?)
    }

    /// The attachment that a filled-in form is for, when the form is ours and still good.
    pub async fn expected(&self, key: &str, content_type: &str, signature: &str) -> Result<Attachment> {
        let id = key.split('/').next().and_then(|id| uuid::Uuid::try_parse(id).ok()).map(AttachmentId);
        let id = id.ok_or(Error::Forbidden("The key is not the form's"))?;
        let mut read = self.db.read().await?;
        let attachment = attachments::by_id(&mut read, id).await?;
        let attachment = attachment.ok_or(Error::Forbidden("The key is not the form's"))?;
        if attachment.key() != key {
            return Err(Error::Forbidden("The key is not the form's"));
        }
        if attachment.uploaded {
            return Err(Error::Conflict(UPLOADED));
        }
        if attachment.content_type != content_type {
            return Err(Error::Forbidden("The Content-Type is not the form's"));
        }
        if !self.links.is_form(&attachment, signature) {
            return Err(Error::Forbidden("The signature is not the form's"));
        }
        if attachment.expires_at <= self.clock.now() {
            return Err(Error::Forbidden("The form has run out; ask for a new one"));
        }
        Ok(attachment)
    }

    /// The bytes of an attachment's thumbnail.
    pub async fn open_thumbnail(&self, attachment: &ReadableFile) -> Result<Opened> {
        match attachment.facts.thumbnail {
            Some(_) => Ok(self.files.open_thumbnail(attachment).await?),
            None => Err(Error::NotFound("thumbnail")),
        }
    }

    /// Takes the bytes of an attachment, and finds out what they tell. When it fails, nothing is
    /// kept and the form stays good.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        attachment: Attachment,
        bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
    ) -> Result<()> {
        // Two who send to one form at once would write over each other.
        let _turn = self.attempt(self.request(Some(attachment.owner), "upload", &attachment.key(), b""))?;
        let mut read = self.db.read().await?;
        let as_it_is = attachments::by_id(&mut read, attachment.id).await?;
        let room = room(&mut read, &self.settings, attachment.owner).await?;
        drop(read);
        if as_it_is.is_none_or(|attachment| attachment.uploaded) {
            return Err(Error::Conflict(UPLOADED));
        }
        room.hold(1)?;
        let announced = u64::try_from(attachment.size).unwrap_or_default();
        let most = announced.min(room.left());
        let received = match self.files.receive(&attachment, most, bytes).await {
            Err(files::Error::TooLarge(_)) if most < announced => return room.hold(announced),
            received => received?,
        };
        self.keep(&attachment, &received).await
    }

    /// Writes down that a file has arrived and what it tells, if there is room for it; if not, it goes.
    pub(crate) async fn keep(&self, attachment: &Attachment, received: &Received) -> Result<()> {
        let kept = async {
            let facts = self.files.look(attachment, &received.content_type).await?;
            // Its bytes come once only.
            let mut tries = Tries::default();
            loop {
                match self.keep_once(attachment, received, &facts).await {
                    Err(Error::Again) if tries.another().await => {}
                    done => return done,
                }
            }
        };
        let kept = kept.await;
        if kept.is_err() {
            self.files.delete(attachment).await?;
        }
        kept
    }

    async fn keep_once(&self, attachment: &Attachment, received: &Received, facts: &Facts) -> Result<()> {
        let mut work = self.begin().await?;
        if !arrived(&mut work, attachment, received, facts).await? {
            return Ok(());
        }
        // It is counted by now: of two that end at once, the second sees the first.
        room(&mut work.tx, &self.settings, attachment.owner).await?.hold(0)?;
        work.commit().await
    }
}

/// Writes down what has arrived; not when another node was faster.
pub(crate) async fn arrived(
    work: &mut Work,
    attachment: &Attachment,
    received: &Received,
    facts: &Facts,
) -> Result<bool> {
    let arrived = attachments::Arrived {
        size: i64::try_from(received.size).unwrap_or(i64::MAX),
        content_type: &received.content_type,
        sha256: received.sha256.as_deref(),
        facts,
    };
    let now = work.now;
    Ok(attachments::uploaded(&mut work.tx, attachment, &arrived, now).await?)
}

fn check_filename(name: &str) -> Result<String> {
    // Some browsers send a path; people mean its last part.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty() || name.len() > 255 || name.chars().any(char::is_control) {
        return Err(Error::invalid("filename", "must have 1 to 255 bytes and no control characters"));
    }
    Ok(name.to_owned())
}

fn check_content_type(content_type: &str) -> Result<String> {
    let text = content_type.trim();
    let plain = text.split(';').next().unwrap_or_default().trim();
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c))
    };
    let sound = plain.split_once('/').is_some_and(|(kind, subtype)| is_word(kind) && is_word(subtype));
    if !sound || text.len() > 255 || !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(Error::invalid("content_type", "must be a media type, as in audio/opus"));
    }
    Ok(text.to_owned())
}
