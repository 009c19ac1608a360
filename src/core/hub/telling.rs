//! What is told: an event, and the forms in which the APIs write it.

use std::sync::{Arc, OnceLock};

use crate::model::{ChatId, Content, Event, Presence, Stream, UserId};

/// How many API forms an event can be written in.
pub const FORMS: usize = 5;

/// One API's way of writing events: a number below [`FORMS`].
#[derive(Debug, Clone, Copy)]
pub struct Form(pub usize);

/// An event on its way to many connections. It is written once in each form, however many get it.
pub struct Telling {
    pub event: Event,
    forms: [OnceLock<Arc<str>>; FORMS],
}

impl Telling {
    pub fn new(event: Event) -> Self {
        Self { event, forms: Default::default() }
    }

    pub fn stream(&self) -> Stream {
        self.event.position.stream
    }

    pub(super) fn seq(&self) -> i64 {
        self.event.position.seq
    }

    /// The event in a form, if it was written already.
    pub fn known(&self, form: Form) -> Option<&Arc<str>> {
        self.forms[form.0].get()
    }

    /// The event in a form, written by `write` the first time.
    pub fn written(&self, form: Form, write: impl FnOnce(&Event) -> String) -> &Arc<str> {
        self.forms[form.0].get_or_init(|| write(&self.event).into())
    }

    /// About how many bytes it is.
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

/// What is told but not kept.
#[derive(Debug, Clone, Copy)]
pub enum Whisper {
    Typing { chat: ChatId, user: UserId },
    Presence { user: UserId, presence: Presence },
}

impl Whisper {
    /// Whoever caused it need not hear it.
    pub(super) fn is_from(&self, listener: UserId) -> bool {
        match self {
            Self::Typing { user, .. } | Self::Presence { user, .. } => *user == listener,
        }
    }
}

/// A whisper on its way to many connections. It is written once in each form, however many get it.
pub struct Whispering {
    pub whisper: Whisper,
    forms: [OnceLock<Arc<str>>; FORMS],
}

impl Whispering {
    pub(super) fn new(whisper: Whisper) -> Self {
        Self { whisper, forms: Default::default() }
    }

    /// The whisper in a form, written by `write` the first time.
    pub fn written(&self, form: Form, write: impl FnOnce(&Whisper) -> String) -> &Arc<str> {
        self.forms[form.0].get_or_init(|| write(&self.whisper).into())
    }
}
