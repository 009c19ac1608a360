//! Attachments: requested, uploaded with a signed form, posted, downloaded by the members of the chat.

use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use object_store::GetRange;
use object_store::signer::Method;

use crate::boxed;
use crate::files::{self, BucketForm, FileStream, Received, ResponseHeaders, Signature};
use crate::messenger::files::quota::remaining_quota;
use crate::messenger::foundation::{Error, Limit, Result, Retries, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger};
use crate::model::text;
use crate::model::{Attachment, AttachmentId, MediaMetadata, Time, UserId};
use crate::store::{attachments, users};

/// An uploaded file must be posted within this time.
pub(crate) const UPLOAD_LIFETIME: Duration = Duration::from_secs(24 * 3_600);
/// How long an upload form is valid.
pub(crate) const FORM_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How long a presigned URL of the bucket is valid.
const PRESIGNED_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// The most uploads that a user may have requested without completing them.
const MAX_PENDING: i64 = 20;

const UPLOADED: &str = "This file has already been uploaded";

/// A requested upload.
#[derive(Debug, Clone)]
pub struct NewUpload {
    pub filename: String,
    pub content_type: String,
    /// The maximum size in bytes; the server's limit when it is missing.
    pub size: Option<u64>,
    /// Whether to store the file as it is: otherwise location, camera and author are removed from pictures and films.
    pub keep_original: bool,
}

/// The form for uploading a file.
#[derive(Debug, Clone)]
pub struct UploadForm {
    pub attachment: Attachment,
    pub target: UploadTarget,
}

/// Where a file is uploaded to.
#[derive(Debug, Clone)]
pub enum UploadTarget {
    /// This server.
    Server { key: String, signature: Signature },
    /// The bucket directly.
    Bucket(Box<BucketForm>),
}

/// A signed link that works without a token, as long as the user it was made for may read the file.
#[derive(Debug, Clone)]
pub struct Link {
    pub reader: UserId,
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
    /// Requests an upload and returns the form for it.
    #[boxed]
    pub async fn request_upload(self, new: NewUpload) -> Result<UploadForm> {
        let owner = self.access.user;
        let messenger = &self.messenger;
        let mut attachment = messenger.new_attachment(owner, &new)?;
        messenger.limit(Limit::Upload(owner))?;
        messenger.confirm_uploads_of(owner).await?;
        let mut work = messenger.begin_for([owner]).await?;
        let quota = remaining_quota(&mut work.tx, &messenger.settings, owner).await?;
        // Without a declared size it is unknown whether the file will fit.
        quota.require(new.size.unwrap_or(1))?;
        if messenger.files.is_direct() {
            // A bucket does not check quotas, so all pending uploads must fit together.
            let quota = quota.minus(attachments::announced_bytes(&mut work.tx, owner, work.now).await?);
            quota.require(new.size.unwrap_or(1))?;
            attachment.size = attachment.size.min(i64::try_from(quota.bytes()).unwrap_or(i64::MAX));
        }
        let pending = attachments::pending(&mut work.tx, owner, work.now).await?;
        if messenger.settings.rate_limits && pending >= MAX_PENDING {
            return Err(Error::TooMany(FORM_LIFETIME));
        }
        attachments::insert(&mut work.tx, &attachment).await?;
        work.once(self.attempt.clone(), Subject::Attachment(attachment.id));
        work.commit().await?;
        messenger.form(attachment).await
    }

    /// Returns the form of one of the caller's requested uploads again.
    #[boxed]
    pub async fn reissue_upload_form(&self, id: AttachmentId) -> Result<UploadForm> {
        let mut read = self.messenger.db.read().await?;
        let attachment = attachments::by_id(&mut read, id).await?;
        let attachment = attachment.filter(|attachment| attachment.owner == self.access.user);
        self.messenger.form(attachment.ok_or(Error::NotFound("attachment"))?).await
    }

    /// An uploaded attachment that the caller may read, and a link to it.
    #[boxed]
    pub async fn attachment(&self, id: AttachmentId, link_life: Duration) -> Result<(ReadableFile, Link)> {
        self.messenger.confirm_uploads(self.access.user, &[id]).await?;
        let mut read = self.messenger.db.read().await?;
        let found = attachments::by_id(&mut read, id).await?.filter(|attachment| attachment.uploaded);
        let attachment = found.ok_or(Error::NotFound("attachment"))?;
        let owns = attachment.owner == self.access.user;
        if !owns && !attachments::is_visible(&mut read, id, self.access.user).await? {
            return Err(Error::NotFound("attachment"));
        }
        let link = self.messenger.link(&attachment, self.access.user, link_life);
        Ok((ReadableFile(attachment), link))
    }
}

