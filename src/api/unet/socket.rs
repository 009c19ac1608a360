//! `/ws/conversations/{id}/`: live events of a conversation.

use std::time::Duration;

use poem::web::Path;
use poem::{Request, Response, handler};
use serde::Deserialize;
use serde_json::{Value, json};

use poem_openapi::types::ToJSON;

use super::types::{Message, SHOWN};
use super::{Refusal, ids, messages};
use crate::chat_socket::{self, ClientFrame, Room, SocketFormat, bare};
use crate::links::LONG_LIFE;
use crate::websocket::WebSocketRequest;
use besedka_core::hub::{EphemeralEvent, EventFormat};
use besedka_core::messenger::Error;
use besedka_core::model::{self, Change, Event, MessageId};

/// The query parameters of the address.
#[derive(Deserialize)]
struct Opening {
    #[serde(rename = "WWW-Authenticate")]
    old: Option<String>,
    #[serde(rename = "Authorization")]
    token: Option<String>,
}

/// Opens the socket of a conversation. The token is in the address, or in a header for clients that can send
/// one.
#[handler]
pub async fn socket(request: &Request, id: Path<String>, socket: WebSocketRequest) -> poem::Result<Response> {
    let opening: Opening = request.params().unwrap_or(Opening { old: None, token: None });
    let header = request.header("Authorization").map(str::to_owned);
    let token = opening.token.or(opening.old).or(header);
    let chat = ids::chat(&id.0)?;
    let token = token.as_deref().map(bare);
    Ok(chat_socket::open::<Unet>(request, token, chat, socket).await.map_err(Refusal::from)?)
}

struct Unet;

/// A frame from the client.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    payload: Value,
}

impl SocketFormat for Unet {
    const FORMAT: EventFormat = EventFormat::new(3);
    const LINK_LIFE: Duration = LONG_LIFE;

    async fn event(room: &Room, event: &Event) -> Option<String> {
        let message = |message: &model::Message| Message::new(message, &room.links).to_json();
        match &event.change {
            // An answer of the assistant is new when it is complete.
            Change::MessageCreated(new) | Change::AnswerFinished(new) if SHOWN.includes(new) => {
                Some(frame("message:new", message(new)))
            }
            Change::MessageUpdated(changed) if SHOWN.includes(changed) => {
                Some(frame("message:updated", message(changed)))
            }
            Change::MessageDeleted { id, .. } => Some(deleted(room, &[*id])),
            Change::MessagesDeleted { ids, .. } => Some(deleted(room, ids)),
            _ => None,
        }
    }

    fn ephemeral(_: &EphemeralEvent) -> Option<String> {
        None
    }

    fn parse(text: &str) -> ClientFrame {
        let Ok(Frame { kind, payload }) = serde_json::from_str(text) else { return wrong("invalid frame") };
        if kind != "message:new" {
            return ClientFrame::Nothing;
        }
        let is_wrong =
            |field: &&str| payload.get(*field).is_some_and(|value| !value.is_null() && !value.is_string());
        if let Some(field) = ["text", "reply_to"].into_iter().find(is_wrong) {
            return wrong(&format!("{field}: must be a string"));
        }
        let reply_to = payload["reply_to"].as_str().map(ids::message).transpose();
        let Ok(reply_to): Result<Option<MessageId>, Refusal> = reply_to else {
            return wrong("reply_to: no such message");
        };
        match messages::new(payload["text"].as_str().map(str::to_owned), reply_to) {
            Ok(new) => ClientFrame::Post(new),
            Err(error) => wrong(&error.to_string()),
        }
    }

    /// The client ignores all types except `message:new`; this frame helps with debugging.
    fn refuse(error: &Error) -> Option<String> {
        Some(frame("error", Some(json!({"detail": error.to_string()}))))
    }
}

fn wrong(detail: &str) -> ClientFrame {
    ClientFrame::Answer(frame("error", Some(json!({"detail": detail}))))
}

fn frame(kind: &str, payload: Option<Value>) -> String {
    json!({"type": kind, "payload": payload}).to_string()
}

fn deleted(room: &Room, gone: &[MessageId]) -> String {
    let gone: Vec<String> = gone.iter().copied().map(ids::of_message).collect();
    let conversation = ids::of_chat(room.chat);
    frame("message:deleted", Some(json!({"conversation_id": conversation, "ids": gone, "id": gone.first()})))
}
