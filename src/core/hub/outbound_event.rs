//! Events on their way to connections, each serialized once per API format.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::model::{ChatId, Content, Event, Presence, Stream, UserId};

/// The number of API formats an event can be serialized in.
pub const FORMATS: usize = 5;

/// An API's event format: an index below [`FORMATS`].
#[derive(Debug, Clone, Copy)]
pub struct EventFormat(pub usize);

/// An event on its way to many connections. It is serialized once per format, however many connections get it.
pub struct OutboundEvent {
    pub event: Event,
    formats: [OnceLock<Arc<str>>; FORMATS],
    socket_io: OnceLock<Option<Value>>,
}

impl OutboundEvent {
    pub fn new(event: Event) -> Self {
        Self { event, formats: Default::default(), socket_io: OnceLock::new() }
    }

    /// The event's data for Socket.IO, whose library serializes it into packets of its own, if it was built before. The
    /// inner `None` says that the event is not delivered there.
    pub fn known_for_socket_io(&self) -> Option<&Option<Value>> {
        self.socket_io.get()
    }

    /// Keeps the event's data for all Socket.IO connections.
    pub fn keep_for_socket_io(&self, data: Option<Value>) -> &Option<Value> {
        self.socket_io.get_or_init(|| data)
    }

    pub fn stream(&self) -> Stream {
        self.event.position.stream
    }

    /// Whether it is about a message that the user has hidden.
    pub(super) fn is_hidden_from(&self, user: UserId) -> bool {
        self.event.change.message().is_some_and(|message| message.hidden_from.contains(&user))
    }

    pub(super) fn seq(&self) -> i64 {
        self.event.position.seq
    }

    /// The serialized event, if it was serialized in this format before.
    pub fn known(&self, format: EventFormat) -> Option<&Arc<str>> {
        self.formats[format.0].get()
    }

    /// The serialized event; `write` serializes it the first time.
    pub fn written(&self, format: EventFormat, write: impl FnOnce(&Event) -> String) -> &Arc<str> {
        self.formats[format.0].get_or_init(|| write(&self.event).into())
    }

    /// The approximate serialized size in bytes.
    pub(super) fn weight(&self) -> usize {
        use crate::model::Change::{AnswerFinished, MessageCreated, MessageUpdated};
        const FRAME: usize = 400;
        match &self.event.change {
            MessageCreated(message) | MessageUpdated(message) | AnswerFinished(message) => {
                FRAME + message.content.as_ref().and_then(Content::text).map_or(0, str::len)
            }
            _ => FRAME,
        }
    }
}

/// An event that is delivered but not stored.
#[derive(Debug, Clone, Copy)]
pub enum EphemeralEvent {
    Typing { chat: ChatId, user: UserId },
    Presence { user: UserId, presence: Presence },
}

impl EphemeralEvent {
    /// Whether a user caused it, who then need not receive it.
    pub(super) fn is_from(&self, recipient: UserId) -> bool {
        match self {
            Self::Typing { user, .. } | Self::Presence { user, .. } => *user == recipient,
        }
    }
}

/// An ephemeral event on its way to many connections, serialized once per format.
pub struct OutboundEphemeral {
    pub event: EphemeralEvent,
    formats: [OnceLock<Arc<str>>; FORMATS],
}

impl OutboundEphemeral {
    pub(super) fn new(event: EphemeralEvent) -> Self {
        Self { event, formats: Default::default() }
    }

    /// The serialized event; `write` serializes it the first time.
    pub fn written(&self, format: EventFormat, write: impl FnOnce(&EphemeralEvent) -> String) -> &Arc<str> {
        self.formats[format.0].get_or_init(|| write(&self.event).into())
    }
}
