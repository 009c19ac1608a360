//! Voting, and closing polls.

use crate::boxed;
use crate::messenger::accounts::block;
use crate::messenger::foundation::{Error, Result, UnitOfWork};
use crate::messenger::messages::message::MessageInChat;
use crate::model::{Change, Message, Parts, Person, Poll, Right, UserId};
use crate::store::{messages, polls, users};

/// The most voters of one page.
const MAX_VOTERS: u64 = 200;

impl MessageInChat {
    /// The caller's choices in a poll, in the order of the options.
    #[boxed]
    pub async fn choices(&self) -> Result<Vec<usize>> {
        if self.message().poll.is_none() {
            return Err(Error::NotFound("poll"));
        }
        let mut read = self.caller().messenger.db.read().await?;
        Ok(polls::choices(&mut read, self.message().id, self.caller().access.user).await?)
    }

    /// Those who chose an option of a poll, in the order of their votes; after one of them.
    #[boxed]
    pub async fn voters(
        &self,
        choice: usize,
        after: Option<UserId>,
        limit: Option<u64>,
    ) -> Result<Vec<Person>> {
        let poll = self.message().poll.as_ref().ok_or(Error::NotFound("poll"))?;
        if poll.is_anonymous {
            return Err(Error::Forbidden("The votes of an anonymous poll are not visible"));
        }
        check_choices(poll, &[choice])
            .map_err(|_| Error::invalid("option", "is not an option of this poll"))?;
        let limit = limit.unwrap_or(MAX_VOTERS).clamp(1, MAX_VOTERS);
        let mut read = self.caller().messenger.db.read().await?;
        let ids = polls::voters(&mut read, self.message().id, choice, after, limit).await?;
        let mut people: Vec<Person> =
            users::by_ids(&mut read, &ids).await?.into_iter().map(|user| user.person).collect();
        people.sort_by_key(|person| ids.iter().position(|id| *id == person.id));
        Ok(people)
    }

    /// Votes for these options instead of the caller's earlier ones; without any, takes the vote back.
    #[boxed]
    pub async fn vote(mut self, choices: &[usize]) -> Result<Message> {
        let mut work = self.begin().await?;
        let poll = self.lock_poll(&mut work).await?;
        let choices = check_choices(&poll, choices)?;
        if poll.closed_at.is_some() {
            return Err(Error::Conflict("The poll is closed"));
        }
        let (message, user, now) = (self.message(), self.caller().access.user, work.now);
        let (id, chat) = (message.id, message.chat);
        if polls::choices(&mut work.tx, id, user).await? == choices {
            return self.commit_unchanged(work).await;
        }
        if !choices.is_empty() {
            block::check_not_blocked(&mut work.tx, chat, user).await?;
        }
        polls::vote(&mut work.tx, id, user, &choices, now).await?;
        work.announce(user, Change::PollVoted { message: id, chat, choices });
        self.commit_updated(work).await
    }

    /// Closes a poll. Its author may, and moderators of the chat.
    #[boxed]
    pub async fn close_poll(mut self) -> Result<Message> {
        let mut work = self.begin().await?;
        let poll = self.lock_poll(&mut work).await?;
        if self.message().author != self.caller().access.user && !self.may(Right::DeleteOthers) {
            return Err(Error::Forbidden("You can only close your own polls"));
        }
        if poll.closed_at.is_some() {
            return self.commit_unchanged(work).await;
        }
        let now = work.now;
        polls::close(&mut work.tx, self.message().id, now).await?;
        self.commit_updated(work).await
    }

    /// The poll, locked until the transaction ends: its row is written before it is read, so that of two votes of one
    /// user, or of a vote and the poll's end, one comes after the other on every database.
    async fn lock_poll(&mut self, work: &mut UnitOfWork) -> Result<Poll> {
        messages::set_parts(&mut work.tx, &[self.message().id], Parts::VOTES).await?;
        self.reload(work).await?;
        self.message().poll.clone().ok_or(Error::NotFound("poll"))
    }
}

fn check_choices(poll: &Poll, choices: &[usize]) -> Result<Vec<usize>> {
    let last = poll.choices.len().saturating_sub(1);
    if choices.iter().any(|choice| *choice > last) {
        return Err(Error::invalid("options", format!("must be integers from 0 to {last}")));
    }
    let mut choices = choices.to_vec();
    choices.sort_unstable();
    choices.dedup();
    if choices.len() > 1 && !poll.is_multiple {
        return Err(Error::invalid("options", "only one can be chosen in this poll"));
    }
    Ok(choices)
}
