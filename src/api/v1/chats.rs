//! `/chats`: private chats, groups, channels and saved messages.

use std::time::Duration;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::{Key, OptionalKey};
use super::types::{Chat, ChatKind, ChatSettings, Created, Done, Notify};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::serde_json_payload::SerdeJson;
use besedka_core::messenger::{self, Error, Messenger, NewGroup, PreferenceChange};
use besedka_core::model::{self, ChatId, Time, UserId};

pub struct Chats;

/// A new chat.
#[derive(Object)]
#[oai(example)]
struct NewChat {
    /// The title of a group or channel, 1 to 100 characters. Ignored for other kinds.
    title: Option<String>,
    /// The kind of chat. Older clients send `is_group` instead: true for a group, false for a private chat.
    kind: Option<ChatKind>,
    is_group: Option<bool>,
    /// The other members; the caller is always included. Exactly one for a private chat, none for saved
    /// messages.
    #[oai(default)]
    member_ids: Vec<i64>,
    /// The description of a group or channel, up to 1,000 characters.
    description: Option<String>,
    /// For a group or channel: whether only the owner and admins can post.
    #[oai(default)]
    read_only: bool,
}

impl NewChat {
    fn kind(&self) -> Result<ChatKind, Error> {
        let (kind, is_group) = match (self.kind, self.is_group) {
            (None, None) => return Err(Error::invalid("is_group", "either kind or is_group is required")),
            (None, Some(true)) => return Ok(ChatKind::Group),
            (None, Some(false)) => return Ok(ChatKind::Private),
            (Some(kind), None) => return Ok(kind),
            (Some(kind), Some(is_group)) => (kind, is_group),
        };
        match is_group == matches!(kind, ChatKind::Group | ChatKind::Channel) {
            true => Ok(kind),
            false => Err(Error::invalid("is_group", "contradicts kind")),
        }
    }
}

impl Example for NewChat {
    fn example() -> Self {
        Self {
            title: Some("New Project Discussion".to_owned()),
            kind: None,
            is_group: Some(true),
            member_ids: Vec::new(),
            description: None,
            read_only: false,
        }
    }
}

/// The other person of a private chat.
#[derive(Object)]
#[oai(example)]
struct DirectChatRequest {
    user_id: i64,
}

impl Example for DirectChatRequest {
    fn example() -> Self {
        Self { user_id: 253_402_300_863 }
    }
}

/// The fields to change; omitted fields are left unchanged.
#[derive(Object)]
#[oai(example)]
struct ChatChange {
    /// 1 to 100 characters.
    title: Option<String>,
    /// Up to 1,000 characters; null or an empty string removes it.
    description: MaybeUndefined<String>,
    /// Whether only the owner and admins can post.
    read_only: Option<bool>,
    /// How long new messages are kept, in seconds: 5 to 31,536,000 (one year); null or 0 keeps them
    /// permanently. In a private chat, both people can change it.
    message_life: MaybeUndefined<i64>,
    /// Whether members can ask the assistant in this chat. In a private chat, both people can change it.
    assistant: Option<bool>,
}

impl TryFrom<ChatChange> for messenger::ChatChange {
    type Error = Error;

    fn try_from(change: ChatChange) -> Result<Self, Error> {
        let ChatChange { title, description, read_only, message_life, assistant } = change;
        let is_changed = title.is_some()
            || read_only.is_some()
            || assistant.is_some()
            || !description.is_undefined()
            || !message_life.is_undefined();
        if !is_changed {
            return Err(Error::invalid("title", "at least one field to change is required"));
        }
        // A negative number is refused as too short instead of being read as 0.
        let life =
            |seconds: i64| (seconds != 0).then(|| Duration::from_secs(seconds.try_into().unwrap_or(1)));
        Ok(Self {
            title,
            description: given(description).map(Option::unwrap_or_default),
            is_read_only: read_only,
            message_life: given(message_life).map(|seconds| seconds.and_then(life)),
            has_assistant: assistant,
        })
    }
}

impl Example for ChatChange {
    fn example() -> Self {
        Self {
            title: Some("Updated Chat Title".to_owned()),
            description: MaybeUndefined::Undefined,
            read_only: None,
            message_life: MaybeUndefined::Value(86_400),
            assistant: None,
        }
    }
}

/// The settings to change; omitted settings are left unchanged.
#[derive(Object)]
#[oai(example)]
struct SettingsChange {
    /// Mutes notifications until this time: ISO 8601, UTC if it has no zone. Null unmutes the chat.
    muted_until: MaybeUndefined<String>,
    pinned: Option<bool>,
    archived: Option<bool>,
    notify: Option<Notify>,
}

impl TryFrom<SettingsChange> for PreferenceChange {
    type Error = Error;

    fn try_from(change: SettingsChange) -> Result<Self, Error> {
        let SettingsChange { muted_until, pinned, archived, notify } = change;
        let time = |text: String| {
            Time::read(&text)
                .ok_or_else(|| Error::invalid("muted_until", "must be an ISO 8601 timestamp or null"))
        };
        Ok(Self {
            muted_until: given(muted_until).map(|until| until.map(time).transpose()).transpose()?,
            is_pinned: pinned,
            is_archived: archived,
            notify: notify.map(model::Notify::from),
        })
    }
}

