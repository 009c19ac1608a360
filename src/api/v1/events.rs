//! The socket's events: serialising and describing them.

mod asyncapi;
mod data;
mod event_data;
mod kinds;

use serde::Serialize;
use serde_json::Value;

pub use self::asyncapi::{asyncapi, with_typed_events};
use self::data::{
    BookmarkRef, ChatDelivered, ChatLost, ChatPerson, ChatRead, ChatRef, DraftRef, ErrorData, GapData,
    MemberChange, MessageRef, MessageRefs, Nothing, OpenReports, PersonRef, PresenceChange, Ready,
    ScheduledRef, SessionCreated, SessionRef, TokenRef,
};
pub use self::event_data::EventData;
use super::admin_people::CurrentAnnouncement;
use super::tokens::Token;
use super::types::{Blocked, Bookmark, ChatAbout, ChatSettings, Draft, Presence, Scheduled, User, Vote};
use besedka_core::hub::EphemeralEvent;
use besedka_core::messenger::{Cursor, Gap};
use besedka_core::model::{self, Change, ChatId, Event, UserId};

/// Serialises an event as a frame.
pub fn write(event: &Event) -> String {
    let (name, data) = name_and_data(&event.change);
    frame(name, &data, Some(event.position.to_string()))
}

pub fn name_and_data(change: &Change) -> (&'static str, EventData) {
    match change {
        Change::MessageCreated(message) => {
            ("message.created", EventData::Message(Box::new(message.clone().into())))
        }
        Change::MessageUpdated(message) | Change::AnswerFinished(message) => {
            ("message.updated", EventData::Message(Box::new(message.clone().into())))
        }
        Change::MessageDeleted { id, chat } => {
            ("message.deleted", EventData::MessageRef(MessageRef { id: id.0, chat_id: chat.0 }))
        }
        Change::MessagesDeleted { chat, ids } => {
            let ids = ids.iter().map(|id| id.0).collect();
            ("messages.deleted", EventData::MessageRefs(MessageRefs { chat_id: chat.0, ids }))
        }
        Change::MessageHidden { id, chat } => {
            ("message.hidden", EventData::MessageRef(MessageRef { id: id.0, chat_id: chat.0 }))
        }
        Change::ChatGained(chat) => ("chat.created", EventData::Chat(Box::new(chat.as_ref().clone().into()))),
        Change::PollVoted { message, chat, choices } => {
            ("poll.voted", EventData::other(&Vote::new(*message, *chat, choices.clone())))
        }
        Change::BookmarkSaved(bookmark) => {
            ("bookmark.saved", EventData::other(&Bookmark::from(bookmark.as_ref().clone())))
        }
        Change::BookmarkRemoved { message, chat } => {
            ("bookmark.removed", EventData::other(&BookmarkRef { message_id: message.0, chat_id: chat.0 }))
        }
        Change::DraftSaved(draft) => ("draft.saved", EventData::other(&Draft::from(draft.clone()))),
        Change::DraftRemoved { chat, thread } => (
            "draft.removed",
            EventData::other(&DraftRef { chat_id: chat.0, thread_id: thread.map(|id| id.0) }),
        ),
        Change::ScheduledSaved(waiting) => {
            ("scheduled.saved", EventData::other(&Scheduled::from(waiting.as_ref().clone())))
        }
        Change::ScheduledRemoved { id, chat, message } => {
            let message_id = message.map(|id| id.0);
            ("scheduled.removed", EventData::other(&ScheduledRef { id: id.0, chat_id: chat.0, message_id }))
        }
        Change::ChatUpdated(about) => ("chat.updated", EventData::other(&ChatAbout::from(about.clone()))),
        Change::ChatLost { chat, hidden } => {
            ("chat.removed", EventData::other(&ChatLost { id: chat.0, hidden: *hidden }))
        }
        Change::ChatPreferred { chat, preferences } => {
            ("chat.settings", EventData::other(&ChatSettings::new(*chat, *preferences)))
        }
        Change::ChatAccess(chat) => ("chat.access", EventData::other(&ChatRef { id: chat.0 })),
        Change::ChatDelivered { chat, user, message } => {
            let data = ChatDelivered { chat_id: chat.0, user_id: user.0, message_id: message.0 };
            ("chat.delivered", EventData::ChatDelivered(data))
        }
        Change::MemberAdded { chat, member } => (
            "member.added",
            EventData::other(&MemberChange { chat_id: chat.0, member: member.clone().into() }),
        ),
        Change::MemberUpdated { chat, member } => (
            "member.updated",
            EventData::other(&MemberChange { chat_id: chat.0, member: member.clone().into() }),
        ),
        Change::MemberRemoved { chat, user } => {
            ("member.removed", EventData::ChatPerson(ChatPerson { chat_id: chat.0, user_id: user.0 }))
        }
        Change::ChatRead { chat, user, message, .. } => (
            "chat.read",
            EventData::ChatRead(ChatRead { chat_id: chat.0, user_id: user.0, message_id: message.0 }),
        ),
        Change::UserUpdated(user) => ("user.updated", EventData::other(&User::from(user.clone()))),
        Change::UserBlocked(blocked) => ("user.blocked", EventData::other(&Blocked::from(blocked.clone()))),
        Change::UserUnblocked(user) => ("user.unblocked", EventData::other(&PersonRef { user_id: user.0 })),
        Change::SessionCreated(session) => {
            let model::Session { id, device, address, created_at, .. } = session.clone();
            let created_at = created_at.iso();
            ("session.created", EventData::other(&SessionCreated { id: id.0, device, address, created_at }))
        }
        Change::TokenCreated(token) => ("token.created", EventData::other(&Token::from(token.clone()))),
        Change::TokenRevoked(id) => ("token.revoked", EventData::other(&TokenRef { id: id.0 })),
        Change::ReportsUpdated { open } => {
            ("reports.updated", EventData::other(&OpenReports { open: *open }))
        }
        Change::SessionRevoked(id) => ("session.revoked", EventData::other(&SessionRef { id: id.0 })),
    }
}