impl Messenger {
    /// Validates an upload request and returns the new attachment.
    pub(crate) fn new_attachment(&self, owner: UserId, new: &NewUpload) -> Result<Attachment> {
        let filename = check_filename(&new.filename)?;
        let content_type = check_content_type(&new.content_type)?;
        let most = self.settings.upload_limit;
        let size = new.size.unwrap_or(most);
        if size == 0 {
            return Err(Error::invalid("size", "must be at least one byte"));
        }
        if size > most {
            return Err(Error::TooLarge(format!("Files can have at most {most} bytes on this server")));
        }
        let now = self.clock.now();
        Ok(Attachment {
            id: AttachmentId::random(),
            owner,
            filename,
            stored_by_name: false,
            keep_original: new.keep_original,
            content_type,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            created_at: now,
            expires_at: now + FORM_LIFETIME,
            uploaded: false,
            metadata: MediaMetadata::default(),
        })
    }

    async fn form(&self, attachment: Attachment) -> Result<UploadForm> {
        let target = match self.files.upload_form(&attachment).await? {
            Some(form) => UploadTarget::Bucket(Box::new(form)),
            None => UploadTarget::Server {
                key: attachment.key(),
                signature: self.link_signer.sign_form(&attachment),
            },
        };
        Ok(UploadForm { attachment, target })
    }

    /// The URL at which the attachment is downloaded from the bucket directly; `None` when the server serves it.
    #[boxed]
    pub async fn redirect_url(
        &self,
        attachment: &ReadableFile,
        method: Method,
        headers: &ResponseHeaders<'_>,
    ) -> Result<Option<String>> {
        Ok(self.files.presigned_url(attachment, method, PRESIGNED_LIFETIME, headers).await?)
    }

    /// The same for its thumbnail.
    #[boxed]
    pub async fn thumbnail_redirect_url(
        &self,
        attachment: &ReadableFile,
        method: Method,
        headers: &ResponseHeaders<'_>,
    ) -> Result<Option<String>> {
        if attachment.metadata.thumbnail.is_none() {
            return Err(Error::NotFound("thumbnail"));
        }
        Ok(self.files.presigned_thumbnail_url(attachment, method, PRESIGNED_LIFETIME, headers).await?)
    }

    /// A link that gives access to a file without a token. Only for readers who may read the file.
    pub fn link(&self, file: &Attachment, reader: UserId, life: Duration) -> Link {
        let until = self.clock.now() + life;
        Link { reader, until, signature: self.link_signer.sign_read(file.id, reader, until) }
    }

    /// The attachment of a signed link. The right is checked again: its reader may have left the chat, and the file may
    /// have been deleted since the link was made.
    #[boxed]
    pub async fn attachment_by_link(&self, id: AttachmentId, link: &Link) -> Result<ReadableFile> {
        let Link { reader, until, signature } = link;
        if *until <= self.clock.now() || !self.link_signer.is_read_valid(id, *reader, *until, signature) {
            return Err(Error::Forbidden("This link is invalid or has expired"));
        }
        let gone = || Error::NotFound("attachment");
        let mut read = self.db.read().await?;
        let found = attachments::by_id(&mut read, id).await?.filter(|attachment| attachment.uploaded);
        let attachment = found.ok_or_else(gone)?;
        let reader = users::by_id(&mut read, *reader).await?;
        let reader = reader.filter(|user| !user.person.is_deactivated).ok_or_else(gone)?.id();
        let is_visible = attachments::is_visible(&mut read, id, reader).await?
            || (attachment.owner == reader && !attachments::is_detached(&mut read, id).await?);
        if is_visible { Ok(ReadableFile(attachment)) } else { Err(gone()) }
    }

    /// The attachment's content, whole or a byte range.
    #[boxed]
    pub async fn open(&self, attachment: &ReadableFile, range: Option<GetRange>) -> Result<FileStream> {
        Ok(self.files.open(attachment, range).await?)
    }

    /// Verifies a submitted upload form and returns its attachment.
    #[boxed]
    pub async fn verify_upload_form(
        &self,
        key: &str,
        content_type: &str,
        signature: &str,
    ) -> Result<Attachment> {
        let id = key.split('/').next().and_then(|id| uuid::Uuid::try_parse(id).ok()).map(AttachmentId);
        let id = id.ok_or(Error::Forbidden("The key does not match the form"))?;
        let mut read = self.db.read().await?;
        let attachment = attachments::by_id(&mut read, id).await?;
        let attachment = attachment.ok_or(Error::Forbidden("The key does not match the form"))?;
        if attachment.key() != key {
            return Err(Error::Forbidden("The key does not match the form"));
        }
        if attachment.uploaded {
            return Err(Error::Conflict(UPLOADED));
        }
        let owner = users::by_id(&mut read, attachment.owner).await?;
        if owner.is_none_or(|owner| owner.person.is_deactivated) {
            return Err(Error::Forbidden("The account that requested this form is no longer active"));
        }
        if attachment.content_type != content_type {
            return Err(Error::Forbidden("The Content-Type does not match the form"));
        }
        if !self.link_signer.is_form_valid(&attachment, signature) {
            return Err(Error::Forbidden("The signature does not match the form"));
        }
        if attachment.expires_at <= self.clock.now() {
            return Err(Error::Forbidden("The form has expired; request a new one"));
        }
        Ok(attachment)
    }

