//! Answers of the assistant, posted while they are generated.
//!
//! The message is posted with the first words and updated from time to time. It is recorded as unfinished, so that
//! another server deletes it if this one is killed.

use std::time::Duration;

use serde_json::{Map, json};
use tokio::time::Instant;

use super::prompt::{ChatContext, MAX_ANSWER, normalise};
use super::{in_time, next};
use crate::integrations::PromptMessage;
use crate::messenger::Messenger;
use crate::messenger::chats::membership::Membership;
use crate::messenger::chats::notices::announce_notice;
use crate::messenger::foundation::{Attempt, Error, Result, Subject, UnitOfWork};
use crate::messenger::messages::erase::erase;
use crate::messenger::messages::message::update_links;
use crate::messenger::messages::push_queue::queue_pushes;
use crate::model::{
    Change, ChatId, Content, Message, MessageId, Payload, UserId, is_blank, proposes_meeting,
};
use crate::store::{assistant, chats, messages};

/// How often the posted message is updated.
const UPDATE_INTERVAL: Duration = Duration::from_millis(700);
/// How long after its deadline an answer counts as abandoned.
const GRACE: Duration = Duration::from_secs(60);
/// How often to look for abandoned answers.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(10);
const PAGE_SIZE: u64 = 50;
/// How much of a question is stored with its answer, in characters.
const MAX_SHOWN: usize = 500;

/// Posts an answer while it is generated.
pub(crate) struct AnswerWriter {
    messenger: Messenger,
    chat: ChatId,
    /// The assistant's account.
    author: UserId,
    id: MessageId,
    /// The message's payload: the question, who asked, and what was sent where.
    payload: Payload,
    text: String,
    /// Whether the message was posted already.
    is_posted: bool,
    attempt: Option<Attempt>,
}

impl AnswerWriter {
    pub(crate) fn new(
        membership: &Membership,
        author: UserId,
        question: &str,
        context: &ChatContext,
        attempt: Option<Attempt>,
    ) -> Self {
        let messenger = membership.messenger.clone();
        let mut payload = Map::new();
        payload.insert("question".to_owned(), question.chars().take(MAX_SHOWN).collect::<String>().into());
        payload.insert("asked_by".to_owned(), membership.member.user.0.into());
        if let Some(assistant) = &messenger.assistant {
            payload.insert("model".to_owned(), assistant.model.name().into());
            payload.insert("sent_to".to_owned(), assistant.model.host().into());
        }
        payload.insert("sent_messages".to_owned(), context.count.into());
        Self {
            id: MessageId(messenger.id()),
            chat: membership.chat.id,
            author,
            payload,
            text: String::new(),
            is_posted: false,
            attempt,
            messenger,
        }
    }

    /// Generates and posts the answer. On failure nothing of it remains.
    pub(crate) async fn write(mut self, prompt: &[PromptMessage]) -> Result<Message> {
        let written = match self.generate(prompt).await {
            Ok(()) => self.finish().await,
            Err(error) => Err(error),
        };
        if written.is_err()
            && self.is_posted
            && let Err(error) = self.messenger.remove_answer(self.chat, self.id).await
        {
            tracing::error!(%error, "could not delete an unfinished answer");
        }
        written
    }

    async fn generate(&mut self, prompt: &[PromptMessage]) -> Result<()> {
        let messenger = self.messenger.clone();
        let Some(assistant) = &messenger.assistant else { return Ok(()) };
        let deadline = Instant::now() + assistant.timeout;
        let mut answer = in_time(deadline, assistant.model.ask(prompt)).await?;
        let mut updated_at = None;
        while let Some(more) = next(&mut answer, deadline).await? {
            self.text.push_str(&more);
            let is_due = updated_at.is_none_or(|at: Instant| at.elapsed() >= UPDATE_INTERVAL);
            // Also when the whole answer comes at once: a message is created before it is finished.
            if is_due && !is_blank(&self.text) {
                self.post_progress(assistant.timeout).await?;
                updated_at = Some(Instant::now());
            }
            if self.text.chars().count() > MAX_ANSWER {
                return Ok(());
            }
        }
        match is_blank(&normalise(&self.text)) {
            true => Err(Error::UpstreamFailed("The assistant returned no answer; rephrase the question")),
            false => Ok(()),
        }
    }

