//! `/conversations`.

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::{Conversation, ConversationType, Created, Done, SHOWN};
use super::{Answer, Area, ids};
use crate::body::JsonBody;
use crate::links::{LONG_LIFE, Links};
use crate::visit::Visit;
use besedka_core::messenger::{self, Error, Messenger, NewGroup};
use besedka_core::model::{Chat, Topic, UserId};

pub struct Conversations;

/// A new conversation.
#[derive(Object)]
#[oai(example)]
struct NewConversation {
    #[oai(rename = "type")]
    kind: ConversationType,
    /// The title of a group, 1 to 100 characters.
    title: Option<String>,
    /// The other participants; the caller is always included. Exactly one for a private conversation.
    #[oai(default)]
    participant_ids: Option<Vec<i64>>,
    /// The type of object in the surrounding application that the conversation belongs to, such as `course`.
    service: Option<String>,
    /// The ID of that object. There is one conversation per object: if it exists already, it is returned.
    service_id: Option<String>,
}

impl Example for NewConversation {
    fn example() -> Self {
        Self {
            kind: ConversationType::Group,
            title: Some("Математика, 2 курс".to_owned()),
            participant_ids: Some(vec![253_402_300_863, 253_402_300_864]),
            service: Some("course".to_owned()),
            service_id: Some("42".to_owned()),
        }
    }
}

/// Conversations in this API's format, with their participants.
async fn shown(caller: &messenger::Caller, links: &Links, mut chats: Vec<Chat>) -> Answer<Vec<Conversation>> {
    caller.filter_last_messages(&mut chats, SHOWN).await?;
    let known: Vec<_> = chats.iter().map(Chat::id).collect();
    let mut rosters = caller.rosters(&known).await?;
    // A user who has just been removed does not see the conversation any more.
    let seen = chats.into_iter().filter_map(|chat| rosters.remove(&chat.id()).map(|roll| (chat, roll)));
    Ok(seen.map(|(chat, roll)| Conversation::new(chat, roll, links)).collect())
}

async fn one(caller: &messenger::Caller, links: &Links, chat: Chat) -> Answer<Conversation> {
    let found = shown(caller, links, vec![chat]).await?.pop();
    Ok(found.ok_or(Error::NotFound("conversation"))?)
}

#[OpenApi(tag = "Area::Conversations", prefix_path = "/api/unet-chat")]
impl Conversations {
    /// List conversations
    ///
    /// Sorted by last activity, most recent first.
    #[oai(path = "/conversations", method = "get", operation_id = "conversations")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
    ) -> Answer<Json<Vec<Conversation>>> {
        let reader = caller.0.user;
        let caller = messenger.as_user(caller.0);
        let chats = caller.chats().await?;
        Ok(Json(shown(&caller, &Links::to(&messenger, &visit, reader).lasting(LONG_LIFE), chats).await?))
    }

    /// Create a conversation
    ///
    /// There is one private conversation per pair of users and one conversation per object: if it exists
    /// already, it is returned. Callers who are not participants of the existing one get 403.
    #[oai(path = "/conversations", method = "post", operation_id = "createConversation")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        body: JsonBody<NewConversation>,
    ) -> Answer<Created<Conversation>> {
        let NewConversation { kind, title, participant_ids, service, service_id } = body.0;
        let topic = Topic::new(service, service_id).map_err(Error::from)?;
        let (access, me) = (caller.0, caller.0.user);
        let others = participant_ids.unwrap_or_default().into_iter().map(UserId);
        let mut others: Vec<UserId> = others.filter(|id| *id != me).collect();
        others.sort_unstable();
        others.dedup();
        let caller = messenger.as_user(access);
        let made = match (kind, &others[..]) {
            (ConversationType::Group, _) => {
                let group = NewGroup::private(title.unwrap_or_default(), others);
                caller.group_about(topic, group).await
            }
            (ConversationType::Private, [other]) => caller.direct_about(topic, *other).await,
            (ConversationType::Private, _) => Err(Error::invalid(
                "participant_ids",
                "a private conversation requires exactly one other participant",
            )),
        };
        let chat = made.map_err(|error| {
            error.rename_field("member_ids", "participant_ids").rename_field("user_id", "participant_ids")
        })?;
        let links = Links::to(&messenger, &visit, me).lasting(LONG_LIFE);
        Ok(Created::Created(Json(one(&messenger.as_user(access), &links, chat).await?)))
    }

    /// Get a conversation
    #[oai(path = "/conversations/:id", method = "get", operation_id = "conversation")]
    async fn conversation(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<String>,
    ) -> Answer<Json<Conversation>> {
        let id = ids::chat(&id.0)?;
        let chat = messenger.as_user(caller.0).chat(id).await?.view().await?;
        let links = Links::to(&messenger, &visit, caller.0.user).lasting(LONG_LIFE);
        Ok(Json(one(&messenger.as_user(caller.0), &links, chat).await?))
    }

    /// Delete a conversation
    ///
    /// Deletes a group for everyone; only for its admins. A private conversation is hidden for the caller until
    /// the next message arrives in it.
    #[oai(path = "/conversations/:id", method = "delete", operation_id = "deleteConversation")]
    async fn delete(&self, messenger: Data<&Messenger>, caller: Caller, id: Path<String>) -> Answer<Done> {
        messenger.as_user(caller.0).chat(ids::chat(&id.0)?).await?.delete_or_hide().await?;
        Ok(Done::Done)
    }
}
