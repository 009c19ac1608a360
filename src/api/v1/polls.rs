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

/// A vote in a poll.
#[derive(Object)]
#[oai(example)]
struct VoteRequest {
    /// The chosen options, counted from 0; they replace the previous vote. An empty list withdraws the vote.
    /// Several options are only allowed if the poll is `multiple`.
    options: Vec<i64>,
}

impl Example for VoteRequest {
    fn example() -> Self {
        Self { options: vec![0, 2] }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Polls {
    /// Vote in a poll
    ///
    /// Everyone in the chat receives the updated poll as `message.updated`; the caller's devices receive the
    /// vote as `poll.voted`. In an anonymous poll, nobody can see who voted for what. To create a poll, send a
    /// message of type `poll`.
    #[oai(path = "/messages/:message_id/vote", method = "put", operation_id = "vote")]
    async fn vote(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        body: JsonBody<VoteRequest>,
    ) -> Answer<Json<Message>> {
        let choices: Result<Vec<usize>, _> = body.0.options.into_iter().map(usize::try_from).collect();
        let choices = choices.map_err(|_| Error::invalid("options", "must be non-negative integers"))?;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.message(MessageId(message_id.0)).await?.vote(&choices).await?.into()))
    }

    /// Get my vote in a poll
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

    /// List a poll option's voters
    ///
    /// Sorted by when they voted, earliest first. The poll itself lists the first 100 voters; this endpoint
    /// returns all of them, page by page. Not available for anonymous polls.
    #[oai(path = "/messages/:message_id/voters", method = "get", operation_id = "voters")]
    async fn voters(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<i64>,
        /// The option, counted from 0.
        option: Query<usize>,
        /// Only voters after the person with this `id`: the last one of the previous page.
        after_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 200 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Person>>> {
        let caller = messenger.as_user(caller.0);
        let after = after_id.0.map(UserId);
        let people = caller.message(MessageId(message_id.0)).await?.voters(option.0, after, limit.0).await?;
        Ok(Json(people.into_iter().map(Person::from).collect()))
    }

    /// Close a poll
    ///
    /// Ends voting. Allowed for the poll's author and, in a group, its owner and admins. Everyone in the chat
    /// receives `message.updated`.
    #[oai(path = "/messages/:message_id/close", method = "post", operation_id = "closePoll")]
    async fn close(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Json<Message>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.message(MessageId(message_id.0)).await?.close_poll().await?.into()))
    }
}
