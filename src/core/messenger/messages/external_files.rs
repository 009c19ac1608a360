//! Messages with files: uploaded here, or kept on another server.

use std::time::Duration;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::accounts::block;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::messages::message::MessageInChat;
use crate::model::{AttachmentId, Content, ExternalFile, FileClass, Kind, Message, Payload};
use crate::store::messages;

/// A file of a message, for APIs that name the file and not the kind of message.
#[derive(Debug, Clone)]
pub enum Attached {
    /// An upload of the caller's.
    File(AttachmentId),
    /// An http or https address.
    Url(String),
}

impl Caller {
    /// The content of a message with a file: the text is its caption.
    #[boxed]
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
}

impl MessageInChat {
    /// Adds a file on another server to the caller's own text message. The text stays, so this is not an edit.
    #[boxed]
    pub async fn link_file(mut self, file: &ExternalFile) -> Result<Message> {
        let mut work = self.begin().await?;
        let (message, user) = (self.message(), self.caller().access.user);
        if message.author != user {
            return Err(Error::Forbidden("Files can only be attached to your own messages"));
        }
        block::check_not_blocked(&mut work.tx, message.chat, user).await?;
        let content = message.content.as_ref().ok_or(Error::NotFound("message"))?;
        if message.kind != Kind::Text {
            return Err(Error::Conflict("External files can only be attached to text messages"));
        }
        let content = content.add_external_file(file)?;
        messages::replace_content(&mut work.tx, message.id, &content).await?;
        self.commit_updated(work).await
    }
}
