//! `/conversations`.

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::{Conversation, ConversationType, Created, Done};
use super::{Answer, Area, ids};
use crate::body::JsonBody;
use crate::links::Links;
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
    /// Of a group, 1 to 100 characters.
    title: Option<String>,
    /// The others; the caller is in it anyway. Of a private one exactly one.
    #[oai(default)]
    participant_ids: Option<Vec<i64>>,
    /// What it is about in the application around the chat, as in `course`.
    service: Option<String>,
    /// Which of those. There is one conversation about each: if it is there already it is the answer.
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

/// Conversations as this API shows them, with who is in them.
async fn shown(caller: &messenger::Caller, links: &Links, chats: Vec<Chat>) -> Answer<Vec<Conversation>> {
    let known: Vec<_> = chats.iter().map(Chat::id).collect();
    let mut rolls = caller.rolls(&known).await?;
    // Whoever was removed in this moment does not see it any more.
    let seen = chats.into_iter().filter_map(|chat| rolls.remove(&chat.id()).map(|roll| (chat, roll)));
    Ok(seen.map(|(chat, roll)| Conversation::new(chat, roll, links)).collect())
}

async fn one(caller: &messenger::Caller, links: &Links, chat: Chat) -> Answer<Conversation> {
    let found = shown(caller, links, vec![chat]).await?.pop();
    Ok(found.ok_or(Error::NotFound("conversation"))?)
}

#[OpenApi(tag = "Area::Conversations", prefix_path = "/api/unet-chat")]
impl Conversations {
    /// List one's conversations
    ///
    /// The most recently active first.
    #[oai(path = "/conversations", method = "get", operation_id = "conversations")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
    ) -> Answer<Json<Vec<Conversation>>> {
        let caller = messenger.as_user(caller.0);
        let chats = caller.chats().await?;
        Ok(Json(shown(&caller, &Links::new(&messenger, &visit.base), chats).await?))
    }

    /// Make a conversation
    ///
    /// Of a private one there is one for each two people, and of one about something one for each of those: if it is
    /// there already it is the answer. Who is not in the one that there is gets 403.
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
                let group = NewGroup {
                    title: title.unwrap_or_default(),
                    description: None,
                    is_public: false,
                    is_read_only: false,
                    members: others,
                };
                caller.group_about(topic, group).await
            }
            (ConversationType::Private, [other]) => caller.direct_about(topic, *other).await,
            (ConversationType::Private, _) => {
                Err(Error::invalid("participant_ids", "a private conversation names exactly one other"))
            }
        };
        // The messenger does not know what this route calls the others.
        let chat = made.map_err(|error| match error {
            Error::Invalid { field: "member_ids" | "user_id", reason } => {
                Error::Invalid { field: "participant_ids", reason }
            }
            error => error,
        })?;
        let links = Links::new(&messenger, &visit.base);
        Ok(Created::Created(Json(one(&messenger.as_user(access), &links, chat).await?)))
    }

    /// A conversation
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
        let links = Links::new(&messenger, &visit.base);
        Ok(Json(one(&messenger.as_user(caller.0), &links, chat).await?))
    }

    /// Delete a conversation
    ///
    /// A group is deleted for everybody, by its admins. A private one is hidden for the caller until something new is
    /// said in it.
    #[oai(path = "/conversations/:id", method = "delete", operation_id = "deleteConversation")]
    async fn delete(&self, messenger: Data<&Messenger>, caller: Caller, id: Path<String>) -> Answer<Done> {
        messenger.as_user(caller.0).chat(ids::chat(&id.0)?).await?.delete_or_hide().await?;
        Ok(Done::Done)
    }
}
