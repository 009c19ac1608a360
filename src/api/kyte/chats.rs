//! `/chats`: the chat list, and marking a chat as read.

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::types::{Chat, SHOWN, Success};
use super::{Answer, Area, chat_id, hide_existence};
use crate::visit::Visit;
use besedka_core::messenger::{Access, Messenger};
use besedka_core::model::{self, ChatId, Language};

pub struct Chats;

/// The caller's chats.
#[derive(Object)]
#[oai(example)]
struct ChatList {
    /// Sorted by last activity, most recent first.
    chats: Vec<Chat>,
}

impl Example for ChatList {
    fn example() -> Self {
        Self { chats: vec![Chat::example()] }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Chats {
    /// List chats
    ///
    /// Sorted by last activity, most recent first.
    #[oai(path = "/chats", method = "get", operation_id = "chats")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
    ) -> Answer<Json<ChatList>> {
        let language = messenger.language(Some(caller.0.user), visit.language);
        let caller = messenger.as_user(caller.0);
        let mut chats = caller.chats().await?;
        caller.filter_last_messages(&mut chats, SHOWN).await?;
        let ids: Vec<ChatId> = chats.iter().map(model::Chat::id).collect();
        let mut people = caller.participants(&ids).await?;
        let chat = |chat: model::Chat| {
            let participants = people.remove(&chat.id()).unwrap_or_default();
            Chat::new(chat, &participants, language)
        };
        Ok(Json(ChatList { chats: chats.into_iter().map(chat).collect() }))
    }

    /// Mark a chat as read
    ///
    /// Marks all messages of the chat as read.
    #[oai(path = "/chats/:chat_id/read", method = "post", operation_id = "readChat")]
    async fn read(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<String>,
    ) -> Answer<Json<Success>> {
        let chat = self::chat_id(&chat_id.0)?;
        let chat = messenger.as_user(caller.0).chat(chat).await.map_err(hide_existence)?;
        chat.read(None).await?;
        Ok(Json(Success::YES))
    }
}

/// A chat with its members.
pub(super) async fn whole(
    messenger: &Messenger,
    access: Access,
    chat: model::Chat,
    language: Language,
) -> Answer<Chat> {
    let (id, caller) = (chat.id(), messenger.as_user(access));
    let mut chat = [chat];
    caller.filter_last_messages(&mut chat, SHOWN).await?;
    let [chat] = chat;
    let mut people = caller.participants(&[id]).await?;
    Ok(Chat::new(chat, &people.remove(&id).unwrap_or_default(), language))
}
