//! The socket's events: serialising and describing them.

mod asyncapi;
mod data;
mod kinds;

use poem_openapi::types::ToJSON;
use serde_json::{Value, json};

pub use self::asyncapi::{asyncapi, with_typed_events};
use self::data::{
    BookmarkRef, ChatDelivered, ChatLost, ChatPerson, ChatRead, ChatRef, DraftRef, MemberChange, MessageRef,
    MessageRefs, Missing, PersonRef, PresenceChange, Ready, ScheduledRef, SessionBegun, SessionRef, TokenRef,
    Wrong,
};
use super::tokens::Token;
use super::types::{
    Blocked, Bookmark, Chat, ChatAbout, ChatSettings, Draft, Message, Presence, Scheduled, User, Vote,
};
use besedka_core::hub::EphemeralEvent;
use besedka_core::messenger::{Cursor, Gap};
use besedka_core::model::{self, Change, ChatId, Event, UserId};

/// Serialises an event as a frame.
pub fn write(event: &Event) -> String {
    let (name, data) = name_and_data(&event.change);
    frame(name, &data, Some(event.position.to_string()))
}

pub fn name_and_data(change: &Change) -> (&'static str, Value) {
    match change {
        Change::MessageCreated(message) => ("message.created", value(&Message::from(message.clone()))),
        Change::MessageUpdated(message) | Change::AnswerFinished(message) => {
            ("message.updated", value(&Message::from(message.clone())))
        }
        Change::MessageDeleted { id, chat } => {
            ("message.deleted", value(&MessageRef { id: id.0, chat_id: chat.0 }))
        }
        Change::MessagesDeleted { chat, ids } => {
            let ids = ids.iter().map(|id| id.0).collect();
            ("messages.deleted", value(&MessageRefs { chat_id: chat.0, ids }))
        }
        Change::MessageHidden { id, chat } => {
            ("message.hidden", value(&MessageRef { id: id.0, chat_id: chat.0 }))
        }
        Change::ChatGained(chat) => ("chat.created", value(&Chat::from(chat.as_ref().clone()))),
        Change::PollVoted { message, chat, choices } => {
            ("poll.voted", value(&Vote::new(*message, *chat, choices.clone())))
        }
        Change::BookmarkSaved(bookmark) => {
            ("bookmark.saved", value(&Bookmark::from(bookmark.as_ref().clone())))
        }
        Change::BookmarkRemoved { message, chat } => {
            ("bookmark.removed", value(&BookmarkRef { message_id: message.0, chat_id: chat.0 }))
        }
        Change::DraftSaved(draft) => ("draft.saved", value(&Draft::from(draft.clone()))),
        Change::DraftRemoved { chat, thread } => {
            ("draft.removed", value(&DraftRef { chat_id: chat.0, thread_id: thread.map(|id| id.0) }))
        }
        Change::ScheduledSaved(waiting) => {
            ("scheduled.saved", value(&Scheduled::from(waiting.as_ref().clone())))
        }
        Change::ScheduledRemoved { id, chat, message } => {
            let message_id = message.map(|id| id.0);
            ("scheduled.removed", value(&ScheduledRef { id: id.0, chat_id: chat.0, message_id }))
        }
        Change::ChatUpdated(about) => ("chat.updated", value(&ChatAbout::from(about.clone()))),
        Change::ChatLost { chat, hidden } => {
            ("chat.removed", value(&ChatLost { id: chat.0, hidden: *hidden }))
        }
        Change::ChatPreferred { chat, preferences } => {
            ("chat.settings", value(&ChatSettings::new(*chat, *preferences)))
        }
        Change::ChatAccess(chat) => ("chat.access", value(&ChatRef { id: chat.0 })),
        Change::ChatDelivered { chat, user, message } => {
            let data = ChatDelivered { chat_id: chat.0, user_id: user.0, message_id: message.0 };
            ("chat.delivered", value(&data))
        }
        Change::MemberAdded { chat, member } => {
            ("member.added", value(&MemberChange { chat_id: chat.0, member: member.clone().into() }))
        }
        Change::MemberUpdated { chat, member } => {
            ("member.updated", value(&MemberChange { chat_id: chat.0, member: member.clone().into() }))
        }
        Change::MemberRemoved { chat, user } => {
            ("member.removed", value(&ChatPerson { chat_id: chat.0, user_id: user.0 }))
        }
        Change::ChatRead { chat, user, message } => {
            ("chat.read", value(&ChatRead { chat_id: chat.0, user_id: user.0, message_id: message.0 }))
        }
        Change::UserUpdated(user) => ("user.updated", value(&User::from(user.clone()))),
        Change::UserBlocked(blocked) => ("user.blocked", value(&Blocked::from(blocked.clone()))),
        Change::UserUnblocked(user) => ("user.unblocked", value(&PersonRef { user_id: user.0 })),
        Change::SessionCreated(session) => {
            let model::Session { id, device, address, created_at, .. } = session.clone();
            let created_at = created_at.iso();
            ("session.created", value(&SessionBegun { id: id.0, device, address, created_at }))
        }
        Change::TokenCreated(token) => ("token.created", value(&Token::from(token.clone()))),
        Change::TokenRevoked(id) => ("token.revoked", value(&TokenRef { id: id.0 })),
        Change::SessionRevoked(id) => ("session.revoked", value(&SessionRef { id: id.0 })),
    }
}

pub fn ephemeral_frame(event: &EphemeralEvent) -> String {
    match event {
        EphemeralEvent::Typing { chat: ChatId(chat_id), user: UserId(user_id) } => {
            frame("typing", &value(&ChatPerson { chat_id: *chat_id, user_id: *user_id }), None)
        }
        EphemeralEvent::Presence { user: UserId(user_id), presence } => {
            let Presence { status, last_seen_at } = (*presence).into();
            frame("presence", &value(&PresenceChange { user_id: *user_id, status, last_seen_at }), None)
        }
    }
}

pub fn ready(user: UserId, cursor: &Cursor) -> String {
    frame("ready", &value(&Ready { user_id: user.0, cursor: cursor.to_string() }), None)
}

pub fn missing(gap: &Gap) -> String {
    let data = Missing { chat_id: gap.chat.map(|chat| chat.0) };
    frame("gap", &value(&data), Some(gap.position.to_string()))
}

pub fn pong() -> String {
    frame("pong", &json!({}), None)
}

pub fn wrong(detail: &str, code: &str) -> String {
    frame("error", &value(&Wrong { detail: detail.to_owned(), code: code.to_owned() }), None)
}

fn value(data: &impl ToJSON) -> Value {
    data.to_json().unwrap_or_default()
}

fn frame(event: &str, data: &Value, position: Option<String>) -> String {
    match position {
        Some(position) => json!({"event": event, "data": data, "position": position}).to_string(),
        None => json!({"event": event, "data": data}).to_string(),
    }
}
