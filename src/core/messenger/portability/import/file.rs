//! Uploads the files of an export; the rules for uploads apply.

use uuid::Uuid;

use super::{Import, SourceFile};
use crate::messenger::files::attachment::NewUpload;
use crate::messenger::foundation::{Error, Result};
use crate::model::AttachmentId;
use crate::store::attachments;

impl Import {
    /// Uploads a file once; `None` when it is refused.
    pub(crate) async fn upload_once(&mut self, source: &SourceFile) -> Result<Option<AttachmentId>> {
        if let Some(known) = self.files.get(&source.id) {
            return Ok(*known);
        }
        let uploaded = match self.upload(source).await {
            Ok(id) => Some(id),
            Err(Error::OverQuota(_)) => {
                self.has_quota = false;
                None
            }
            Err(error @ (Error::Invalid { .. } | Error::TooLarge(_) | Error::NotFound(_))) => {
                tracing::debug!(%error, "a file of an import was skipped");
                None
            }
            Err(error) => return Err(error),
        };
        self.done.files += u64::from(uploaded.is_some());
        self.files.insert(source.id, uploaded);
        Ok(uploaded)
    }

    async fn upload(&self, source: &SourceFile) -> Result<AttachmentId> {
        const FULL: Error = Error::OverQuota("There is no storage left for files");
        let messenger = &self.caller.messenger;
        let size = self.zip.size(&source.entry).ok_or(Error::NotFound("file"))?;
        if !self.has_quota {
            return Err(FULL);
        }
        let SourceFile { filename, content_type, .. } = source.clone();
        let upload = NewUpload { filename, content_type, size: Some(size), keep_original: false };
        let file = messenger.new_attachment(self.user(), &upload)?;
        let bytes = self.zip.read(&source.entry).await?;
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

    /// Those of these files that were uploaded, with their ids in the export.
    pub(crate) fn uploaded(&self, source: &[SourceFile]) -> Vec<(Uuid, AttachmentId)> {
        source.iter().filter_map(|file| Some((file.id, (*self.files.get(&file.id)?)?))).collect()
    }
}
