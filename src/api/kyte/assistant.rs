//! `/ai`: the assistant, if the server has one configured.

use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::messages::{SentMessage, shown};
use super::types::MessageType;
use super::{Answer, Area, chat_id, hide_existence};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::Messenger;

pub struct Assistant;

/// A question for the assistant.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Question {
    chat_id: String,
    /// 1 to 4,000 characters.
    question: String,
}

impl Example for Question {
    fn example() -> Self {
        Self { chat_id: "253402300927".to_owned(), question: "User question".to_owned() }
    }
}

/// A suggested reply. It is not a message yet; its author is the assistant.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Suggestion {
    id: String,
    chat_id: String,
    /// The ID of the assistant's account.
    user_id: String,
    content: String,
    /// Always `ai`.
    #[oai(rename = "type")]
    kind: MessageType,
    created_at: String,
}

impl Example for Suggestion {
    fn example() -> Self {
        Self {
            id: "253402300927-1".to_owned(),
            chat_id: "253402300927".to_owned(),
            user_id: "253402300800".to_owned(),
            content: "AI suggestion".to_owned(),
            kind: MessageType::Ai,
            created_at: "2024-01-01T00:00:00.000Z".to_owned(),
        }
    }
}

/// Suggested replies.
#[derive(Object)]
#[oai(example)]
struct Suggestions {
    /// Up to three.
    suggestions: Vec<Suggestion>,
}

impl Example for Suggestions {
    fn example() -> Self {
        Self { suggestions: vec![Suggestion::example()] }
    }
}

#[OpenApi(tag = "Area::Assistant")]
impl Assistant {
    /// Ask the assistant
    ///
    /// The assistant sees the latest messages of the chat. Its answer is posted in the chat, where everyone
    /// receives it; with `suggestMeet` if it proposes a meeting. Answers 503 if the server has no assistant,
    /// and 502 if the assistant fails.
    #[oai(path = "/ai/ask", method = "post", operation_id = "askAssistant")]
    async fn ask(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        body: JsonBody<Question>,
    ) -> Answer<Json<SentMessage>> {
        let chat =
            messenger.as_user(caller.0).chat(chat_id(&body.0.chat_id)?).await.map_err(hide_existence)?;
        let answer = chat.ask(&body.0.question).await?;
        let links = Links::to(&messenger, &visit, caller.0.user);
        Ok(Json(shown(&messenger, &links, &answer).await?))
    }

    /// Suggest replies
    ///
    /// Returns an empty list if the server has no assistant, or if the chat has fewer than five messages.
    #[oai(path = "/ai/suggestions", method = "get", operation_id = "suggestions")]
    async fn suggestions(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        #[oai(name = "chatId")] chat: Query<String>,
    ) -> Answer<Json<Suggestions>> {
        let chat = messenger.as_user(caller.0).chat(chat_id(&chat.0)?).await.map_err(hide_existence)?;
        let (id, found) = (chat.id(), chat.suggestions().await?);
        let author = messenger.assistant_id().await?.map_or_else(String::new, |id| id.to_string());
        let now = messenger.clock.now().iso_millis();
        let suggestion = |(index, content)| Suggestion {
            id: format!("{id}-{}", index + 1),
            chat_id: id.to_string(),
            user_id: author.clone(),
            content,
            kind: MessageType::Ai,
            created_at: now.clone(),
        };
        Ok(Json(Suggestions { suggestions: found.into_iter().enumerate().map(suggestion).collect() }))
    }
}
