//! Names that clients give to chats.
//!
//! Some clients make up the identifiers of their chats. Each user has their own names: two users' clients may use the
//! same name for different chats. A text of digits is not a name but a chat's id.

use std::collections::HashMap;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::chats::chat::{CreationNotice, NewGroup};
use crate::messenger::chats::lookup::TRIES;
use crate::messenger::foundation::{Error, Limit, Result, UnitOfWork};
use crate::model::{Chat, ChatId, UserId};
use crate::store::{self, chat_names};

const MAX_NAME: usize = 100;

/// A chat as a client refers to it.
enum ChatReference<'a> {
    Number(ChatId),
    Name(&'a str),
}

/// The chat of a message that is to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedChat {
    Known(ChatId),
    /// No chat has the name: it makes a group with this id.
    New {
        name: String,
        id: ChatId,
    },
}

impl NamedChat {
    pub(crate) fn id(&self) -> ChatId {
        match self {
            Self::Known(id) | Self::New { id, .. } => *id,
        }
    }
}

impl<'a> ChatReference<'a> {
    fn read(text: &'a str) -> Result<Self> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(|id| Self::Number(ChatId(id))).map_err(|_| Error::NotFound("chat"));
        }
        let length = text.chars().count();
        if length == 0 || length > MAX_NAME || text.trim() != text || text.chars().any(char::is_control) {
            let reason = format!("must be a chat's id, or a client id of 1 to {MAX_NAME} characters");
            return Err(Error::invalid("chatId", reason));
        }
        Ok(Self::Name(text))
    }
}

impl Caller {
    /// The chat with this id, or with this name of the caller's; `None` when no chat has the name.
    #[boxed]
    pub async fn chat_called(&self, text: &str) -> Result<Option<ChatId>> {
        match ChatReference::read(text)? {
            ChatReference::Number(id) => Ok(Some(id)),
            ChatReference::Name(name) => {
                let mut read = self.messenger.db.read().await?;
                Ok(chat_names::chat(&mut read, self.access.user, name).await?)
            }
        }
    }

    /// The same for a message that is to be posted.
    pub(crate) async fn chat_named(&self, text: &str) -> Result<NamedChat> {
        Ok(match self.chat_called(text).await? {
            Some(chat) => NamedChat::Known(chat),
            None => NamedChat::New { name: text.to_owned(), id: ChatId(self.messenger.id()) },
        })
    }

    /// Inserts a group without other members that has a new name; returns the existing chat if the name has one by now.
    pub(crate) async fn insert_group_called(
        &self,
        work: &mut UnitOfWork,
        name: &str,
        id: ChatId,
    ) -> Result<ChatId> {
        let me = self.access.user;
        if let Some(chat) = chat_names::chat(&mut work.tx, me, name).await? {
            return Ok(chat);
        }
        let new = self.check_group(NewGroup::private(name.to_owned(), Vec::new()))?;
        self.insert_group_as(work, id, new, CreationNotice::Omitted).await?;
        let now = work.now;
        match chat_names::insert(&mut work.tx, me, name, id, now).await {
            // The same client asked twice at once: the next try finds the chat.
            Err(store::Error::Taken) => Err(Error::Again),
            named => {
                named?;
                Ok(id)
            }
        }
    }

    /// Creates a group with a name, or without one; returns the existing group if there is one with the name. It gets no
    /// system message about its creation, which clients would show as a user's words.
    #[boxed]
    pub async fn create_group_called(self, name: Option<&str>, new: NewGroup) -> Result<Chat> {
        let me = self.access.user;
        let name = name.map(ChatReference::read).transpose()?;
        let name = match name {
            Some(ChatReference::Number(id)) => return self.chat(id).await?.view().await,
            Some(ChatReference::Name(name)) => Some(name),
            None => None,
        };
        let new = self.check_group(new)?;
        for _ in 0..TRIES {
            let mut work = self.messenger.begin().await?;
            if let Some(name) = name
                && let Some(chat) = chat_names::chat(&mut work.tx, me, name).await?
            {
                // What was found may be of a transaction that is committed together with this one.
                work.commit().await?;
                return self.chat(chat).await?.view().await;
            }
            self.messenger.limit(Limit::NewChat(me))?;
            self.check_members(&mut work, &new).await?;
            let chat = self.insert_group(&mut work, new.clone(), CreationNotice::Omitted).await?;
            if let Some(name) = name {
                let now = work.now;
                match chat_names::insert(&mut work.tx, me, name, chat, now).await {
                    // The same client asked twice at once: the chat exists now.
                    Err(store::Error::Taken) => continue,
                    named => named?,
                }
            }
            return self.finish(work, chat).await;
        }
        Err(Error::Busy)
    }

    /// The private chat with a user, with a name of the caller's, or without one.
    #[boxed]
    pub async fn direct_chat_called(self, name: Option<&str>, other: UserId) -> Result<Chat> {
        let name = match name.map(ChatReference::read).transpose()? {
            Some(ChatReference::Number(id)) => return self.chat(id).await?.view().await,
            Some(ChatReference::Name(name)) => Some(name),
            None => None,
        };
        if let Some(name) = name
            && let Some(chat) = self.chat_called(name).await?
        {
            return self.chat(chat).await?.view().await;
        }
        let (messenger, me) = (self.messenger.clone(), self.access.user);
        let (chat, _) = self.direct_chat(other).await?;
        if let Some(name) = name {
            let mut work = messenger.begin().await?;
            let now = work.now;
            match chat_names::insert(&mut work.tx, me, name, chat.id(), now).await {
                // The same client asked twice at once.
                Err(store::Error::Taken) => {}
                named => {
                    named?;
                    work.commit().await?;
                }
            }
        }
        Ok(chat)
    }

    /// The caller's names of chats.
    #[boxed]
    pub async fn chat_names(&self) -> Result<HashMap<ChatId, String>> {
        let mut read = self.messenger.db.read().await?;
        Ok(chat_names::of_user(&mut read, self.access.user).await?)
    }
}
