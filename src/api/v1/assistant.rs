//! `/ai`, `/chats/{id}/catch-up`: the assistant, where the server has one.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Created, Message};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{self, Messenger};
use besedka_core::model::ChatId;

pub struct Assistant;

/// A question to the assistant.
#[derive(Object)]
#[oai(example)]
struct Question {
    chat_id: i64,
    /// 1 to 4,000 characters.
    question: String,
}

impl Example for Question {
    fn example() -> Self {
        Self { chat_id: 253_402_300_927, question: "What did we decide about the date?".to_owned() }
    }
}

/// What one could say next.
#[derive(Object)]
#[oai(example)]
struct Suggestions {
    /// At most three.
    suggestions: Vec<String>,
}

impl Example for Suggestions {
    fn example() -> Self {
        Self { suggestions: vec!["Thursday suits me".to_owned(), "Who brings the slides?".to_owned()] }
    }
}

/// What one has missed.
#[derive(Object)]
#[oai(example)]
struct CatchUp {
    /// In the language of the chat; null when nothing is unread.
    summary: Option<String>,
    /// How many messages it is about: so many were sent to the model's server.
    sent_messages: i64,
    /// Whether more is unread, before these.
    partial: bool,
    /// Which model was asked.
    model: String,
    /// The host to which the messages were sent.
    sent_to: String,
}

impl From<messenger::UnreadSummary> for CatchUp {
    fn from(done: messenger::UnreadSummary) -> Self {
        let messenger::UnreadSummary { summary, sent_messages, is_partial, model, sent_to } = done;
        let sent_messages = i64::try_from(sent_messages).unwrap_or(i64::MAX);
        Self { summary, sent_messages, partial: is_partial, model, sent_to }
    }
}

impl Example for CatchUp {
    fn example() -> Self {
        Self {
            summary: Some("The date is Thursday. Still open: who brings the slides.".to_owned()),
            sent_messages: 42,
            partial: false,
            model: "llama3.2".to_owned(),
            sent_to: "localhost".to_owned(),
        }
    }
}

#[OpenApi(tag = "Area::Assistant")]
impl Assistant {
    /// Ask the assistant
    ///
    /// The answer is a message of type `ai` in the chat: it appears with its first words, grows by `message.updated`
    /// while its `payload` says `writing`, and is answered here when it is whole. One that does not become whole is
    /// deleted again, and 502 is answered. The `payload` tells what was sent where: `question`, `asked_by`, `model`,
    /// `sent_to` (a host) and `sent_messages` (how many of the chat's latest messages); `suggest_meet` says that a
    /// meeting is proposed. Messages that are to disappear are not sent. Each person has so many questions a day
    /// (429). Where the server has no assistant it answers 503 with code `not_configured`.
    #[oai(path = "/ai/ask", method = "post", operation_id = "askAssistant")]
    async fn ask(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Question>,
    ) -> Answer<Created<Message>> {
        let Question { chat_id, question } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let message = caller.chat(ChatId(chat_id)).await?.ask(&question).await?;
        Ok(Created::Created(Json(message.into())))
    }

    /// What one could say next
    ///
    /// Up to three texts. None where there is no assistant, where it is switched off, where fewer than five messages
    /// were said, and where it has nothing to suggest.
    #[oai(path = "/ai/suggestions", method = "get", operation_id = "suggestions")]
    async fn suggestions(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Query<i64>,
    ) -> Answer<Json<Suggestions>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        Ok(Json(Suggestions { suggestions: chat.suggestions().await? }))
    }

    /// What one has missed
    ///
    /// A summary of what the caller has not read, at most the latest 200 messages. Nobody else sees it, it is kept
    /// nowhere, and nothing becomes read by it.
    #[oai(path = "/chats/:chat_id/catch-up", method = "post", operation_id = "catchUp")]
    async fn catch_up(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Json<CatchUp>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let done = caller.chat(ChatId(chat_id.0)).await?.summarise_unread().await?;
        Ok(Json(done.into()))
    }
}
