//! Reading what was said.

use super::{Error, Membership, Result};
use crate::model::{Message, MessageId};
use crate::store::messages::{self, Stretch};

/// The most messages of one answer.
pub const MOST_MESSAGES: u64 = 200;

/// Which part of a chat's history.
#[derive(Debug, Clone, Copy)]
pub enum Around {
    Newest,
    Before(MessageId),
    After(MessageId),
    /// Both sides of a message, and itself.
    Middle(MessageId),
}

impl Membership {
    /// A part of the history, the newest first.
    pub async fn history(&self, around: Around, limit: u64) -> Result<Vec<Message>> {
        let (chat, reader) = (self.chat.id, self.place.user);
        let limit = limit.clamp(1, MOST_MESSAGES);
        let mut read = self.messenger.db.read().await?;
        let middle = match around {
            Around::Newest => {
                return Ok(messages::page(&mut read, chat, reader, Stretch::Newest, limit).await?);
            }
            Around::Before(id) | Around::After(id) | Around::Middle(id) => {
                let message = messages::by_id(&mut read, id).await?.filter(|message| message.chat == chat);
                message.ok_or(Error::NotFound("message"))?.seq
            }
        };
        Ok(match around {
            Around::Newest => Vec::new(),
            Around::Before(_) => {
                messages::page(&mut read, chat, reader, Stretch::Before(middle), limit).await?
            }
            Around::After(_) => {
                messages::page(&mut read, chat, reader, Stretch::After(middle), limit).await?
            }
            Around::Middle(_) => {
                let older = limit.div_ceil(2);
                let mut page = match limit - older {
                    0 => Vec::new(),
                    newer => messages::page(&mut read, chat, reader, Stretch::After(middle), newer).await?,
                };
                page.extend(
                    messages::page(&mut read, chat, reader, Stretch::Before(middle + 1), older).await?,
                );
                page
            }
        })
    }
}
