//! `/admin/retention`: for how long the server keeps messages.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{Object, OpenApi};

use super::admin::administrator;
use super::caller::{Owner, SignedIn};
use super::chats::given;
use super::idempotency::Key;
use super::types::Done;
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger, RetentionChange};
use besedka_core::model::{self, ChatId};

pub struct RetentionRules;

/// For how long the server keeps messages.
#[derive(Object)]
#[oai(example)]
struct Retention {
    /// Messages that are older than this number of days are deleted for everybody; null keeps them for ever.
    message_days: Option<u32>,
    /// The chats whose messages are kept for ever.
    exempt_chat_ids: Vec<i64>,
}

impl From<model::Retention> for Retention {
    fn from(retention: model::Retention) -> Self {
        let model::Retention { message_days, exempt } = retention;
        Self { message_days, exempt_chat_ids: exempt.into_iter().map(|chat| chat.0).collect() }
    }
}

impl Example for Retention {
    fn example() -> Self {
        Self { message_days: Some(365), exempt_chat_ids: vec![253_402_300_927] }
    }
}

/// The rules to change; omitted ones are left unchanged.
#[derive(Object)]
#[oai(example)]
struct NewRetention {
    /// Messages that are older than this number of days are deleted for everybody: 1 to 36,500; null keeps them for
    /// ever.
    message_days: MaybeUndefined<i64>,
    /// The chats whose messages are kept for ever, at most 1,000. It replaces the list before.
    exempt_chat_ids: Option<Vec<i64>>,
}

impl TryFrom<NewRetention> for RetentionChange {
    type Error = Error;

    fn try_from(new: NewRetention) -> Result<Self, Error> {
        let NewRetention { message_days, exempt_chat_ids } = new;
        if message_days.is_undefined() && exempt_chat_ids.is_none() {
            return Err(Error::invalid("message_days", "at least one field to change is required"));
        }
        Ok(Self { message_days: given(message_days), exempt: exempt_chat_ids.map(chats) })
    }
}

fn chats<C: FromIterator<ChatId>>(ids: Vec<i64>) -> C {
    ids.into_iter().map(ChatId).collect()
}

impl Example for NewRetention {
    fn example() -> Self {
        Self { message_days: MaybeUndefined::Value(365), exempt_chat_ids: Some(vec![253_402_300_927]) }
    }
}

/// What a rule would delete.
#[derive(Object)]
#[oai(example)]
struct RetentionPreview {
    /// The number of messages that are too old by this rule now.
    messages: u64,
}

impl Example for RetentionPreview {
    fn example() -> Self {
        Self { messages: 12_345 }
    }
}

/// For how long the server keeps the messages of a chat.
#[derive(Object)]
#[oai(example)]
struct ChatRetention {
    /// Messages that are older than this number of days are deleted for everybody; null if the server keeps them for
    /// ever. The chat's own `message_life` may be shorter.
    message_days: Option<u32>,
}

impl Example for ChatRetention {
    fn example() -> Self {
        Self { message_days: Some(365) }
    }
}

#[OpenApi]
impl RetentionRules {
    /// For how long messages are kept
    ///
    /// Only for server administrators.
    #[oai(path = "/admin/retention", method = "get", operation_id = "retention", tag = "Area::Admin")]
    async fn retention(&self, messenger: Data<&Messenger>, caller: Owner) -> Answer<Json<Retention>> {
        let retention = messenger.as_user(caller.0).administering().await?.retention().await?;
        Ok(Json(retention.into()))
    }

    /// Change for how long messages are kept
    ///
    /// Messages that are too old are deleted for everybody, in all chats that are not exempt: in groups, channels,
    /// private chats and saved messages, also pinned ones, with their files. That happens in the background, begins
    /// within a minute, and cannot be undone. A chat's own `message_life` deletes messages earlier if it is shorter, also
    /// in exempt chats. Notices, such as that somebody joined, stay. 400 if a number is out of range or a chat does not
    /// exist. Only for server administrators.
    #[oai(path = "/admin/retention", method = "patch", operation_id = "changeRetention", tag = "Area::Admin")]
    async fn change_retention(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewRetention>,
    ) -> Answer<Done> {
        let change = body.0.try_into()?;
        administrator(&messenger, caller, &key).await?.change_retention(change).await?;
        Ok(Done::Done)
    }

    /// Count the messages that a rule would delete
    ///
    /// Changes nothing. Only for server administrators.
    #[oai(
        path = "/admin/retention/preview",
        method = "get",
        operation_id = "previewRetention",
        tag = "Area::Admin"
    )]
    async fn preview_retention(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// The number of days for which messages would be kept, 1 to 36,500; as now if missing.
        message_days: Query<Option<i64>>,
        /// The chats that would be exempt, separated by commas; as now if missing.
        exempt_chat_ids: Query<Option<String>>,
    ) -> Answer<Json<RetentionPreview>> {
        let change = RetentionChange {
            message_days: message_days.0.map(Some),
            exempt: exempt_chat_ids.0.as_deref().map(read_ids).transpose()?.map(chats),
        };
        let administrator = messenger.as_user(caller.0).administering().await?;
        Ok(Json(RetentionPreview { messages: administrator.preview_retention(change).await? }))
    }

    /// For how long the server keeps the messages of a chat
    ///
    /// For its members.
    #[oai(
        path = "/chats/:chat_id/retention",
        method = "get",
        operation_id = "chatRetention",
        tag = "Area::Chats"
    )]
    async fn chat_retention(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<Json<ChatRetention>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        Ok(Json(ChatRetention { message_days: chat.days_kept().await? }))
    }
}

fn read_ids(text: &str) -> Result<Vec<i64>, Error> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| {
        id.parse().map_err(|_| Error::invalid("exempt_chat_ids", "must be numbers, separated by commas"))
    })
    .collect()
}
