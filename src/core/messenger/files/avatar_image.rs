//! Avatars: small squares made of uploaded pictures.
//!
//! An avatar is a file of its own, independent of the picture's access rights: the picture may belong to a message that
//! is deleted. Whoever knows its id may see it, and only those who see the person or the chat learn the id.

use crate::boxed;
use crate::files::{FileStream, Received};
use crate::messenger::Messenger;
use crate::messenger::files::attachment::{FORM_LIFETIME, mark_uploaded};
use crate::messenger::files::quota::remaining_quota;
use crate::messenger::foundation::{Error, Result, UnitOfWork};
use crate::model::{Attachment, AttachmentId, MediaMetadata, Stream, UserId};
use crate::store::attachments;

/// A generated avatar that is not assigned yet.
pub(crate) struct NewAvatar {
    attachment: Attachment,
    received: Received,
}

impl Messenger {
    /// The avatar with this id, if it is in use.
    #[boxed]
    pub async fn avatar(&self, id: AttachmentId) -> Result<Attachment> {
        attachments::avatar(&mut self.db.read().await?, id).await?.ok_or(Error::NotFound("avatar"))
    }

    /// The content of an avatar.
    #[boxed]
    pub async fn open_avatar(&self, avatar: &Attachment) -> Result<FileStream> {
        Ok(self.files.open(avatar, None).await?)
    }

    /// Generates an avatar of the owner's picture. If it is not assigned, it is deleted like every unused file.
    pub(crate) async fn make_avatar(&self, owner: UserId, picture: AttachmentId) -> Result<NewAvatar> {
        self.confirm_uploads(owner, &[picture]).await?;
        let mut read = self.db.read().await?;
        let picture = attachments::by_id(&mut read, picture).await?;
        drop(read);
        let picture = picture.filter(|picture| picture.owner == owner && picture.uploaded);
        let Some(picture) = picture else {
            return Err(Error::invalid("attachment_id", "is not an image that you uploaded"));
        };
        let mut work = self.begin().await?;
        remaining_quota(&mut work.tx, &self.settings, owner).await?.require(1)?;
        let attachment = Attachment {
            id: AttachmentId::random(),
            owner,
            filename: "avatar".to_owned(),
            stored_by_name: false,
            keep_original: false,
            content_type: picture.content_type.clone(),
            size: picture.size,
            created_at: work.now,
            expires_at: work.now + FORM_LIFETIME,
            uploaded: false,
            metadata: MediaMetadata::default(),
        };
        // Insert the row first: a file without a row would never be found and deleted.
        attachments::insert(&mut work.tx, &attachment).await?;
        work.commit().await?;
        match self.files.make_avatar(&picture, &attachment).await? {
            Some(received) => Ok(NewAvatar { attachment, received }),
            None => Err(Error::invalid("attachment_id", "is not a readable PNG, JPEG, GIF or WebP image")),
        }
    }
}

impl NewAvatar {
    pub(crate) fn id(&self) -> AttachmentId {
        self.attachment.id
    }

    /// Records it as a file of its owner.
    pub(crate) async fn keep(self, work: &mut UnitOfWork, messenger: &Messenger) -> Result<()> {
        let Self { attachment, received } = self;
        mark_uploaded(work, &attachment, &received, &MediaMetadata::default()).await?;
        remaining_quota(&mut work.tx, &messenger.settings, attachment.owner).await?.require(0)
    }
}

/// Assigns a new avatar to a user or chat. The previous one becomes unused and is deleted later.
pub(crate) async fn replace_avatar(
    work: &mut UnitOfWork,
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
