//! Drafts, shared by all devices of a user.

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::chats::lookup::find;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Error, Limit, Result, Subject, UnitOfWork};
use crate::model::{Change, ChatId, Content, Draft, Kind, MessageId, Time, UserId};
use crate::store::{Executor, drafts, messages};

const MAX_DRAFTS: i64 = 1_000;

/// A draft to be saved.
#[derive(Debug, Clone)]
pub struct NewDraft {
    pub text: String,
    /// A message of the same chat that it will reply to.
    pub reply_to: Option<MessageId>,
    /// The thread that it belongs to: its root message, or any message in it.
    pub thread: Option<MessageId>,
    /// When it was written; without it, now.
    pub at: Option<Time>,
}

impl Caller {
    /// All drafts of the caller, the newest first.
    #[boxed]
    pub async fn drafts(&self) -> Result<Vec<Draft>> {
        let mut read = self.messenger.db.read().await?;
        Ok(drafts::of_user(&mut read, self.access.user).await?)
    }
}

impl Membership {
    /// The draft in the chat, or in one of its threads.
    #[boxed]
    pub async fn draft(&self, thread: Option<MessageId>) -> Result<Draft> {
        let mut read = self.messenger.db.read().await?;
        let found = drafts::find(&mut read, self.member.user, (self.chat.id, thread)).await?;
        found.and_then(|(draft, _)| draft).ok_or(Error::NotFound("draft"))
    }

    /// Saves a draft. The one that was written last wins, in whatever order the devices send them.
    #[boxed]
    pub async fn save_draft(self, new: NewDraft) -> Result<Draft> {
        let text = Content::new(Kind::Text, Some(new.text), None)?.text().unwrap_or_default().to_owned();
        let (mut work, chat, user) = self.change_draft().await?;
        let thread = thread_root(&mut work, chat, new.thread).await?;
        if let Some(id) = new.reply_to {
            find_in_chat(&mut work.tx, chat, "reply_to", id).await?;
        }
        // A device whose clock is ahead must not win until the others' clocks catch up.
        let at = new.at.unwrap_or(work.now).min(work.now);
        let draft = Draft { chat, thread, text, reply_to: new.reply_to, at };
        let there = drafts::find(&mut work.tx, user, (chat, thread)).await?;
        let is_new = match there {
            // One of the future was written before the clock was set back.
            Some((_, last)) if last > at && last <= work.now => {
                return Err(Error::Conflict("There is a newer draft, or the draft has been sent or removed"));
            }
            Some((Some(there), _)) if (&there.text, there.reply_to) == (&draft.text, draft.reply_to) => {
                work.once(self.attempt, Subject::Draft(chat, thread));
                work.commit().await?;
                return Ok(there);
            }
            Some((there, _)) => there.is_none(),
            None => true,
        };
        if is_new && drafts::count(&mut work.tx, user).await? >= MAX_DRAFTS {
            return Err(Error::Conflict("You have 1,000 drafts already; send or remove some"));
        }
        drafts::save(&mut work.tx, user, &draft).await?;
        work.announce(user, Change::DraftSaved(draft.clone()));
        work.once(self.attempt, Subject::Draft(chat, thread));
        work.commit().await?;
        Ok(draft)
    }

    /// Deletes a draft; without one, does nothing.
    #[boxed]
    pub async fn remove_draft(self, thread: Option<MessageId>) -> Result<()> {
        let (mut work, chat, user) = self.change_draft().await?;
        let thread = thread_root(&mut work, chat, thread).await?;
        remove_draft_at(&mut work, user, chat, thread).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    async fn change_draft(&self) -> Result<(UnitOfWork, ChatId, UserId)> {
        let (chat, user) = (self.chat.id, self.member.user);
        self.messenger.limit(Limit::Change(user))?;
        let mut work = self.messenger.begin_for([user]).await?;
        find(&mut work.tx, chat, user).await?;
        Ok((work, chat, user))
    }
}

/// Deletes a draft, if there is one, and announces that.
pub(crate) async fn remove_draft_at(
    work: &mut UnitOfWork,
    user: UserId,
    chat: ChatId,
    thread: Option<MessageId>,
) -> Result<()> {
    if let Some((Some(_), _)) = drafts::find(&mut work.tx, user, (chat, thread)).await? {
        let now = work.now;
        drafts::remove(&mut work.tx, user, (chat, thread), now).await?;
        work.announce(user, Change::DraftRemoved { chat, thread });
    }
    Ok(())
}

/// The root message of a message's thread.
async fn thread_root(
    work: &mut UnitOfWork,
    chat: ChatId,
    thread: Option<MessageId>,
) -> Result<Option<MessageId>> {
    let Some(id) = thread else { return Ok(None) };
    let (id, thread) = find_in_chat(&mut work.tx, chat, "thread_id", id).await?;
    Ok(Some(thread.unwrap_or(id)))
}

async fn find_in_chat(
    run: &mut Executor,
    chat: ChatId,
    field: &'static str,
    id: MessageId,
) -> Result<(MessageId, Option<MessageId>)> {
    let message = messages::by_id(run, id).await?.filter(|message| message.chat == chat);
    let message = message.ok_or_else(|| Error::invalid(field, "is not a message in this chat"))?;
    Ok((message.id, message.thread))
}
