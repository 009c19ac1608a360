//! An answer of the assistant, written into the chat as it comes.
//!
//! The message appears with the first words, and is told again from time to time with more of them. It is written down
//! that it is not finished: what a server leaves behind that was killed, another one takes away.

use std::time::Duration;

use serde_json::{Map, json};
use tokio::time::Instant;

use super::prompt::{LONGEST_ANSWER, Material, tidy};
use super::{in_time, next};
use crate::messenger::Messenger;
use crate::messenger::chats::membership::Membership;
use crate::messenger::chats::notices::announce_notice;
use crate::messenger::foundation::{Attempt, Error, Result, Subject, Work};
use crate::messenger::messages::erase::erase;
use crate::messenger::messages::message::update_links;
use crate::model::{
    Change, ChatId, Content, Message, MessageId, Payload, UserId, is_blank, proposes_meeting,
};
use crate::outside::Said;
use crate::store::{assistant, chats, messages};

/// How often what is there so far is told.
const TELL_EVERY: Duration = Duration::from_millis(700);
/// How much later than it should be an answer is given up for lost.
const GRACE: Duration = Duration::from_secs(60);
/// How often to look for lost ones.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const SOME: u64 = 50;
/// How much of a question is shown with its answer, in characters.
const LONGEST_SHOWN: usize = 500;

/// An answer that is being written.
pub(crate) struct Writing {
    messenger: Messenger,
    chat: ChatId,
    /// The assistant's account.
    author: UserId,
    id: MessageId,
    /// What was asked, by whom, and what was sent where.
    mark: Payload,
    text: String,
    /// Whether the message is in the chat.
    is_there: bool,
    attempt: Option<Attempt>,
}

impl Writing {
    pub(crate) fn new(
        place: &Membership,
        author: UserId,
        question: &str,
        material: &Material,
        attempt: Option<Attempt>,
    ) -> Self {
        let messenger = place.messenger.clone();
        let mut mark = Map::new();
        mark.insert("question".to_owned(), question.chars().take(LONGEST_SHOWN).collect::<String>().into());
        mark.insert("asked_by".to_owned(), place.place.user.0.into());
        if let Some(assistant) = &messenger.assistant {
            mark.insert("model".to_owned(), assistant.model.name().into());
            mark.insert("sent_to".to_owned(), assistant.model.host().into());
        }
        mark.insert("sent_messages".to_owned(), material.count.into());
        Self {
            id: MessageId(messenger.id()),
            chat: place.chat.id,
            author,
            mark,
            text: String::new(),
            is_there: false,
            attempt,
            messenger,
        }
    }

    /// Asks, and writes what comes. What fails leaves nothing.
    pub(crate) async fn write(mut self, said: &[Said]) -> Result<Message> {
        let written = match self.listen(said).await {
            Ok(()) => self.finish().await,
            Err(error) => Err(error),
        };
        if written.is_err()
            && self.is_there
            && let Err(error) = self.messenger.take_away_answer(self.chat, self.id).await
        {
            tracing::error!(%error, "taking away an answer that was not finished");
        }
        written
    }

    async fn listen(&mut self, said: &[Said]) -> Result<()> {
        let messenger = self.messenger.clone();
        let Some(assistant) = &messenger.assistant else { return Ok(()) };
        let deadline = Instant::now() + assistant.patience;
        let mut words = in_time(deadline, assistant.model.ask(said)).await?;
        let mut told_at = None;
        while let Some(more) = next(&mut words, deadline).await? {
            self.text.push_str(&more);
            let is_due = told_at.is_none_or(|at: Instant| at.elapsed() >= TELL_EVERY);
            // Also when it is whole at once: it is begun before it is finished.
            if is_due && !is_blank(&self.text) {
                self.tell(assistant.patience).await?;
                told_at = Some(Instant::now());
            }
            if self.text.chars().count() > LONGEST_ANSWER {
                return Ok(());
            }
        }
        match is_blank(&tidy(&self.text)) {
            true => Err(Error::Elsewhere("The assistant said nothing; ask differently")),
            false => Ok(()),
        }
    }

    /// Shows what is there so far.
    async fn tell(&mut self, patience: Duration) -> Result<()> {
        self.mark.insert("writing".to_owned(), true.into());
        let mut work = self.put(Change::MessageUpdated).await?;
        if !self.is_there {
            let until = work.now + patience + GRACE;
            assistant::begin_answer(&mut work.tx, self.id, self.chat, until).await?;
        }
        self.is_there = true;
        work.commit().await
    }

    /// Shows all of it.
    async fn finish(&mut self) -> Result<Message> {
        self.mark.remove("writing");
        if proposes_meeting(&self.text) {
            self.mark.insert("suggest_meet".to_owned(), json!(true));
        }
        let mut work = self.put(Change::AnswerFinished).await?;
        assistant::end_answer(&mut work.tx, self.id).await?;
        let message = messages::by_id(&mut work.tx, self.id).await?.ok_or(Error::NotFound("message"))?;
        if let Some(content) = &message.content {
            update_links(&mut work, &message, content).await?;
        }
        work.once(self.attempt.take(), Subject::Message(self.id));
        work.commit().await?;
        Ok(message)
    }

    /// Writes the message as it is now, within a change that it begins, and tells that.
    async fn put(&self, told: fn(Message) -> Change) -> Result<Work> {
        let content = Content::assistant(tidy(&self.text), Some(self.mark.clone()))?;
        let mut work = self.messenger.begin().await?;
        chats::lock(&mut work.tx, self.chat).await?;
        if !self.is_there {
            let chat = chats::by_id(&mut work.tx, self.chat).await?.ok_or(Error::NotFound("chat"))?;
            let place = work.place(self.chat).await?;
            let mut message = Message::new(self.id, (self.chat, place.seq), self.author, content, work.now);
            let life = chat.message_life.map(i64::unsigned_abs).map(Duration::from_millis);
            message.expires_at = life.map(|life| work.now + life);
            messages::insert_many(&mut work.tx, &[&message]).await?;
            announce_notice(&mut work, message);
            return Ok(work);
        }
        let before = messages::by_id(&mut work.tx, self.id).await?;
        if before.is_none_or(|message| message.content.is_none()) {
            return Err(Error::Conflict("The answer was deleted while it was written"));
        }
        messages::rewrite(&mut work.tx, self.id, &content).await?;
        let message = messages::by_id(&mut work.tx, self.id).await?.ok_or(Error::NotFound("message"))?;
        work.announce(self.chat, told(message));
        Ok(work)
    }
}

impl Messenger {
    /// Takes away answers that nobody finishes any more, as when a server was killed.
    pub(in crate::messenger) async fn take_away_half_answers(&self) -> Result<()> {
        let now = self.clock.now();
        if self.half_answers.due(now, LOOK_EVERY).is_none() {
            return Ok(());
        }
        let forsaken = assistant::forsaken_answers(&mut self.db.read().await?, now, SOME).await?;
        for (chat, id) in forsaken {
            self.take_away_answer(chat, id).await?;
        }
        Ok(())
    }

    async fn take_away_answer(&self, chat: ChatId, id: MessageId) -> Result<()> {
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
