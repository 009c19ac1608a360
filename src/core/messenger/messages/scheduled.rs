//! Saying something later.
//!
//! A message that waits is taken away in the same change that says it, so it is said once, whatever stops in between.
//! What may not be said when it is due stays, with the reason; its author decides what becomes of it.

use std::time::Duration;

use crate::messenger::foundation::{Attempt, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::messages::message::edited;
use crate::messenger::messages::post::say_all;
use crate::messenger::messages::request::{Brought, Keys, NewMessage, Wish};
use crate::messenger::messages::validate;
use crate::messenger::{Caller, Messenger};
use crate::model::{Change, ChatId, Failure, Message, MessageId, Payload, Scheduled, ScheduledId, Time};
use crate::store::{messages, scheduled, users};

/// How many one person may have waiting in a chat, and how far ahead.
const MOST_WAITING: i64 = 100;
const FURTHEST: Duration = Duration::from_secs(366 * 24 * 3_600);
/// How many are said in one change.
const SOME: u64 = 100;

/// What to change of one that waits; what is missing stays.
#[derive(Debug, Clone, Default)]
pub struct Rescheduling {
    pub text: Option<String>,
    pub payload: Option<Payload>,
    pub is_silent: Option<bool>,
    /// One that failed waits again.
    pub due_at: Option<Time>,
}

impl Caller {
    /// Says something in a chat later. What could not be said now is refused now.
    pub async fn schedule(self, chat: ChatId, new: NewMessage, due_at: Time) -> Result<Scheduled> {
        self.changes()?;
        let author = self.access.user;
        self.messenger.confirm_uploads(author, &new.content.attachments()).await?;
        let mut work = self.messenger.begin_for([author]).await?;
        let now = work.now;
        check_due(due_at, now)?;
        let wish = Wish { chat, author, new, brought: None, attempt: None, fingerprint: None };
        let attachments = validate::check(&mut work, &wish, self.messenger.settings.voice_limit).await?;
        if scheduled::count(&mut work.tx, author, chat).await? >= MOST_WAITING {
            return Err(Error::Conflict("You have 100 scheduled messages in this chat already"));
        }
        let NewMessage { content, reply_to, thread, mentions, is_silent, .. } = wish.new;
        let id = ScheduledId(self.messenger.id());
        let waiting = Scheduled {
            id,
            author,
            chat,
            content,
            attachments,
            reply_to,
            thread,
            mentions,
            is_silent,
            due_at,
            created_at: now,
            failure: None,
        };
        scheduled::insert(&mut work.tx, &waiting).await?;
        work.announce(author, Change::ScheduledSaved(Box::new(waiting.clone())));
        work.once(self.attempt, Subject::Scheduled(id));
        work.commit().await?;
        Ok(waiting)
    }

    /// What one wants to say later, the next first.
    pub async fn scheduled(&self, chat: Option<ChatId>) -> Result<Vec<Scheduled>> {
        let mut read = self.messenger.db.read().await?;
        Ok(scheduled::of_user(&mut read, self.access.user, chat).await?)
    }

    /// One that waits.
    pub async fn scheduled_message(&self, id: ScheduledId) -> Result<Scheduled> {
        let mut read = self.messenger.db.read().await?;
        let found = scheduled::by_id(&mut read, id).await?;
        found.filter(|waiting| waiting.author == self.access.user).ok_or(Error::NotFound("scheduled message"))
    }

    /// Says it differently, or at another time.
    pub async fn reschedule(self, id: ScheduledId, change: Rescheduling) -> Result<Scheduled> {
        let Rescheduling { text, payload, is_silent, due_at } = change;
        let (mut work, mut waiting) = self.hold(id).await?;
        if text.is_none() && payload.is_none() && is_silent.is_none() && due_at.is_none() {
            return Err(Error::invalid("content", "there is nothing to change"));
        }
        if text.is_some() || payload.is_some() {
            waiting.content = edited(&waiting.content, text, payload)?;
        }
        waiting.is_silent = is_silent.unwrap_or(waiting.is_silent);
        if let Some(due_at) = due_at {
            check_due(due_at, work.now)?;
            (waiting.due_at, waiting.failure) = (due_at, None);
        }
        scheduled::update(&mut work.tx, &waiting).await?;
        work.announce(waiting.author, Change::ScheduledSaved(Box::new(waiting.clone())));
        work.once(self.attempt, Subject::Scheduled(id));
        work.commit().await?;
        Ok(waiting)
    }

    /// Does not say it.
    pub async fn cancel_scheduled(self, id: ScheduledId) -> Result<()> {
        let (mut work, waiting) = self.hold(id).await?;
        gone(&mut work, &waiting, None).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Says it now. Where it may not be said, it stays as it was.
    pub async fn send_scheduled(self, id: ScheduledId) -> Result<Message> {
        self.messenger.limit(Limit::Send(self.access.user))?;
        let (mut work, waiting) = self.hold(id).await?;
        let wish = wish_of(&waiting, self.attempt.clone());
        let said = say_all(&self.messenger, &mut work, &[wish], Keys::Unasked).await?.pop();
        let message = said.ok_or(Error::Busy)??;
        gone(&mut work, &waiting, Some(&message)).await?;
        work.commit().await?;
        Ok(message)
    }

    /// Begins to change one that waits.
    async fn hold(&self, id: ScheduledId) -> Result<(UnitOfWork, Scheduled)> {
        self.changes()?;
        let mut work = self.messenger.begin().await?;
        let found = scheduled::locked(&mut work.tx, &[id]).await?.pop();
        let waiting = found.filter(|waiting| waiting.author == self.access.user);
        Ok((work, waiting.ok_or(Error::NotFound("scheduled message"))?))
    }
}

impl Messenger {
    /// Says what is due. It is due still after the server was down.
    pub(crate) async fn send_due_messages(&self) -> Result<()> {
        let now = self.clock.now();
        let due = scheduled::due(&mut self.db.read().await?, now, SOME).await?;
        // Many at the same moment are sent as fast as one might send them by hand; the others wait.
        let due = due.into_iter().filter(|(_, author)| self.limit(Limit::Send(*author)).is_ok());
        let ids: Vec<ScheduledId> = due.map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let Err(error) = self.say_together(&ids).await else { return Ok(()) };
        tracing::warn!(%error, messages = ids.len(), "scheduled messages are sent one by one");
        let mut outcome = Ok(());
        for id in ids {
            let alone = self.say_together(&[id]).await;
            outcome = outcome.and(alone);
        }
        outcome
    }

    async fn say_together(&self, ids: &[ScheduledId]) -> Result<()> {
        let mut work = self.begin().await?;
        let mut due = scheduled::locked(&mut work.tx, ids).await?;
        // Those that were changed or sent meanwhile are no longer due.
        due.retain(|waiting| waiting.is_due(work.now));
        let mut may = Vec::with_capacity(due.len());
        for waiting in due {
            let author = users::by_id(&mut work.tx, waiting.author).await?;
            match author {
                Some(author) if !author.person.is_deactivated => may.push(waiting),
                _ => fail(&mut work, waiting, &Error::Forbidden("This account is closed")).await?,
            }
        }
        forget_deleted_quotes(&mut work, &mut may).await?;
        let wishes: Vec<Wish> = may.iter().map(|waiting| wish_of(waiting, None)).collect();
        let said = say_all(self, &mut work, &wishes, Keys::Unasked).await?;
        for (waiting, result) in may.into_iter().zip(said) {
            match result {
                Ok(message) => gone(&mut work, &waiting, Some(&message)).await?,
                Err(refusal) => fail(&mut work, waiting, &refusal).await?,
            }
        }
        work.commit().await
    }
}

/// What was to be an answer is said without a quote when the other message was deleted meanwhile.
async fn forget_deleted_quotes(work: &mut UnitOfWork, waiting: &mut [Scheduled]) -> Result<()> {
    let answered: Vec<MessageId> = waiting.iter().filter_map(|waiting| waiting.reply_to).collect();
    let found = messages::by_ids(&mut work.tx, &answered).await?;
    let is_there = |id: MessageId| found.iter().any(|message| message.id == id && message.content.is_some());
    for waiting in waiting {
        waiting.reply_to = waiting.reply_to.filter(|id| is_there(*id));
    }
    Ok(())
}

fn wish_of(waiting: &Scheduled, attempt: Option<Attempt>) -> Wish {
    let Scheduled { chat, author, content, attachments, reply_to, thread, mentions, is_silent, .. } =
        waiting.clone();
    let new = NewMessage { reply_to, thread, mentions, is_silent, ..NewMessage::new(content) };
    // The files were looked at when it was scheduled, and have been kept since.
    let brought = Some(Brought { origin: None, files: attachments, is_old: false });
    Wish { chat, author, new, brought, attempt, fingerprint: None }
}

/// Takes away what was said or is not to be said.
async fn gone(work: &mut UnitOfWork, waiting: &Scheduled, message: Option<&Message>) -> Result<()> {
    let Scheduled { id, chat, author, .. } = *waiting;
    scheduled::delete(&mut work.tx, id).await?;
    let message = message.map(|message| message.id);
    work.announce(author, Change::ScheduledRemoved { id, chat, message });
    Ok(())
}

/// Keeps what could not be said, with the reason.
async fn fail(work: &mut UnitOfWork, mut waiting: Scheduled, refusal: &Error) -> Result<()> {
    let code = refusal.code().to_owned();
    waiting.failure = Some(Failure { code, reason: refusal.to_string().chars().take(500).collect() });
    scheduled::update(&mut work.tx, &waiting).await?;
    work.announce(waiting.author, Change::ScheduledSaved(Box::new(waiting)));
    Ok(())
}

fn check_due(due_at: Time, now: Time) -> Result<()> {
    if due_at <= now || due_at > now + FURTHEST {
        return Err(Error::invalid("send_at", "must be in the future, at most 366 days ahead"));
    }
    Ok(())
}
