//! Avatars: small squares, made of pictures that were uploaded.
//!
//! An avatar is a file of its own, which nobody else's rights touch: the picture may stand in a
//! message that is deleted. Whoever knows its name may see it, and only those learn it who see the
//! person or the chat.

use crate::files::{FileStream, Received};
use crate::messenger::Messenger;
use crate::messenger::files::attachment::{FORM_LIFE, arrived};
use crate::messenger::files::quota::room;
use crate::messenger::foundation::{Error, Result, Work};
use crate::model::{Attachment, AttachmentId, MediaMetadata, Stream, UserId};
use crate::store::attachments;

/// A square that was made of a picture, and is nobody's yet.
pub(crate) struct Made {
    attachment: Attachment,
    received: Received,
}

impl Messenger {
    /// An avatar that somebody or some chat has now.
    pub async fn avatar(&self, id: AttachmentId) -> Result<Attachment> {
        attachments::avatar(&mut self.db.read().await?, id).await?.ok_or(Error::NotFound("avatar"))
    }

    /// The bytes of an avatar.
    pub async fn open_avatar(&self, avatar: &Attachment) -> Result<FileStream> {
        Ok(self.files.open(avatar, None).await?)
    }

    /// Makes a square of somebody's picture. It is swept like every file that nobody has use for, if
    /// nothing comes of it.
    pub(crate) async fn make_avatar(&self, owner: UserId, picture: AttachmentId) -> Result<Made> {
        self.take_in(owner, &[picture]).await?;
        let mut read = self.db.read().await?;
        let picture = attachments::by_id(&mut read, picture).await?;
        drop(read);
        let picture = picture.filter(|picture| picture.owner == owner && picture.uploaded);
        let Some(picture) = picture else {
            return Err(Error::invalid("attachment_id", "is no uploaded picture of yours"));
        };
        let mut work = self.begin().await?;
        room(&mut work.tx, &self.settings, owner).await?.hold(1)?;
        let attachment = Attachment {
            id: AttachmentId::random(),
            owner,
            filename: "avatar".to_owned(),
            content_type: picture.content_type.clone(),
            size: picture.size,
            created_at: work.now,
            expires_at: work.now + FORM_LIFE,
            uploaded: false,
            metadata: MediaMetadata::default(),
        };
        // First the row: of bytes without one, nobody would know.
        attachments::insert(&mut work.tx, &attachment).await?;
        work.commit().await?;
        match self.files.make_avatar(&picture, &attachment).await? {
            Some(received) => Ok(Made { attachment, received }),
            None => Err(Error::invalid("attachment_id", "is no PNG, JPEG, GIF or WebP that can be read")),
        }
    }
}

impl Made {
    pub(crate) fn id(&self) -> AttachmentId {
        self.attachment.id
    }

    /// Counts it as a file of whoever made it.
    pub(crate) async fn keep(self, work: &mut Work, messenger: &Messenger) -> Result<()> {
        let Self { attachment, received } = self;
        arrived(work, &attachment, &received, &MediaMetadata::default()).await?;
        room(&mut work.tx, &messenger.settings, attachment.owner).await?.hold(0)
    }
}

/// Somebody, or a chat, has another avatar: the one before goes with the next sweep.
pub(crate) async fn replaced(
    work: &mut Work,
    whose: impl Into<Stream>,
    before: Option<AttachmentId>,
    after: Option<AttachmentId>,
) -> Result<()> {
    if before == after {
        return Ok(());
    }
    if let Some(before) = before {
        attachments::set_avatar_of(&mut work.tx, before, None).await?;
    }
    if let Some(after) = after {
        attachments::set_avatar_of(&mut work.tx, after, Some(whose.into())).await?;
    }
    Ok(())
}
