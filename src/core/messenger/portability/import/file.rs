//! The files of an export, uploaded anew: whatever is refused to an upload is refused to them.

use uuid::Uuid;

use super::{Import, OldFile};
use crate::messenger::files::attachment::Announcement;
use crate::messenger::foundation::{Error, Result};
use crate::model::AttachmentId;
use crate::store::attachments;

impl Import {
    /// Brings a file, once; nothing when it is not taken here.
    pub(crate) async fn bring(&mut self, old: &OldFile) -> Result<Option<AttachmentId>> {
        if let Some(known) = self.files.get(&old.id) {
            return Ok(*known);
        }
        let brought = match self.upload(old).await {
            Ok(id) => Some(id),
            Err(Error::OverQuota(_)) => {
                self.has_room = false;
                None
            }
            Err(error @ (Error::Invalid { .. } | Error::TooLarge(_) | Error::NotFound(_))) => {
                tracing::debug!(%error, "a file of an import is left out");
                None
            }
            Err(error) => return Err(error),
        };
        self.done.files += u64::from(brought.is_some());
        self.files.insert(old.id, brought);
        Ok(brought)
    }

    async fn upload(&self, old: &OldFile) -> Result<AttachmentId> {
        const FULL: Error = Error::OverQuota("There is no storage left for files");
        let messenger = &self.caller.messenger;
        let size = self.zip.size(&old.entry).ok_or(Error::NotFound("file"))?;
        if !self.has_room {
            return Err(FULL);
        }
        let OldFile { filename, content_type, .. } = old.clone();
        let announcement = Announcement { filename, content_type, size: Some(size) };
        let file = messenger.plan_file(self.user(), &announcement)?;
        let bytes = self.zip.read(&old.entry).await?;
        let mut work = messenger.begin().await?;
        attachments::insert(&mut work.tx, &file).await?;
        work.commit().await?;
        let received = messenger.receive(file.clone(), bytes).await;
        if received.is_err() {
            let mut work = messenger.begin().await?;
            attachments::delete(&mut work.tx, &[file.id]).await?;
            work.commit().await?;
        }
        received.map(|()| file.id)
    }

    /// Which files of these there are here by now, by their old ids.
    pub(crate) fn brought(&self, old: &[OldFile]) -> Vec<(Uuid, AttachmentId)> {
        old.iter().filter_map(|file| Some((file.id, (*self.files.get(&file.id)?)?))).collect()
    }
}
