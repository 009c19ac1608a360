//! The data of an event: anything that an event can be about.

use std::borrow::Cow;

use poem_openapi::registry::MetaSchemaRef;
use poem_openapi::types::{ParseFromJSON, ParseResult, ToJSON, Type};
use serde::Serialize;
use serde_json::Value;

use super::super::types::{Chat, Message};
use super::data::{ChatDelivered, ChatPerson, ChatRead, MessageRef, MessageRefs, PresenceChange};

/// The data of an event. What is frequent is written straight to bytes. In the documents it is any value.
#[derive(Serialize)]
#[serde(untagged)]
pub enum EventData {
    Message(Box<Message>),
    MessageRef(MessageRef),
    MessageRefs(MessageRefs),
    Chat(Box<Chat>),
    ChatRead(ChatRead),
    ChatDelivered(ChatDelivered),
    ChatPerson(ChatPerson),
    PresenceChange(PresenceChange),
    Other(Value),
}

impl EventData {
    /// The data of an event that is rare.
    pub fn other(data: &impl ToJSON) -> Self {
        Self::Other(data.to_json().unwrap_or_default())
    }
}

impl Type for EventData {
    const IS_REQUIRED: bool = Value::IS_REQUIRED;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        Value::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        Value::schema_ref()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for EventData {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(Self::Other(value.unwrap_or_default()))
    }
}

impl ToJSON for EventData {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}
