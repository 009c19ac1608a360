//! Polls.

use poem_openapi::Object;
use poem_openapi::types::Example;

use besedka_core::model::{self, ChatId, MessageId};

/// A poll and its votes.
#[derive(Object, Debug)]
pub struct Poll {
    pub options: Vec<PollOption>,
    /// How many people voted.
    pub voters: usize,
    /// Whether one may choose several.
    pub multiple: bool,
    /// Whether nobody learns who chose what.
    pub anonymous: bool,
    /// Since when it takes no more votes.
    pub closed_at: Option<String>,
}

/// Something that one may choose.
#[derive(Object, Debug)]
pub struct PollOption {
    pub text: String,
    /// How many chose it.
    pub votes: usize,
    /// Who chose it, first come first, the first 100 (`GET /messages/{message_id}/voters` lists all);
    /// null of an anonymous poll.
    pub user_ids: Option<Vec<i64>>,
}

impl From<model::Poll> for Poll {
    fn from(poll: model::Poll) -> Self {
        let is_anonymous = poll.is_anonymous;
        let option = |choice: model::Choice| PollOption {
            text: choice.text,
            votes: choice.votes,
            user_ids: (!is_anonymous).then(|| choice.users.iter().map(|user| user.0).collect()),
        };
        Self {
            options: poll.choices.into_iter().map(option).collect(),
            voters: poll.voters,
            multiple: poll.is_multiple,
            anonymous: is_anonymous,
            closed_at: poll.closed_at.map(model::Time::iso),
        }
    }
}

/// What one chose in a poll.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Vote {
    pub message_id: i64,
    pub chat_id: i64,
    /// Which options, counted from 0; none when one did not vote.
    pub options: Vec<usize>,
}

impl Vote {
    pub fn new(message: MessageId, chat: ChatId, options: Vec<usize>) -> Self {
        Self { message_id: message.0, chat_id: chat.0, options }
    }
}

impl Example for Vote {
    fn example() -> Self {
        Self { message_id: 253_402_300_991, chat_id: 253_402_300_927, options: vec![0, 2] }
    }
}