    /// Posts or updates the message with the text so far.
    async fn post_progress(&mut self, timeout: Duration) -> Result<()> {
        self.payload.insert("writing".to_owned(), true.into());
        let mut work = self.put(Change::MessageUpdated).await?;
        if !self.is_posted {
            let until = work.now + timeout + GRACE;
            assistant::begin_answer(&mut work.tx, self.id, self.chat, until).await?;
        }
        self.is_posted = true;
        work.commit().await
    }

    /// Completes the message.
    async fn finish(&mut self) -> Result<Message> {
        self.payload.remove("writing");
        if proposes_meeting(&self.text) {
            self.payload.insert("suggest_meet".to_owned(), json!(true));
        }
        let mut work = self.put(Change::AnswerFinished).await?;
        assistant::end_answer(&mut work.tx, self.id).await?;
        let message = messages::by_id(&mut work.tx, self.id).await?.ok_or(Error::NotFound("message"))?;
        queue_pushes(&mut work, &[&message]).await?;
        if let Some(content) = &message.content {
            update_links(&mut work, &message, content).await?;
        }
        work.once(self.attempt.take(), Subject::Message(self.id));
        work.commit().await?;
        Ok(message)
    }

    /// Writes the message in a new unit of work and announces the change that `event` makes of it.
    async fn put(&self, event: fn(Message) -> Change) -> Result<UnitOfWork> {
        let content = Content::assistant(normalise(&self.text), Some(self.payload.clone()))?;
        let mut work = self.messenger.begin().await?;
        chats::lock(&mut work.tx, self.chat).await?;
        if !self.is_posted {
            let chat = chats::by_id(&mut work.tx, self.chat).await?.ok_or(Error::NotFound("chat"))?;
            let place = work.reserve_seq(self.chat).await?;
            let mut message = Message::new(self.id, (self.chat, place.seq), self.author, content, work.now);
            let life = chat.message_life.map(i64::unsigned_abs).map(Duration::from_millis);
            message.expires_at = life.map(|life| work.now + life);
            messages::insert_many(&mut work.tx, &[(&message, None)]).await?;
            announce_notice(&mut work, message);
            return Ok(work);
        }
        let before = messages::by_id(&mut work.tx, self.id).await?;
        if before.is_none_or(|message| message.content.is_none()) {
            return Err(Error::Conflict("The answer was deleted while it was being written"));
        }
        messages::replace_content(&mut work.tx, self.id, &content).await?;
        let message = messages::by_id(&mut work.tx, self.id).await?.ok_or(Error::NotFound("message"))?;
        work.announce(self.chat, event(message));
        Ok(work)
    }
}

impl Messenger {
    /// Deletes abandoned answers, as after a server was killed.
    pub(in crate::messenger) async fn delete_abandoned_answers(&self) -> Result<()> {
        let now = self.clock.now();
        if self.abandoned_answers_checked.due(now, CLEANUP_INTERVAL).is_none() {
            return Ok(());
        }
        let overdue = assistant::overdue_answers(&mut self.db.read().await?, now, PAGE_SIZE).await?;
        for (chat, id) in overdue {
            self.remove_answer(chat, id).await?;
        }
        Ok(())
    }

    async fn remove_answer(&self, chat: ChatId, id: MessageId) -> Result<()> {
        let mut work = self.begin().await?;
        chats::lock(&mut work.tx, chat).await?;
        assistant::end_answer(&mut work.tx, id).await?;
        let message = messages::by_id(&mut work.tx, id).await?;
        if message.is_some_and(|message| message.content.is_some()) {
            erase(&mut work, &[(chat, id)]).await?;
        }
        work.commit().await
    }
}
