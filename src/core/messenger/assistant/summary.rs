//! What one has missed.

use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Result, Subject};
use crate::messenger::messages::history::MOST_MESSAGES;
use crate::store::history::{self, Stretch};

/// What somebody has not read, in a few sentences.
#[derive(Debug, Clone)]
pub struct CatchUp {
    /// Nothing where nothing is unread.
    pub summary: Option<String>,
    /// How many messages it is about, which were sent.
    pub sent_messages: usize,
    /// There is more that is unread, before these.
    pub is_partial: bool,
    pub model: String,
    /// The host to which they were sent.
    pub sent_to: String,
}

impl Membership {
    /// Sums up what the caller has not read. Nobody else sees it, and nothing becomes read by it.
    pub async fn catch_up(mut self) -> Result<CatchUp> {
        let messenger = self.messenger.clone();
        let assistant = messenger.assistant_for(&self)?;
        let (chat, user, read_seq) = (self.chat.id, self.place.user, self.place.read_seq);
        let mut read = messenger.db.read().await?;
        let mut page = history::page(&mut read, (chat, None), user, Stretch::Newest, MOST_MESSAGES).await?;
        drop(read);
        let all = page.len();
        page.retain(|message| message.seq > read_seq);
        let material = self.material_of(&page).await?;
        let mut done = CatchUp {
            summary: None,
            sent_messages: material.count,
            is_partial: all == page.len() && all as u64 == MOST_MESSAGES,
            model: assistant.model.name().to_owned(),
            sent_to: assistant.model.host().to_owned(),
        };
        if material.count > 0 {
            messenger.check_first(self.attempt.as_ref()).await?;
            let _turn = assistant.turn()?;
            let day = messenger.spend(user).await?;
            match assistant.hear(&material.for_summary()).await {
                Ok(summary) => done.summary = Some(summary).filter(|summary| !summary.is_empty()),
                Err(error) => {
                    messenger.give_back(user, day).await;
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
