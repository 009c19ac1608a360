//! Chats.

use poem_openapi::Object;
use poem_openapi::types::Example;

use super::{Message, Person};
use crate::model;

/// A chat, as the caller sees it.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Chat {
    pub id: i64,
    /// Of a private chat: the other person's name.
    pub title: String,
    /// Whether it is a group, or a private chat of two.
    pub is_group: bool,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// How many are in it.
    pub member_count: i64,
    /// The newest message that the caller sees.
    pub last_message: Option<Message>,
    /// Messages of others that the caller has not read.
    pub unread_count: i64,
    /// The newest message that the caller has read.
    pub last_read_message_id: Option<i64>,
    /// The other one of a private chat.
    pub peer: Option<Person>,
}

impl From<model::Chat> for Chat {
    fn from(chat: model::Chat) -> Self {
        Self {
            id: chat.id.0,
            title: chat.title,
            is_group: chat.kind.is_group(),
            created_at: chat.created_at.iso(),
            member_count: chat.member_count,
            last_message: chat.last_message.map(Message::from),
            unread_count: chat.unread_count,
            last_read_message_id: chat.last_read.map(|id| id.0),
            peer: chat.peer.map(Person::from),
        }
    }
}

impl Example for Chat {
    fn example() -> Self {
        Self {
            id: 253_402_300_927,
            title: "New Project Discussion".to_owned(),
            is_group: true,
            created_at: "2024-03-26T12:00:00".to_owned(),
            member_count: 4,
            last_message: Some(Message::example()),
            unread_count: 1,
            last_read_message_id: None,
            peer: None,
        }
    }
}
