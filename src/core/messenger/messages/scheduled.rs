//! Scheduled messages.
//!
//! A scheduled message is deleted in the same transaction that posts it, so it is sent exactly once, also across
//! crashes. One that is refused when it is due is kept with the reason; its author decides what to do with it.

use std::time::Duration;

use crate::boxed;
use crate::messenger::foundation::{Attempt, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::messages::message::edited;
use crate::messenger::messages::post::insert_posts;
use crate::messenger::messages::posting_rights::RightsSource;
use crate::messenger::messages::request::{BatchMode, ChatLimit, NewMessage, PostRequest, Prechecked};
use crate::messenger::messages::validate;
use crate::messenger::{Caller, Messenger};
use crate::model::{Change, ChatId, Failure, Message, MessageId, Payload, Scheduled, ScheduledId, Time};
use crate::store::{hidden, messages, scheduled, users};

/// How many scheduled messages a user may have in a chat, and how far ahead.
const MAX_WAITING: i64 = 100;
const FURTHEST: Duration = Duration::from_secs(366 * 24 * 3_600);
/// How many are sent in one transaction.
const BATCH: usize = 100;
/// How many due messages are looked at, and how many of one author: as many as an author's limit can allow at once.
const CANDIDATES: u64 = 1_000;
const CANDIDATES_OF_AUTHOR: u64 = 20;

/// Changes of a scheduled message; what is missing stays.
#[derive(Debug, Clone, Default)]
pub struct Rescheduling {
    pub text: Option<String>,
    pub payload: Option<Payload>,
    pub is_silent: Option<bool>,
    /// A message that failed is scheduled again.
    pub due_at: Option<Time>,
}

impl Caller {
    /// Schedules a message. What could not be posted now is refused now.
    #[boxed]
    pub async fn schedule(self, chat: ChatId, new: NewMessage, due_at: Time) -> Result<Scheduled> {
        self.changes()?;
        let author = self.access.user;
        self.messenger.confirm_uploads(author, &new.content.attachments()).await?;
        let mut work = self.messenger.begin_for([author]).await?;
        let now = work.now;
        check_due(due_at, now)?;
        let request = PostRequest {
            chat,
            author,
            new,
            prechecked: None,
            attempt: None,
            chat_limit: ChatLimit::Exempt,
            fingerprint: None,
        };
        let attachments = validate::check(&mut work, &request, self.messenger.settings.voice_limit).await?;
        if scheduled::count(&mut work.tx, author, chat).await? >= MAX_WAITING {
            return Err(Error::Conflict("You have 100 scheduled messages in this chat already"));
        }
        let NewMessage { content, reply_to, thread, mentions, is_silent, .. } = request.new;
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

    /// The caller's scheduled messages, the next first.
    #[boxed]
    pub async fn scheduled(&self, chat: Option<ChatId>) -> Result<Vec<Scheduled>> {
        let mut read = self.messenger.db.read().await?;
        Ok(scheduled::of_user(&mut read, self.access.user, chat).await?)
    }

    /// One scheduled message.
    #[boxed]
    pub async fn scheduled_message(&self, id: ScheduledId) -> Result<Scheduled> {
        let mut read = self.messenger.db.read().await?;
        let found = scheduled::by_id(&mut read, id).await?;
        found.filter(|waiting| waiting.author == self.access.user).ok_or(Error::NotFound("scheduled message"))
    }

    /// Changes a scheduled message or its time.
    #[boxed]
    pub async fn reschedule(self, id: ScheduledId, change: Rescheduling) -> Result<Scheduled> {
        let Rescheduling { text, payload, is_silent, due_at } = change;
        let (mut work, mut waiting) = self.lock_scheduled(id).await?;
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

    /// Cancels a scheduled message.
    #[boxed]
    pub async fn cancel_scheduled(self, id: ScheduledId) -> Result<()> {
        let (mut work, waiting) = self.lock_scheduled(id).await?;
        remove(&mut work, &waiting, None).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Posts a scheduled message now. If that is refused, it stays as it was.
    #[boxed]
    pub async fn send_scheduled(self, id: ScheduledId) -> Result<Message> {
        self.messenger.limit(Limit::Send(self.access.user))?;
        let (mut work, waiting) = self.lock_scheduled(id).await?;
        let request = request_of(&waiting, self.attempt.clone());
        let sent = insert_posts(
            &self.messenger,
            &mut work,
            &[request],
            (BatchMode::TrustIndex, RightsSource::Database),
        )
        .await?
        .pop();
        let message = sent.ok_or(Error::Busy)??;
        remove(&mut work, &waiting, Some(&message)).await?;
        work.commit().await?;
        Ok(message)
    }

    /// Begins a change of a scheduled message.
    async fn lock_scheduled(&self, id: ScheduledId) -> Result<(UnitOfWork, Scheduled)> {
        self.changes()?;
        let mut work = self.messenger.begin().await?;
        let found = scheduled::locked(&mut work.tx, &[id]).await?.pop();
        let waiting = found.filter(|waiting| waiting.author == self.access.user);
        Ok((work, waiting.ok_or(Error::NotFound("scheduled message"))?))
    }
}

impl Messenger {
    /// Posts scheduled messages that are due, also those that became due while the server was down.
    pub(crate) async fn send_due_messages(&self) -> Result<()> {
        let now = self.clock.now();
        let mut read = self.db.read().await?;
        let due = scheduled::due(&mut read, now, CANDIDATES_OF_AUTHOR, CANDIDATES).await?;
        drop(read);
        // An author's messages are sent no faster than the author could post them; the others wait. In turn by author, so
        // that one author's many do not delay those of others.
        let due = due.into_iter().filter(|(_, author)| self.limit(Limit::Send(*author)).is_ok());
        let ids: Vec<ScheduledId> = due.take(BATCH).map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let Err(error) = self.send_together(&ids).await else { return Ok(()) };
        tracing::warn!(%error, messages = ids.len(), "scheduled messages are sent one by one");
        let mut outcome = Ok(());
        for id in ids {
            let alone = self.send_together(&[id]).await;
            outcome = outcome.and(alone);
        }
        outcome
    }

    async fn send_together(&self, ids: &[ScheduledId]) -> Result<()> {
        let mut work = self.begin().await?;
        let mut due = scheduled::locked(&mut work.tx, ids).await?;
        // Those that were changed or sent meanwhile are no longer due.
        due.retain(|waiting| waiting.is_due(work.now));
        let mut may = Vec::with_capacity(due.len());
        for waiting in due {
            let author = users::by_id(&mut work.tx, waiting.author).await?;
            match author {
                Some(author) if !author.person.is_deactivated => may.push(waiting),
                _ => mark_failed(&mut work, waiting, &Error::Forbidden("This account is closed")).await?,
            }
        }
        forget_unseen_quotes(&mut work, &mut may).await?;
        let requests: Vec<PostRequest> = may.iter().map(|waiting| request_of(waiting, None)).collect();
        let sent =
            insert_posts(self, &mut work, &requests, (BatchMode::TrustIndex, RightsSource::Database)).await?;
        for (waiting, result) in may.into_iter().zip(sent) {
            match result {
                Ok(message) => remove(&mut work, &waiting, Some(&message)).await?,
                Err(refusal) => mark_failed(&mut work, waiting, &refusal).await?,
            }
        }
        work.commit().await
    }
}

/// A reply is sent without its quote when the quoted message was deleted meanwhile, or its author has hidden it.
async fn forget_unseen_quotes(work: &mut UnitOfWork, waiting: &mut [Scheduled]) -> Result<()> {
    let answered: Vec<MessageId> = waiting.iter().filter_map(|waiting| waiting.reply_to).collect();
    let found = messages::by_ids(&mut work.tx, &answered).await?;
    let places: Vec<_> = found.iter().map(|message| (message.chat, message.seq)).collect();
    let hidden = hidden::readers(&mut work.tx, &places).await?;
    let is_there = |id: MessageId| found.iter().any(|message| message.id == id && message.content.is_some());
    for waiting in waiting {
        let is_seen = |id: &MessageId| is_there(*id) && !hidden.contains(&(*id, waiting.author));
        waiting.reply_to = waiting.reply_to.filter(is_seen);
    }
    Ok(())
}

fn request_of(waiting: &Scheduled, attempt: Option<Attempt>) -> PostRequest {
    let Scheduled { chat, author, content, attachments, reply_to, thread, mentions, is_silent, .. } =
        waiting.clone();
    let new = NewMessage { reply_to, thread, mentions, is_silent, ..NewMessage::new(content) };
    // The files were checked when it was scheduled, and have been kept since.
    let prechecked = Some(Prechecked { origin: None, files: attachments, is_old: false });
    PostRequest { chat, author, new, prechecked, attempt, chat_limit: ChatLimit::Exempt, fingerprint: None }
}

/// Deletes a scheduled message that was sent or cancelled.
async fn remove(work: &mut UnitOfWork, waiting: &Scheduled, message: Option<&Message>) -> Result<()> {
    let Scheduled { id, chat, author, .. } = *waiting;
    scheduled::delete(&mut work.tx, id).await?;
    let message = message.map(|message| message.id);
    work.announce(author, Change::ScheduledRemoved { id, chat, message });
    Ok(())
}

/// Keeps a message that was refused, with the reason.
async fn mark_failed(work: &mut UnitOfWork, mut waiting: Scheduled, refusal: &Error) -> Result<()> {
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
