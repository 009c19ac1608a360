//! Voting, and closing polls.

use crate::messenger::Caller;
use crate::messenger::foundation::{Error, Result, Subject, Work};
use crate::model::{Change, Message, MessageId, Parts, Person, Poll, Right, UserId};
use crate::store::{messages, polls, users};

/// Of how many voters at a time.
const MOST_VOTERS: u64 = 200;

impl Caller {
    /// What one chose in a poll, in the order of the options.
    pub async fn choices(&self, id: MessageId) -> Result<(Message, Vec<usize>)> {
        let message = self.message(id).await?;
        if message.poll.is_none() {
            return Err(Error::NotFound("poll"));
        }
        let mut read = self.messenger.db.read().await?;
        let choices = polls::choices(&mut read, id, self.access.user).await?;
        Ok((message, choices))
    }

    /// Those who chose something in a poll, first come first; after one of them.
    pub async fn voters(
        &self,
        id: MessageId,
        choice: usize,
        after: Option<UserId>,
        limit: Option<u64>,
    ) -> Result<Vec<Person>> {
        let poll = self.message(id).await?.poll.ok_or(Error::NotFound("poll"))?;
        if poll.is_anonymous {
            return Err(Error::Forbidden("Nobody is told who chose what in an anonymous poll"));
        }
        check_choices(&poll, &[choice]).map_err(|_| Error::invalid("option", "is none of the poll"))?;
        let limit = limit.unwrap_or(MOST_VOTERS).clamp(1, MOST_VOTERS);
        let mut read = self.messenger.db.read().await?;
        let ids = polls::voters(&mut read, id, choice, after, limit).await?;
        let mut people: Vec<Person> =
            users::by_ids(&mut read, &ids).await?.into_iter().map(|user| user.person).collect();
        people.sort_by_key(|person| ids.iter().position(|id| *id == person.id));
        Ok(people)
    }

    /// Chooses these instead of what one chose before; none takes the vote back.
    pub async fn vote(self, id: MessageId, choices: &[usize]) -> Result<Message> {
        let (mut work, _, _) = self.change(id).await?;
        let (message, poll) = lock_poll(&mut work, id).await?;
        let choices = check_choices(&poll, choices)?;
        if poll.closed_at.is_some() {
            return Err(Error::Conflict("The poll is closed"));
        }
        let (user, chat, now) = (self.access.user, message.chat, work.now);
        if polls::choices(&mut work.tx, id, user).await? == choices {
            work.once(self.attempt, Subject::Message(id));
            work.commit().await?;
            return Ok(message);
        }
        polls::vote(&mut work.tx, id, user, &choices, now).await?;
        work.announce(user, Change::PollVoted { message: id, chat, choices });
        self.update(work, id).await
    }

    /// Takes no more votes. Whoever asked may, and whoever moderates the chat.
    pub async fn close_poll(self, id: MessageId) -> Result<Message> {
        let (mut work, _, (chat, place)) = self.change(id).await?;
        let (message, poll) = lock_poll(&mut work, id).await?;
        if message.author != self.access.user && !place.role.may(Right::DeleteOthers, chat.kind) {
            return Err(Error::Forbidden("Only one's own polls can be closed"));
        }
        if poll.closed_at.is_some() {
            work.once(self.attempt, Subject::Message(id));
            work.commit().await?;
            return Ok(message);
        }
        let now = work.now;
        polls::close(&mut work.tx, id, now).await?;
        self.update(work, id).await
    }
}

/// A poll that nobody else changes until the change ends: its row is written before it is read, so that of two votes
/// of one person, or of a vote and the poll's end, one comes after the other on every database.
async fn lock_poll(work: &mut Work, id: MessageId) -> Result<(Message, Poll)> {
    messages::set_parts(&mut work.tx, &[id], Parts::VOTES).await?;
    let message = messages::by_id(&mut work.tx, id).await?;
    message
        .and_then(|message| {
            let poll = message.poll.clone()?;
            Some((message, poll))
        })
        .ok_or(Error::NotFound("poll"))
}

fn check_choices(poll: &Poll, choices: &[usize]) -> Result<Vec<usize>> {
    let last = poll.choices.len().saturating_sub(1);
    if choices.iter().any(|choice| *choice > last) {
        return Err(Error::invalid("options", format!("must be numbers from 0 to {last}")));
    }
    let mut choices = choices.to_vec();
    choices.sort_unstable();
    choices.dedup();
    if choices.len() > 1 && !poll.is_multiple {
        return Err(Error::invalid("options", "only one can be chosen in this poll"));
    }
    Ok(choices)
}
