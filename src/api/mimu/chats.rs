//! `/api/v1/chats`: listing and creating chats.

use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::types::Chat;
use super::view::{Base, View};
use super::{Answer, Area, answer};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger, NewGroup};
use besedka_core::model::UserId;

pub struct Chats;

/// The caller's chats.
#[derive(Object)]
struct List {
    /// Sorted by last activity, most recent first.
    chats: Vec<Chat>,
}

/// A new chat.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct NewChat {
    /// The client's own ID for the chat; defaults to the server's ID.
    chat_id: Option<String>,
    /// The title. Without a title and with one member, the private chat with them is used.
    title: Option<String>,
    /// The other members.
    #[oai(default)]
    member_ids: Vec<String>,
}

impl Example for NewChat {
    fn example() -> Self {
        Self {
            chat_id: Some("chat-1711453500000".to_owned()),
            title: Some("Друзья".to_owned()),
            member_ids: vec!["253402300799".to_owned()],
        }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Chats {
    /// List chats
    ///
    /// Sorted by last activity, most recent first.
    #[oai(path = "/api/v1/chats", method = "get", operation_id = "chats")]
    async fn list(&self, messenger: Data<&Messenger>, base: Base, caller: SignedIn) -> Answer<List> {
        let mut chats = messenger.as_user(caller.0).chats().await?;
        let view = View::of(&messenger, caller.0, base, &[], &mut chats).await?;
        answer(List { chats: chats.into_iter().map(|chat| view.chat(chat)).collect() })
    }

    /// Create a chat
    ///
    /// Creates a group, or the private chat with a single member if there is no title. If the caller already
    /// has a chat with this ID, it is returned.
    #[oai(path = "/api/v1/chats", method = "post", operation_id = "createChat")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        base: Base,
        caller: SignedIn,
        body: JsonBody<NewChat>,
    ) -> Answer<Chat> {
        let access = caller.0;
        let caller = messenger.as_user(access);
        let NewChat { chat_id, title, member_ids } = body.0;
        let name = chat_id.as_deref().filter(|name| !name.is_empty());
        let title = title.filter(|title| !title.trim().is_empty());
        let members = member_ids.iter().map(|id| id.parse().map(UserId)).collect::<Result<Vec<_>, _>>();
        let members = members.map_err(|_| Error::invalid("memberIds", "must be user ids"))?;
        let chat = match (title, &members[..]) {
            (None, [other]) if *other != access.user => caller.direct_chat_called(name, *other).await,
            (title, _) => {
                let title = title.or_else(|| name.map(str::to_owned));
                let title = title.ok_or_else(|| Error::invalid("title", "is missing"))?;
                caller.create_group_called(name, NewGroup::private(title, members)).await
            }
        };
        let mut chat = [chat.map_err(translate_error)?];
        let view = View::of(&messenger, access, base, &[], &mut chat).await?;
        let [chat] = chat;
        answer(view.chat(chat))
    }
}

fn translate_error(error: Error) -> Error {
    match error {
        Error::NotFound("user") => Error::invalid("memberIds", "unknown user"),
        error => error.rename_field("member_ids", "memberIds").rename_field("user_id", "memberIds"),
    }
}
