//! Uploads in one request, for clients that don't use upload forms.

use bytes::Bytes;
use futures_util::Stream;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::files::attachment::NewUpload;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::model::{Attachment, AttachmentId};
use crate::store::attachments;

/// A file with a name and an expected type only.
#[derive(Debug, Clone)]
pub struct Upload {
    pub filename: String,
    pub class: ExpectedType,
    /// The maximum size in bytes, where it is below the server's limit.
    pub most: u64,
}

/// The expected type of a file; the exact type is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedType {
    Picture,
    Video,
    Sound,
    Anything,
}

impl ExpectedType {
    /// As a media range (RFC 9110, 12.5.1), which an upload request can't declare.
    fn range(self) -> &'static str {
        match self {
            Self::Picture => "image/*",
            Self::Video => "video/*",
            Self::Sound => "audio/*",
            Self::Anything => "*/*",
        }
    }
}

impl Caller {
    /// Receives a file and detects its type. On failure nothing is stored.
    pub async fn upload<E: std::fmt::Display>(
        self,
        new: Upload,
        bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
    ) -> Result<Attachment> {
        let (owner, messenger) = (self.access.user, &self.messenger);
        let most = new.most.min(messenger.settings.upload_limit);
        let upload = NewUpload {
            filename: new.filename,
            content_type: "application/octet-stream".to_owned(),
            size: Some(most),
            keep_original: false,
        };
        let mut attachment = messenger.new_attachment(owner, &upload)?;
        attachment.content_type = new.class.range().to_owned();
        messenger.limit(Limit::Upload(owner))?;
        let mut work = messenger.begin().await?;
        attachments::insert(&mut work.tx, &attachment).await?;
        work.commit().await?;
        let id = attachment.id;
        let received = match messenger.receive(attachment, bytes).await {
            Err(Error::TooLarge(_)) => {
                Err(Error::TooLarge(format!("The file can have at most {most} bytes")))
            }
            received => received,
        };
        if let Err(refusal) = received {
            let mut work = messenger.begin().await?;
            attachments::delete(&mut work.tx, &[id]).await?;
            work.commit().await?;
            return Err(refusal);
        }
        let uploaded = attachments::by_id(&mut messenger.db.read().await?, id).await?;
        uploaded.ok_or(Error::NotFound("attachment"))
    }

    /// Deletes one of the caller's files unless a message uses it.
    #[boxed]
    pub async fn delete_file(self, id: AttachmentId) -> Result<()> {
        self.changes()?;
        let messenger = &self.messenger;
        let mut work = messenger.begin_for([self.access.user]).await?;
        let found = attachments::by_id(&mut work.tx, id).await?;
        let own = found.filter(|file| file.owner == self.access.user && file.uploaded);
        let attachment = own.ok_or(Error::NotFound("attachment"))?;
        if attachments::is_used(&mut work.tx, id).await? {
            return Err(Error::Conflict("This file is attached to a message; delete the message instead"));
        }
        // From now on it can't be posted. If the server stops before the end, it is deleted as an unused file.
        attachments::expire(&mut work.tx, id).await?;
        work.commit().await?;
        messenger.files.delete(&attachment).await?;
        let mut work = messenger.begin().await?;
        attachments::delete(&mut work.tx, &[id]).await?;
        work.commit().await
    }
}
