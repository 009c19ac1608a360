//! `/users/me/deletion`: deletes the caller's account.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};

use super::caller::Owner;
use super::idempotency::Key;
use super::types::Done;
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{MessagesOnDeletion, Messenger};

pub struct Account;

/// What happens to the messages that the user has sent.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
enum Messages {
    /// They are kept and shown as sent by a deleted account.
    Keep,
    /// They are deleted for everyone.
    Delete,
}

/// A request to delete the caller's account.
#[derive(Object)]
#[oai(example)]
struct Deletion {
    /// The caller's current password.
    password: String,
    messages: Messages,
}

impl Example for Deletion {
    fn example() -> Self {
        Self { password: "securePassword123".to_owned(), messages: Messages::Keep }
    }
}

#[OpenApi(tag = "Area::Users")]
impl Account {
    /// Delete my account
    ///
    /// Deletes the caller's account permanently. All sessions and tokens end at once and their sockets are
    /// closed. The name, e-mail address, avatar and profile are erased; the e-mail address and username become
    /// available to others. The user is removed from every group; groups they own pass to an admin or, without
    /// one, to the longest-standing member. Private chats stay readable for the other person, but nobody can
    /// write in them any more. Saved messages are deleted.
    ///
    /// With `messages: delete`, every message that the user sent is deleted for everyone, together with its
    /// files; other members receive `messages.deleted`. Chats and messages are processed in the background, at
    /// a few hundred per second.
    ///
    /// Not removed: copies that others forwarded, and the user's name where others wrote it or where a system
    /// message contains it.
    #[oai(path = "/users/me/deletion", method = "post", operation_id = "deleteMe")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Deletion>,
    ) -> Answer<Done> {
        let Deletion { password, messages } = body.0;
        let messages = match messages {
            Messages::Keep => MessagesOnDeletion::Kept,
            Messages::Delete => MessagesOnDeletion::Erased,
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.delete_account(&password, messages).await?;
        Ok(Done::Done)
    }
}
