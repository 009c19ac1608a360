//! Polls.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use besedka_core::model::{self, ChatId, MessageId};

/// A poll and its votes.
#[derive(Object, Debug, Serialize)]
pub struct Poll {
    pub options: Vec<PollOption>,
    /// How many people have voted.
    pub voters: usize,
    /// Whether several options can be chosen.
    pub multiple: bool,
    /// Whether votes are anonymous.
    pub anonymous: bool,
    /// When voting was closed.
    pub closed_at: Option<String>,
}

/// An option of a poll.
#[derive(Object, Debug, Serialize)]
pub struct PollOption {
    pub text: String,
    /// How many people chose it.
    pub votes: usize,
    /// The first 100 users who chose it, earliest first (`GET /messages/{message_id}/voters` lists all of
    /// them); null for an anonymous poll.
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

/// The caller's vote in a poll.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Vote {
    pub message_id: i64,
    pub chat_id: i64,
    /// The chosen options, counted from 0; empty if the caller has not voted.
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
