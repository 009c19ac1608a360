//! Summaries of unread messages.

use crate::boxed;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Result, Subject};
use crate::messenger::messages::history::MAX_MESSAGES;
use crate::store::history::{self, PageRange};

/// A summary of the unread messages of a chat.
#[derive(Debug, Clone)]
pub struct UnreadSummary {
    /// `None` when nothing is unread.
    pub summary: Option<String>,
    /// How many messages were sent to the model.
    pub sent_messages: usize,
    /// There are more unread messages, before these.
    pub is_partial: bool,
    pub model: String,
    /// The host that they were sent to.
    pub sent_to: String,
}

impl Membership {
    /// Summarises the caller's unread messages. Only the caller sees it, and nothing is marked as read.
    #[boxed]
    pub async fn summarise_unread(mut self) -> Result<UnreadSummary> {
        let messenger = self.messenger.clone();
        let assistant = messenger.assistant_for(&self)?;
        let (chat, user, read_seq) = (self.chat.id, self.member.user, self.member.read_seq);
        let mut read = messenger.db.read().await?;
        let mut page = history::page(&mut read, (chat, None), user, PageRange::Newest, MAX_MESSAGES).await?;
        drop(read);
        let all = page.len();
        page.retain(|message| message.seq > read_seq);
        let context = self.context_of(&page).await?;
        let mut done = UnreadSummary {
            summary: None,
            sent_messages: context.count,
            is_partial: all == page.len() && all as u64 == MAX_MESSAGES,
            model: assistant.model.name().to_owned(),
            sent_to: assistant.model.host().to_owned(),
        };
        if context.count > 0 {
            messenger.check_first(self.attempt.as_ref()).await?;
            let _permit = assistant.acquire()?;
            let day = messenger.count_question(user).await?;
            match assistant.complete(&context.for_summary()).await {
                Ok(summary) => done.summary = Some(summary).filter(|summary| !summary.is_empty()),
                Err(error) => {
                    messenger.refund_question(user, day).await;
                    return Err(error);
                }
            }
        }
        let mut work = messenger.begin().await?;
        work.once(self.attempt.take(), Subject::Nothing);
        work.commit().await?;
        Ok(done)
    }
}
