//! `/ws/chat/{id}` and the base path: delivers new messages of a chat.

use std::sync::Arc;

use poem::endpoint::make;
use poem::web::Path;
use poem::{Endpoint, IntoResponse, Request, Response, handler};
use poem_openapi::types::ToJSON;
use serde::Deserialize;
use serde_json::Value;

use super::types::{Message, SHOWN};
use super::{Refusal, chat_id, hide_existence};
use crate::chat_socket::{self, ClientFrame, Room, SocketFormat, bare};
use crate::links::Links;
use crate::websocket::WebSocketRequest;
use besedka_core::hub::{EphemeralEvent, EventFormat};
use besedka_core::messenger::{Error, Messenger, NewMessage};
use besedka_core::model::{self, Change, ChatId, Content, Event, Kind};

/// The query parameters of the address.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Opening {
    token: Option<String>,
    /// For the client build that connects to the base path.
    chat_id: Option<String>,
}

/// Opens the socket of a chat.
#[handler]
pub async fn socket(request: &Request, id: Path<String>, socket: WebSocketRequest) -> poem::Result<Response> {
    let Opening { token, .. } = request.params().unwrap_or_default();
    Ok(open(request, token.as_deref(), &id.0, socket).await.map_err(Refusal::from)?)
}

/// The same at the base path, where a query parameter names the chat; requests that open no socket are passed
/// to `rest`.
///
/// It is not a route at `/`, because poem prefers what is nested there.
pub fn base_or(rest: Arc<impl Endpoint + 'static>) -> impl Endpoint<Output = Response> {
    make(move |request: Request| {
        let rest = rest.clone();
        async move {
            if request.uri().path() == "/"
                && let Ok(upgrade) = WebSocketRequest::of(&request)
            {
                let Opening { token, chat_id } = request.params().unwrap_or_default();
                let chat = chat_id.unwrap_or_default();
                return Ok(open(&request, token.as_deref(), &chat, upgrade).await.map_err(Refusal::from)?);
            }
            rest.call(request).await.map(IntoResponse::into_response)
        }
    })
}

async fn open(
    request: &Request,
    token: Option<&str>,
    chat: &str,
    upgrade: WebSocketRequest,
) -> Result<Response, Error> {
    let token = token.or_else(|| request.header("Authorization")).map(bare);
    // Without a valid token, do not reveal which chats exist or which identifiers are well-formed.
    let chat = chat_id(chat).unwrap_or(ChatId(0));
    chat_socket::open::<Kyte>(request, token, chat, upgrade).await.map_err(hide_existence)
}

/// Only new messages are delivered: clients append everything they receive. A message by the assistant counts
/// as new when it is complete.
fn new_message(change: &Change) -> Option<&model::Message> {
    match change {
        Change::MessageCreated(new) | Change::AnswerFinished(new) if SHOWN.includes(new) => Some(new),
        _ => None,
    }
}

/// The frame that reports a change to clients, if any.
pub async fn message_of(change: &Change, messenger: &Messenger, links: &Links) -> Option<Value> {
    let new = new_message(change)?;
    // A message without its author's name is better than none.
    let author = messenger.name(new.author).await.unwrap_or_default();
    Message::new(new, &author, links).to_json()
}

struct Kyte;

/// A frame from the client.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    content: String,
}

impl SocketFormat for Kyte {
    const FORMAT: EventFormat = EventFormat::new(1);

    async fn event(room: &Room, event: &Event) -> Option<String> {
        message_of(&event.change, &room.messenger, &room.links).await.map(|message| message.to_string())
    }

    fn ephemeral(_: &EphemeralEvent) -> Option<String> {
        None
    }

    fn parse(text: &str) -> ClientFrame {
        let frame = serde_json::from_str(text).ok().filter(|frame: &Frame| frame.kind == "message");
        let content =
            frame.map(|frame| Content::new(Kind::Text, Some(frame.content.trim().to_owned()), None));
        match content {
            Some(Ok(content)) => ClientFrame::Post(NewMessage::new(content)),
            _ => ClientFrame::Nothing,
        }
    }

    /// A response that is not a message would break clients.
    fn refuse(_: &Error) -> Option<String> {
        None
    }
}