impl Example for SettingsChange {
    fn example() -> Self {
        Self {
            muted_until: MaybeUndefined::Value("2024-03-27T08:00:00".to_owned()),
            pinned: Some(true),
            archived: None,
            notify: Some(Notify::Mentions),
        }
    }
}

/// A field that distinguishes null from absence.
pub(super) fn given<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

#[derive(ApiResponse)]
enum DirectChat {
    /// The existing chat.
    #[oai(status = 200)]
    Found(Json<Chat>),
    /// The chat was created.
    #[oai(status = 201)]
    Created(Json<Chat>),
}

#[OpenApi(tag = "Area::Chats")]
impl Chats {
    /// List chats
    ///
    /// Returns all of the caller's chats, the most recently active first.
    #[oai(path = "/chats", method = "get", operation_id = "chats")]
    async fn list(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<SerdeJson<Vec<Chat>>> {
        let chats = messenger.as_user(caller.0).chats().await?;
        Ok(SerdeJson(chats.into_iter().map(Chat::from).collect()))
    }

    /// Create a chat
    ///
    /// Creates a group or a public channel with a title, the private chat with one other person, or the
    /// caller's saved messages. There is one private chat per pair of users and one saved-messages chat per
    /// user: if it exists already, it is returned.
    #[oai(path = "/chats", method = "post", operation_id = "createChat")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewChat>,
    ) -> Answer<Created<Chat>> {
        let kind = body.0.kind()?;
        let NewChat { title, member_ids, description, read_only, .. } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chat = match (kind, &member_ids[..]) {
            (ChatKind::Group | ChatKind::Channel, members) => {
                let new = NewGroup {
                    title: title.unwrap_or_default(),
                    description,
                    is_public: kind == ChatKind::Channel,
                    is_read_only: read_only,
                    members: members.iter().copied().map(UserId).collect(),
                };
                caller.create_group(new).await?
            }
            (ChatKind::Private, [other]) => {
                let found = caller.direct_chat(UserId(*other)).await;
                // The messenger does not know this route's name for the field.
                let (chat, _) = found.map_err(|error| match error {
                    Error::Invalid { reason, .. } => Error::invalid("member_ids", reason),
                    error => error,
                })?;
                chat
            }
            (ChatKind::Private, _) => {
                return Err(
                    Error::invalid("member_ids", "a private chat requires exactly one other member").into()
                );
            }
            (ChatKind::Saved, []) => caller.saved_messages().await?.0,
            (ChatKind::Saved, _) => {
                return Err(Error::invalid("member_ids", "saved messages cannot have other members").into());
            }
        };
        Ok(Created::Created(Json(chat.into())))
    }

    /// Open a private chat
    ///
    /// Returns the private chat with a user, and creates it if there is none. Repeating it changes nothing, so the
    /// `Idempotency-Key` may be left out.
    #[oai(path = "/chats/direct", method = "post", operation_id = "directChat")]
    async fn direct(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: OptionalKey,
        body: JsonBody<DirectChatRequest>,
    ) -> Answer<DirectChat> {
        let (caller, _key) = key.of(messenger.as_user(caller.0), StatusCode::OK);
        let (chat, is_new) = caller.direct_chat(UserId(body.0.user_id)).await?;
        let chat = Json(chat.into());
        Ok(if is_new { DirectChat::Created(chat) } else { DirectChat::Found(chat) })
    }

    /// Get a chat
    #[oai(path = "/chats/:chat_id", method = "get", operation_id = "chat")]
    async fn chat(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<SerdeJson<Chat>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        Ok(SerdeJson(chat.view().await?.into()))
    }

    /// Update a chat
    ///
    /// Only for the owner and admins of a group or channel. In a private chat, only `message_life` and
    /// `assistant` can be changed. Everyone in the chat receives `chat.updated`.
    #[oai(path = "/chats/:chat_id", method = "patch", operation_id = "updateChat")]
    async fn update(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<ChatChange>,
    ) -> Answer<SerdeJson<Chat>> {
        let change = body.0.try_into()?;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        Ok(SerdeJson(chat.moderating()?.change(change).await?.into()))
    }

    /// Update chat settings
    ///
    /// Mutes, pins or archives a chat, or chooses its notifications. The settings apply to the caller only.
    #[oai(path = "/chats/:chat_id/settings", method = "patch", operation_id = "updateChatSettings")]
    async fn settings(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<SettingsChange>,
    ) -> Answer<Json<ChatSettings>> {
        let change = body.0.try_into()?;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        let id = chat.id();
        Ok(Json(ChatSettings::new(id, chat.update_preferences(change).await?)))
    }

    /// Delete a chat
    ///
    /// Deletes a group for everyone; only for its owner and admins. A private chat is hidden for the caller
    /// until the next message arrives in it.
    #[oai(path = "/chats/:chat_id", method = "delete", operation_id = "deleteChat")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.delete_or_hide().await?;
        Ok(Done::Done)
    }
}
