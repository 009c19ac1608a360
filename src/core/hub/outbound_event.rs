//! Events on their way to connections, each serialized once per API format.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::model::{Announcement, ChatId, Content, Event, Language, Message, Presence, Stream, UserId};

/// The number of API formats an event can be serialized in.
pub const FORMATS: usize = 5;
const LANGUAGES: usize = 2;

/// An API's event format in a language.
#[derive(Debug, Clone, Copy)]
pub struct EventFormat(usize);

impl EventFormat {
    /// The format of an API, given by a number below [`FORMATS`], for events in which the language makes no difference.
    pub const fn new(api: usize) -> Self {
        assert!(api < FORMATS, "too many formats");
        Self(api * LANGUAGES)
    }

    #[must_use]
    pub const fn in_language(self, language: Language) -> Self {
        Self(self.0 - self.0 % LANGUAGES + index(language))
    }
}

const fn index(language: Language) -> usize {
    match language {
        Language::Russian => 0,
        Language::English => 1,
    }
}

/// The serialized forms of an event, as UTF-8. Clones share their bytes.
type Forms<const COUNT: usize> = [OnceLock<Bytes>; COUNT];

/// An event on its way to many connections. It is serialized once per format, however many connections get it.
pub struct OutboundEvent {
    pub event: Event,
    formats: Forms<{ FORMATS * LANGUAGES }>,
    socket_io: [OnceLock<Option<Box<RawValue>>>; LANGUAGES],
    /// The same event without the text of its message's quote, for all who have hidden what it quotes.
    without_quote: OnceLock<Arc<Self>>,
}

impl OutboundEvent {
    pub fn new(event: Event) -> Self {
        Self {
            event,
            formats: Default::default(),
            socket_io: Default::default(),
            without_quote: OnceLock::new(),
        }
    }

    /// The event's serialized data for Socket.IO, whose library copies it into packets of its own, if it was serialized
    /// before. The inner `None` says that the event is not delivered there.
    pub fn known_for_socket_io(&self, language: Language) -> Option<&Option<Box<RawValue>>> {
        self.socket_io[index(language)].get()
    }

    /// Keeps the event's serialized data for all Socket.IO connections.
    pub fn keep_for_socket_io(
        &self,
        language: Language,
        data: Option<Box<RawValue>>,
    ) -> &Option<Box<RawValue>> {
        self.socket_io[index(language)].get_or_init(|| data)
    }

    pub fn stream(&self) -> Stream {
        self.event.position.stream
    }

    /// The event as a user may see it; `None` when it is about a message that they have hidden.
    pub(super) fn seen_by(self: &Arc<Self>, user: UserId) -> Option<&Arc<Self>> {
        let Some(message) = self.event.change.message() else { return Some(self) };
        if message.hidden_from.contains(&user) {
            return None;
        }
        let is_quote_hidden = message.quote_hidden_from.contains(&user);
        Some(if is_quote_hidden { self.without_quote.get_or_init(|| self.conceal_quote()) } else { self })
    }

    fn conceal_quote(&self) -> Arc<Self> {
        let mut event = self.event.clone();
        let quote = event.change.message_mut().and_then(|Message { reply_to, .. }| reply_to.as_mut());
        if let Some(quote) = quote {
            quote.text = None;
        }
        Arc::new(Self::new(event))
    }

    pub(super) fn seq(&self) -> i64 {
        self.event.position.seq
    }

    /// The serialized event, if it was serialized in this format before.
    pub fn known(&self, format: EventFormat) -> Option<&Bytes> {
        self.formats[format.0].get()
    }

    /// The serialized event; `write` serializes it the first time.
    pub fn written(&self, format: EventFormat, write: impl FnOnce(&Event) -> String) -> &Bytes {
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
#[derive(Debug, Clone)]
pub enum EphemeralEvent {
    Typing {
        chat: ChatId,
        user: UserId,
    },
    Presence {
        user: UserId,
        presence: Presence,
    },
    /// What the administrators announce now; `None` if nothing.
    Announcement(Option<Announcement>),
}

impl EphemeralEvent {
    /// Whether a user caused it, who then need not receive it.
    pub(super) fn is_from(&self, recipient: UserId) -> bool {
        match self {
            Self::Typing { user, .. } | Self::Presence { user, .. } => *user == recipient,
            Self::Announcement(_) => false,
        }
    }

    /// Whether it may be dropped for a client that reads slowly: another one follows soon.
    pub(super) fn is_droppable(&self) -> bool {
        match self {
            Self::Typing { .. } | Self::Presence { .. } => true,
            Self::Announcement(_) => false,
        }
    }
}

/// An ephemeral event on its way to many connections, serialized once per format.
pub struct OutboundEphemeral {
    pub event: EphemeralEvent,
    formats: Forms<{ FORMATS * LANGUAGES }>,
}

impl OutboundEphemeral {
    pub(super) fn new(event: EphemeralEvent) -> Self {
        Self { event, formats: Default::default() }
    }

    /// The serialized event; `write` serializes it the first time.
    pub fn written(&self, format: EventFormat, write: impl FnOnce(&EphemeralEvent) -> String) -> &Bytes {
        self.formats[format.0].get_or_init(|| write(&self.event).into())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::model::{Change, Position, Time};

    #[test]
    fn an_event_is_serialized_once_for_a_format_and_language_and_its_bytes_are_shared() {
        let change = Change::ChatAccess(ChatId(7));
        let position = Position { stream: Stream(1), seq: 1 };
        let outbound = OutboundEvent::new(Event { position, at: Time(0), change });
        let (times, format) = (Cell::new(0), EventFormat::new(3));
        let write = |_: &Event| {
            times.set(times.get() + 1);
            format!("text {}", times.get())
        };
        let first = outbound.written(format, write).clone();
        assert_eq!((first.as_ptr(), times.get()), (outbound.written(format, write).as_ptr(), 1));
        assert_eq!(outbound.known(format.in_language(Language::Russian)), Some(&first));
        assert_eq!(outbound.known(EventFormat::new(2).in_language(Language::English)), None);
        let english = outbound.written(format.in_language(Language::English), write).clone();
        assert_eq!((&*english, times.get()), (&b"text 2"[..], 2));
        assert_eq!(outbound.known(format.in_language(Language::English)), Some(&english));
    }
}
