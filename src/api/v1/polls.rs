//! `/messages/{id}/vote`, `/messages/{id}/close`: polls.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Message, Person, Vote};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger};
use besedka_core::model::{MessageId, UserId};

pub struct Polls;

/// What one chooses.
#[derive(Object)]
#[oai(example)]
struct Choose {
    /// Which options, counted from 0, instead of what one chose before. None takes one's vote back; several are for a poll
    /// that is `multiple`.
    options: Vec<i64>,
}

impl Example for Choose {
    fn example() -> Self {
        Self { options: vec![0, 2] }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Polls {
    /// Vote in a poll
    ///
    /// Everybody in the chat hears the poll as `message.updated`; one's own devices hear what one chose as `poll.voted`.
    /// A poll is begun by `POST /messages` with type `poll`. In an anonymous poll nobody is told who chose what.
    #[oai(path = "/messages/:message_id/vote", method = "put", operation_id = "vote")]
    async fn vote(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        body: JsonBody<Choose>,
    ) -> Answer<Json<Message>> {
        let choices: Result<Vec<usize>, _> = body.0.options.into_iter().map(usize::try_from).collect();
        let choices = choices.map_err(|_| Error::invalid("options", "must be numbers from 0"))?;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.message(MessageId(message_id.0)).await?.vote(&choices).await?.into()))
    }

    /// What one chose in a poll
    #[oai(path = "/messages/:message_id/vote", method = "get", operation_id = "ownVote")]
    async fn own(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<i64>,
    ) -> Answer<Json<Vote>> {
        let poll = messenger.as_user(caller.0).message(MessageId(message_id.0)).await?;
        let choices = poll.choices().await?;
        let message = poll.view();
        Ok(Json(Vote::new(message.id, message.chat, choices)))
    }

    /// Who chose something in a poll
    ///
    /// First come first. The poll itself names the first 100; this lists all of them, page by page. Of an anonymous poll
    /// nobody is told.
    #[oai(path = "/messages/:message_id/voters", method = "get", operation_id = "voters")]
    async fn voters(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<i64>,
        /// Which option, counted from 0.
        option: Query<usize>,
        /// Only those after this one: the `id` of a person of the page before.
        after_id: Query<Option<i64>>,
        /// At most so many, up to 200; 200 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Person>>> {
        let caller = messenger.as_user(caller.0);
        let after = after_id.0.map(UserId);
        let people = caller.message(MessageId(message_id.0)).await?.voters(option.0, after, limit.0).await?;
        Ok(Json(people.into_iter().map(Person::from).collect()))
    }

    /// Close a poll
    ///
    /// It takes no more votes. Whoever asked may, and in a group its owner and admins. Everybody hears it as
    /// `message.updated`.
    #[oai(path = "/messages/:message_id/close", method = "post", operation_id = "closePoll")]
    async fn close(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Json<Message>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.message(MessageId(message_id.0)).await?.close_poll().await?.into()))
    }
}
