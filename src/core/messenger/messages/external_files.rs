//! Messages with files: uploaded here, or kept elsewhere.

use std::time::Duration;

use crate::messenger::accounts::block;
use crate::messenger::files::attachment::Link;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::{Caller, Messenger};
use crate::model::{
    Attachment, AttachmentId, Content, ExternalFile, FileClass, Kind, Message, MessageId, Payload,
};
use crate::store::messages;

/// A file that comes with a message, for APIs that name it and not what kind of message it makes.
#[derive(Debug, Clone)]
pub enum Attached {
    /// One's own upload.
    File(AttachmentId),
    /// An http or https address.
    Url(String),
}

impl Caller {
    /// What a message says that has a file: the text is its caption.
    pub async fn content_with(&self, text: Option<String>, file: Attached) -> Result<Content> {
        match file {
            Attached::File(id) => {
                let (file, _) = self.attachment(id, Duration::ZERO).await?;
                let kind = match FileClass::of(&file.content_type) {
                    FileClass::Picture => Kind::Image,
                    FileClass::Video => Kind::Video,
                    FileClass::Sound | FileClass::Other => Kind::File,
                };
                let payload = Payload::from_iter([("attachment_id".to_owned(), id.to_string().into())]);
                Ok(Content::new(kind, text, Some(payload))?)
            }
            Attached::Url(url) => {
                let text = text.filter(|text| !text.trim().is_empty());
                Ok(Content::with_external_file(text.as_deref(), &ExternalFile::new(&url, None, None)?)?)
            }
        }
    }

    /// Adds a file elsewhere to one's own message, which is a text. It says the same as before, so it is not edited.
    pub async fn link_file(self, id: MessageId, file: &ExternalFile) -> Result<Message> {
        let (mut work, message, _) = self.change(id).await?;
        if message.author != self.access.user {
            return Err(Error::Forbidden("Files can only be attached to your own messages"));
        }
        block::check_not_blocked(&mut work.tx, message.chat, self.access.user).await?;
        let content = message.content.as_ref().ok_or(Error::NotFound("message"))?;
        if message.kind != Kind::Text {
            return Err(Error::Conflict("External files can only be attached to text messages"));
        }
        let content = content.add_external_file(file)?;
        messages::replace_content(&mut work.tx, id, &content).await?;
        self.update(work, id).await
    }
}

impl Messenger {
    /// A link by which whoever has it reads a file without a token. For those only who may read the file.
    pub fn link(&self, file: &Attachment, life: Duration) -> Link {
        let until = self.clock.now() + life;
        Link { until, signature: self.link_signer.sign_read(file.id, until) }
    }
}