    /// The content of an attachment's thumbnail.
    #[boxed]
    pub async fn open_thumbnail(&self, attachment: &ReadableFile) -> Result<FileStream> {
        match attachment.metadata.thumbnail {
            Some(_) => Ok(self.files.open_thumbnail(attachment).await?),
            None => Err(Error::NotFound("thumbnail")),
        }
    }

    /// Receives the content of an attachment and extracts its metadata. On failure nothing is stored and the form stays
    /// valid.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        attachment: Attachment,
        bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
    ) -> Result<()> {
        // Concurrent uploads with one form would overwrite each other.
        let _turn = self.attempt(self.request(Some(attachment.owner), "upload", &attachment.key(), b""))?;
        let mut read = self.db.read().await?;
        let as_it_is = attachments::by_id(&mut read, attachment.id).await?;
        let quota = remaining_quota(&mut read, &self.settings, attachment.owner).await?;
        drop(read);
        if as_it_is.is_none_or(|attachment| attachment.uploaded) {
            return Err(Error::Conflict(UPLOADED));
        }
        quota.require(1)?;
        let announced = u64::try_from(attachment.size).unwrap_or_default();
        let most = announced.min(quota.bytes());
        let received = match self.files.receive(&attachment, most, bytes).await {
            Err(files::Error::TooLarge(_)) if most < announced => return quota.require(announced),
            received => received?,
        };
        self.store_received(&attachment, &received).await
    }

    /// Records a received file and its metadata if the quota allows; otherwise deletes it.
    pub(crate) async fn store_received(&self, attachment: &Attachment, received: &Received) -> Result<()> {
        let kept = async {
            let metadata = self.files.extract_metadata(attachment, &received.content_type).await?;
            // The content can't be sent again, so only the database change is retried.
            let mut retries = Retries::default();
            loop {
                match self.try_store_received(attachment, received, &metadata).await {
                    Err(Error::Again) if retries.wait().await => {}
                    done => return done,
                }
            }
        };
        let kept = kept.await;
        if kept.is_err() && !self.is_recorded(attachment).await {
            self.files.delete(attachment).await?;
        }
        kept
    }

    /// Whether a file may be recorded as uploaded: another node has done so, or the answer to a commit was lost. When that
    /// can't be read, the file stays; it is deleted with the attachment if nobody posts it.
    async fn is_recorded(&self, attachment: &Attachment) -> bool {
        let found = match self.db.read().await {
            Ok(mut read) => attachments::by_id(&mut read, attachment.id).await,
            Err(error) => Err(error),
        };
        found.map_or(true, |found| found.is_some_and(|found| found.uploaded))
    }

    async fn try_store_received(
        &self,
        attachment: &Attachment,
        received: &Received,
        metadata: &MediaMetadata,
    ) -> Result<()> {
        let mut work = self.begin().await?;
        if !mark_uploaded(&mut work, attachment, received, metadata).await? {
            return Ok(());
        }
        // The file is counted now: of two uploads that end at once, the second sees the first.
        remaining_quota(&mut work.tx, &self.settings, attachment.owner).await?.require(0)?;
        work.commit().await
    }
}

/// Marks an attachment as uploaded; `false` when another node did so before.
pub(crate) async fn mark_uploaded(
    work: &mut UnitOfWork,
    attachment: &Attachment,
    received: &Received,
    metadata: &MediaMetadata,
) -> Result<bool> {
    let arrived = attachments::Arrived {
        size: i64::try_from(received.size).unwrap_or(i64::MAX),
        content_type: &received.content_type,
        sha256: received.sha256.as_deref(),
        metadata,
    };
    let now = work.now;
    Ok(attachments::uploaded(&mut work.tx, attachment, &arrived, now).await?)
}

fn check_filename(name: &str) -> Result<String> {
    let reason = "must have 1 to 255 characters and no control characters";
    text::file_name(name).ok_or_else(|| Error::invalid("filename", reason))
}

fn check_content_type(content_type: &str) -> Result<String> {
    let text = content_type.trim();
    let plain = text.split(';').next().unwrap_or_default().trim();
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c))
    };
    let sound = plain.split_once('/').is_some_and(|(kind, subtype)| is_word(kind) && is_word(subtype));
    if !sound || text.len() > 255 || !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(Error::invalid("content_type", "must be a media type, such as audio/opus"));
    }
    Ok(text.to_owned())
}
