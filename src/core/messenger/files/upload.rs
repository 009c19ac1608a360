//! Files in one go: sent without an announcement, by clients that know no forms.

use bytes::Bytes;
use futures_util::Stream;

use crate::messenger::Caller;
use crate::messenger::files::attachment::Announcement;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::model::{Attachment, AttachmentId};
use crate::store::attachments;

/// A file that comes with nothing but a name.
#[derive(Debug, Clone)]
pub struct Upload {
    pub filename: String,
    pub class: Expected,
    /// How many bytes at most, where that is less than the server takes.
    pub most: u64,
}

/// What a file is said to be; its bytes tell the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Picture,
    Video,
    Sound,
    Anything,
}

impl Expected {
    /// As a range of media types (RFC 9110, 12.5.1), which no announced file can have.
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
    /// Takes a file as it comes and finds out what it is. Of what fails nothing is kept.
    pub async fn upload<E: std::fmt::Display>(
        self,
        new: Upload,
        bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
    ) -> Result<Attachment> {
        let (owner, messenger) = (self.access.user, &self.messenger);
        let most = new.most.min(messenger.settings.upload_limit);
        let announcement = Announcement {
            filename: new.filename,
            content_type: "application/octet-stream".to_owned(),
            size: Some(most),
        };
        let mut attachment = messenger.plan_file(owner, &announcement)?;
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
        let arrived = attachments::by_id(&mut messenger.db.read().await?, id).await?;
        arrived.ok_or(Error::NotFound("attachment"))
    }

    /// Deletes one's own file, unless it stands somewhere.
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
        // It can't be posted from now on, and should all end here, it is swept.
        attachments::expire(&mut work.tx, id).await?;
        work.commit().await?;
        messenger.files.delete(&attachment).await?;
        let mut work = messenger.begin().await?;
        attachments::delete(&mut work.tx, &[id]).await?;
        work.commit().await
    }
}
