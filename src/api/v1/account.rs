//! `/users/me/…`: what becomes of one's account.

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

/// What becomes of what one said.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
enum Messages {
    /// It stays, as a deleted account's.
    Keep,
    /// It is deleted for all.
    Delete,
}

/// The end of an account.
#[derive(Object)]
#[oai(example)]
struct Deletion {
    /// One's password.
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
    /// Delete one's account
    ///
    /// It can't be taken back. All sessions and tokens end at once and their sockets are closed. Name, e-mail address,
    /// picture and profile are gone; address and username are free for others. One is taken out of every group, and
    /// what one owned passes to an admin, or to the member who came first. Private chats stay readable for the other
    /// person, who can't write there any more; saved messages go.
    ///
    /// With `messages: delete`, everything that one said is deleted for all, with its files; others hear
    /// `messages.deleted`. Chats and messages are gone through in the background, some hundreds a second.
    ///
    /// Copies that others forwarded stay, and so does a name that others wrote, or that stands in a notice.
    #[oai(path = "/users/me/deletion", method = "post", operation_id = "deleteMe")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Deletion>,
    ) -> Answer<Done> {
        let Deletion { password, messages } = body.0;
        let legacy = match messages {
            Messages::Keep => MessagesOnDeletion::Kept,
            Messages::Delete => MessagesOnDeletion::Erased,
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.delete_account(&password, legacy).await?;
        Ok(Done::Done)
    }
}
