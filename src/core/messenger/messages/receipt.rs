//! Read and delivery marks of members, which only move forward.

use std::collections::HashMap;

use crate::boxed;
use crate::messenger::chats::lookup::{find, view};
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Error, Limit, Result, Subject};
use crate::messenger::messages::message::MessageInChat;
use crate::messenger::{Caller, Messenger};
use crate::model::{Change, Chat, ChatId, Message, MessageId, Person, UserId};
use crate::store::{Executor, chats, history, marks, users};

/// In larger chats deliveries are stored but not announced: otherwise each message would cause as many events as there
/// are members.
const MAX_FOLLOWED: i64 = 200;
/// The most people of one list.
const MAX_LISTED: usize = 200;

/// Who of those in the chat when a message was posted has read or received it.
#[derive(Debug, Clone)]
pub struct Receipts {
    /// Those who have read it and let others see that, by name; the first 200.
    pub read: Vec<Person>,
    pub read_count: usize,
    /// Those who have received but not read it, by name; the first 200.
    pub delivered: Vec<Person>,
    pub delivered_count: usize,
}

impl Messenger {
    /// Whether anybody but its author has read a message and lets others see that.
    #[boxed]
    pub async fn is_read(&self, message: &Message) -> Result<bool> {
        let mut read = self.db.read().await?;
        Ok(marks::is_read(&mut read, message.chat, message.seq, message.author).await?)
    }
}

impl Membership {
    /// Marks everything up to a message as read; without one, up to the newest. Returns the chat after it.
    #[boxed]
    pub async fn read(self, upto: Option<MessageId>) -> Result<Chat> {
        self.read_up_to(upto.into_iter().collect()).await
    }

    /// The same up to the newest of several messages; those of other chats do not count.
    #[boxed]
    pub async fn read_up_to(self, upto: Vec<MessageId>) -> Result<Chat> {
        /// The most messages that a client names.
        const MOST: usize = 200;
        if upto.len() > MOST {
            return Err(Error::invalid("message_ids", "must be at most 200"));
        }
        self.messenger.limit(Limit::Mark(self.member.user))?;
        let mut work = self.messenger.begin().await?;
        let (chat, user) = (self.chat.id, self.member.user);
        chats::lock(&mut work.tx, chat).await?;
        let (_, place) = find(&mut work.tx, chat, user).await?;
        let mark = match upto.is_empty() {
            true => history::newest(&mut work.tx, chat).await?,
            false => {
                let newest = history::newest_among(&mut work.tx, chat, &upto).await?;
                Some(newest.ok_or(Error::NotFound("message"))?)
            }
        };
        if let Some((message, seq)) = mark
            && seq > place.read_seq
        {
            marks::read(&mut work.tx, chat, user, seq).await?;
            let range = Some((place.read_seq, seq));
            let event = Change::ChatRead { chat, user, message, range };
            if marks::hides_reading(&mut work.tx, user).await? {
                work.announce(user, event);
            } else {
                work.announce(chat, event);
            }
        }
        let view = view(&mut work.tx, chat, user).await?;
        work.once(self.attempt, Subject::Read(chat));
        work.commit().await?;
        Ok(view)
    }

    /// Marks everything up to a message as delivered to one of the caller's devices.
    #[boxed]
    pub async fn delivered(self, upto: MessageId) -> Result<()> {
        self.messenger.limit(Limit::Mark(self.member.user))?;
        let mut work = self.messenger.begin().await?;
        let (chat, user) = (self.chat.id, self.member.user);
        chats::lock(&mut work.tx, chat).await?;
        let (chat_now, place) = find(&mut work.tx, chat, user).await?;
        let seq = history::seq_of(&mut work.tx, chat, upto).await?.ok_or(Error::NotFound("message"))?;
        if seq > place.delivered_seq {
            marks::delivered(&mut work.tx, chat, user, seq).await?;
            if chat_now.member_count <= MAX_FOLLOWED {
                work.announce(chat, Change::ChatDelivered { chat, user, message: upto });
            }
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// How far a chat is read by the caller, and by the others who let that be seen.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    own: i64,
    /// What each of the others has read since they joined: after one sequence number, up to another.
    others: Vec<(i64, i64)>,
}

impl Reading {
    /// Whether a recipient has read a message: anybody else if it is the reader's own, otherwise the reader.
    pub fn has(&self, message: &Message, reader: UserId) -> bool {
        match message.author == reader {
            true => self.others.iter().any(|(from, upto)| *from < message.seq && message.seq <= *upto),
            false => message.seq <= self.own,
        }
    }
}

impl Caller {
    /// How far the chats of these messages are read.
    #[boxed]
    pub async fn readings(&self, messages: &[Message]) -> Result<HashMap<ChatId, Reading>> {
        let mut oldest: HashMap<ChatId, i64> = HashMap::new();
        for message in messages {
            let seq = oldest.entry(message.chat).or_insert(message.seq);
            *seq = message.seq.min(*seq);
        }
        let mut read = self.messenger.db.read().await?;
        let mut readings: HashMap<ChatId, Reading> = HashMap::new();
        let own = self.access.user;
        for (chat, user, joined_seq, read_seq) in marks::read_by(&mut read, own, &oldest).await? {
            let reading = readings.entry(chat).or_default();
            match user == own {
                true => reading.own = read_seq,
                false => reading.others.push((joined_seq, read_seq)),
            }
        }
        for reading in readings.values_mut() {
            // In large chats most have read to the end: a range that lies within another adds nothing.
            reading.others.sort_unstable_by_key(|(from, upto)| (*from, std::cmp::Reverse(*upto)));
            let mut farthest = i64::MIN;
            reading.others.retain(|(_, upto)| {
                let is_farther = *upto > farthest;
                farthest = farthest.max(*upto);
                is_farther
            });
        }
        Ok(readings)
    }
}

impl MessageInChat {
    /// Who has read the message, and who has received but not read it.
    #[boxed]
    pub async fn receipts(&self) -> Result<Receipts> {
        let message = self.message();
        let mut read = self.caller().messenger.db.read().await?;
        let found = marks::receipts(&mut read, message.chat, message.seq, message.author).await?;
        Ok(Receipts {
            read_count: found.read.len(),
            delivered_count: found.delivered.len(),
            delivered: first(&mut read, &found.delivered).await?,
            read: first(&mut read, &found.read).await?,
        })
    }
}

/// The first of some people, in their order.
async fn first(run: &mut Executor, ids: &[UserId]) -> Result<Vec<Person>> {
    let ids = &ids[..ids.len().min(MAX_LISTED)];
    let found = users::by_ids(run, ids).await?;
    let mut people: Vec<Person> = found.into_iter().map(|user| user.person).collect();
    people.sort_by_key(|person| ids.iter().position(|id| *id == person.id));
    Ok(people)
}
