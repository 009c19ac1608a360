//! `/ws/chat/{id}`: live events of a chat.

use poem::web::Path;
use poem::{Request, Response, handler};
use poem_openapi::types::ToJSON;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Refusal;
use super::types::{Message, SHOWN};
use crate::chat_socket::{self, ClientFrame, Room, SocketFormat, bare};
use crate::websocket::WebSocketRequest;
use besedka_core::hub::{EphemeralEvent, EventFormat};
use besedka_core::messenger::{Error, NewMessage};
use besedka_core::model::{self, Change, ChatId, Content, Event, Kind, MessageId, Status};

/// The query parameters of the address.
#[derive(Deserialize)]
struct Opening {
    token: Option<String>,
}

/// Opens the socket of a chat. The token is in the address, or in a header for clients that can send one.
#[handler]
pub async fn socket(request: &Request, id: Path<String>, socket: WebSocketRequest) -> poem::Result<Response> {
    let opening: Opening = request.params().unwrap_or(Opening { token: None });
    let token = opening.token.or_else(|| request.header("Authorization").map(str::to_owned));
    // A malformed identifier refers to no chat.
    let chat = id.0.parse().map(ChatId).map_err(|_| Refusal::from(Error::NotFound("chat")))?;
    let token = token.as_deref().map(bare);
    Ok(chat_socket::open::<Desktop>(request, token, chat, socket).await.map_err(Refusal::from)?)
}

struct Desktop;

/// A frame from the client.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    content: Option<String>,
    client_id: Option<Uuid>,
    message_id: Option<i64>,
}

impl SocketFormat for Desktop {
    const FORMAT: EventFormat = EventFormat::new(4);

    async fn event(room: &Room, event: &Event) -> Option<String> {
        match &event.change {
            Change::MessageCreated(new) if new.kind == Kind::System => {
                Some(frame("system", json!({"text": new.plain_in(room.links.language)})))
            }
            Change::MessageCreated(new) if SHOWN.includes(new) => Some(message("message", room, new, false)),
            // An answer of the assistant is new when it is complete; users of other APIs may have read it before.
            Change::AnswerFinished(answer) if SHOWN.includes(answer) => {
                let is_read = room.messenger.is_read(answer).await.ok()?;
                Some(message("message", room, answer, is_read))
            }
            Change::MessageUpdated(changed) if SHOWN.includes(changed) => {
                let is_read = room.messenger.is_read(changed).await.ok()?;
                Some(message("message_updated", room, changed, is_read))
            }
            Change::MessageDeleted { id, .. } => Some(deleted(room, &[*id])),
            Change::MessagesDeleted { ids, .. } => Some(deleted(room, ids)),
            Change::ChatDelivered { chat, user, message } => {
                let delivered = json!({"chat_id": chat.0, "user_id": user.0, "message_id": message.0});
                Some(frame("delivered", delivered))
            }
            Change::ChatRead { chat, user, message, .. } => {
                let read = json!({"chat_id": chat.0, "user_id": user.0, "message_id": message.0});
                Some(frame("read", read))
            }
            _ => None,
        }
    }

    fn ephemeral(event: &EphemeralEvent) -> Option<String> {
        let (user, online, typing) = match event {
            EphemeralEvent::Typing { user, .. } => (user, true, true),
            EphemeralEvent::Presence { user, presence } => (user, presence.status != Status::Offline, false),
            EphemeralEvent::Announcement(_) => return None,
        };
        Some(frame("status", json!({"user_id": user.0, "online": online, "typing": typing})))
    }

    fn parse(text: &str) -> ClientFrame {
        let Ok(Frame { kind, content, client_id, message_id }) = serde_json::from_str(text) else {
            let frame: Value = serde_json::from_str(text).unwrap_or_default();
            let is_wrong =
                |field: &str| frame.get(field).is_some_and(|value| !value.is_null() && !value.is_string());
            let wrong = ["type", "content"].into_iter().find(|field| is_wrong(field));
            let detail = wrong.map(|field| format!("{field}: must be a string"));
            let detail = detail.as_deref().unwrap_or("a frame must be a JSON object with a type");
            return ClientFrame::Answer(error(detail));
        };
        match kind.as_str() {
            "message" => match Content::new(Kind::Text, content, None) {
                Ok(content) => ClientFrame::Post(NewMessage { client_id, ..NewMessage::new(content) }),
                Err(flaw) => ClientFrame::Answer(error(&Error::from(flaw).to_string())),
            },
            "typing" => ClientFrame::Typing,
            "read" => ClientFrame::Read(message_id.map(MessageId)),
            "delivered" => match message_id {
                Some(id) => ClientFrame::Delivered(MessageId(id)),
                None => ClientFrame::Answer(error("message_id: is missing")),
            },
            "ping" => ClientFrame::Answer(frame("pong", json!({}))),
            _ => ClientFrame::Nothing,
        }
    }

    fn refuse(refusal: &Error) -> Option<String> {
        Some(error(&refusal.to_string()))
    }
}

fn frame(kind: &str, data: Value) -> String {
    json!({"type": kind, "data": data}).to_string()
}

fn error(detail: &str) -> String {
    frame("error", json!({"detail": detail}))
}

fn message(kind: &str, room: &Room, message: &model::Message, is_read: bool) -> String {
    frame(kind, Message::new(message, is_read, &room.links).to_json().unwrap_or_default())
}

fn deleted(room: &Room, gone: &[MessageId]) -> String {
    let ids: Vec<i64> = gone.iter().map(|id| id.0).collect();
    frame("message_deleted", json!({"chat_id": room.chat.0, "id": ids.first(), "ids": ids}))
}
