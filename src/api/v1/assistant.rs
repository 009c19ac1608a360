//! `/ai`, `/chats/{id}/catch-up`: the assistant, if the server has one configured.

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

/// A question for the assistant.
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

/// Suggested replies.
#[derive(Object)]
#[oai(example)]
struct Suggestions {
    /// Up to three texts.
    suggestions: Vec<String>,
}

impl Example for Suggestions {
    fn example() -> Self {
        Self { suggestions: vec!["Thursday suits me".to_owned(), "Who brings the slides?".to_owned()] }
    }
}

/// A summary of unread messages.
#[derive(Object)]
#[oai(example)]
struct CatchUp {
    /// The summary, in the language of the chat; null if there is nothing unread.
    summary: Option<String>,
    /// How many messages were summarised, and therefore sent to the model's server.
    sent_messages: i64,
    /// Whether there are older unread messages that were not included.
    partial: bool,
    /// The model that wrote the summary.
    model: String,
    /// The host that the messages were sent to.
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
    /// Posts the answer in the chat as a message of type `ai`. The message appears with its first words, is
    /// extended through `message.updated` events while its `payload` contains `writing`, and is returned here
    /// once complete. If the answer cannot be completed, the message is deleted and the response is 502.
    ///
    /// The message's `payload` records what was sent where: `question`, `asked_by`, `model`, `sent_to` (a host)
    /// and `sent_messages` (how many of the chat's latest messages); `suggest_meet` means that the assistant
    /// proposes a meeting. Disappearing messages are never sent to the model.
    ///
    /// The number of questions per user and day is limited (429). If the server has no assistant, the response
    /// is 503 with code `not_configured`.
    #[oai(path = "/ai/ask", method = "post", operation_id = "askAssistant")]
    async fn ask(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Question>,
    ) -> Answer<Created<Message>> {
        let Question { chat_id, question } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let message = caller.chat(ChatId(chat_id)).await?.ask(&question).await?;
        Ok(Created::Created(Json(message.into())))
    }

    /// Suggest replies
    ///
    /// Returns up to three suggested texts. The list is empty if the server has no assistant, if the assistant
    /// is switched off in this chat, if the chat has fewer than five messages, or if there is nothing to
    /// suggest.
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

    /// Summarise unread messages
    ///
    /// Summarises the messages that the caller has not read, up to the latest 200. The summary is returned to
    /// the caller only; it is not stored, and no messages are marked as read.
    #[oai(path = "/chats/:chat_id/catch-up", method = "post", operation_id = "catchUp")]
    async fn catch_up(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Json<CatchUp>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let done = caller.chat(ChatId(chat_id.0)).await?.summarise_unread().await?;
        Ok(Json(done.into()))
    }
}