/// The data of an event, as webhooks tell it.
pub fn event_data(change: &Change) -> Option<Value> {
    serde_json::to_value(name_and_data(change).1).ok()
}

pub fn ephemeral_frame(event: &EphemeralEvent) -> String {
    match event {
        EphemeralEvent::Typing { chat: ChatId(chat_id), user: UserId(user_id) } => {
            frame("typing", &EventData::ChatPerson(ChatPerson { chat_id: *chat_id, user_id: *user_id }), None)
        }
        EphemeralEvent::Presence { user: UserId(user_id), presence } => {
            let Presence { status, last_seen_at } = (*presence).into();
            frame(
                "presence",
                &EventData::PresenceChange(PresenceChange { user_id: *user_id, status, last_seen_at }),
                None,
            )
        }
        EphemeralEvent::Announcement(announcement) => {
            let current = CurrentAnnouncement::from(announcement.clone());
            frame("announcement.updated", &EventData::other(&current), None)
        }
    }
}

pub fn ready(user: UserId, cursor: &Cursor) -> String {
    frame("ready", &EventData::other(&Ready { user_id: user.0, cursor: cursor.to_string() }), None)
}

pub fn missing(gap: &Gap) -> String {
    let data = GapData { chat_id: gap.chat.map(|chat| chat.0) };
    frame("gap", &EventData::other(&data), Some(gap.position.to_string()))
}

pub fn pong() -> String {
    frame("pong", &EventData::other(&Nothing {}), None)
}

pub fn wrong(detail: &str, code: &str) -> String {
    frame("error", &EventData::other(&ErrorData { detail: detail.to_owned(), code: code.to_owned() }), None)
}

/// A frame as it is sent.
#[derive(Serialize)]
struct Frame<'a> {
    event: &'a str,
    data: &'a EventData,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
}

fn frame(event: &str, data: &EventData, position: Option<String>) -> String {
    serde_json::to_string(&Frame { event, data, position }).unwrap_or_default()
}
