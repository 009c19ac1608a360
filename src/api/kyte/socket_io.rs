//! `/socket.io/`: the same as the socket of a chat, for builds that speak Socket.IO 4.
//!
//! The address says who it is and where (`token`, `chatId`), or the client's `auth` does. It comes into more chats by
//! `join_chat` and out of them by `leave_chat`. The server emits `message`; what the client emits as `message` is said
//! in the chat that it names, or in the one of the address.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{pending, select_all};
use poem::endpoint::{BoxEndpoint, TowerCompatExt};
use poem::{EndpointExt, Request};
use serde::Deserialize;
use socketioxide::extract::{Data, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::{SendError, SocketError, SocketIo};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::socket::told;
use super::{Refusal, STRANGER, chat_id, veiled};
use crate::chat_socket::bare;
use crate::links::Links;
use crate::site::Site;
use crate::upgrade::Upgrade;
use besedka_core::hub::{Close, Queued};
use besedka_core::messenger::{Access, Error, Limit, Listener, Messenger, NewMessage};
use besedka_core::model::{ChatId, Content, Kind, Scopes};

/// The largest packet, as on the raw socket.
const LARGEST: usize = 64 * 1024;
/// How many packets may wait for a client before it is cut off.
const LONGEST_QUEUE: usize = 256;
/// How much of what a client emits may wait to be done; more is passed over.
const LONGEST_INBOX: usize = 250;
/// Until a client whose queue was full is shown out again.
const PAUSE: Duration = Duration::from_millis(250);
/// What clients connect to. The path of an address that they are given is a namespace to them, and says nothing here.
const NAMESPACES: [&str; 3] = ["/", "/kyte", "/kyte/api"];

/// The endpoint of the protocol: the long poll with which clients begin, and the WebSocket to which they change.
pub fn endpoint() -> BoxEndpoint<'static> {
    let (service, io) = SocketIo::builder()
        .req_path("/socket.io")
        .max_payload(LARGEST as u64)
        .max_buffer_size(LONGEST_QUEUE)
        .ws_read_buffer_size(2 * 1024)
        .ws_max_message_size(LARGEST)
        .ws_max_frame_size(LARGEST)
        .build_svc();
    for namespace in NAMESPACES {
        io.ns(namespace, arrive.with(admit));
    }
    service.compat().before(introduce).boxed()
}

/// What a request tells of whoever connects by it.
#[derive(Clone)]
struct Guest {
    messenger: Messenger,
    links: Links,
}

async fn introduce(mut request: Request) -> poem::Result<Request> {
    let (Some(messenger), Some(site)) = (request.data::<Messenger>(), request.data::<Site>()) else {
        return Err(Refusal::from(Error::Unauthorized).into());
    };
    // Whoever has a session of the protocol goes on with it.
    let query = request.uri().query().unwrap_or_default();
    if !query.split('&').any(|pair| pair.starts_with("sid=")) {
        messenger.limit(Limit::ConnectFrom(site.address(&request).into())).map_err(Refusal::from)?;
    }
    let guest = Guest { messenger: messenger.clone(), links: Links::new(messenger, &site.base(&request)) };
    request.set_data(guest);
    Upgrade::give_back(&mut request);
    Ok(request)
}

/// Who connects, and to what.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Opening {
    token: Option<String>,
    chat_id: Option<String>,
}

impl Opening {
    fn read(query: &str) -> Self {
        let of = |wanted: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let (_, value) = pairs.find(|(name, value)| name == wanted && !value.is_empty())?;
            Some(value.into_owned())
        };
        Self { token: of("token"), chat_id: of("chatId") }
    }
}

/// What a client emits.
enum Heard {
    Join(Place),
    Leave(Place),
    Say(Speech),
}

/// A chat by its identifier alone, or in an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Place {
    Bare(String),
    #[serde(rename_all = "camelCase")]
    Named {
        chat_id: String,
    },
}

impl Place {
    fn chat(&self) -> Result<ChatId, Error> {
        let (Self::Bare(id) | Self::Named { chat_id: id }) = self;
        chat_id(id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Speech {
    content: String,
    chat_id: Option<String>,
}

/// Lets somebody in, or refuses them as `connect_error`. From here on they are heard, and listened for: nothing lies
/// between this and the answer.
async fn admit(socket: SocketRef, TryData(auth): TryData<Opening>) -> Result<(), Error> {
    let request = socket.req_parts();
    let guest = request.extensions.get::<Guest>().cloned().ok_or(Error::Unauthorized)?;
    let (given, auth) = (Opening::read(request.uri.query().unwrap_or_default()), auth.unwrap_or_default());
    let token = given.token.or(auth.token).ok_or(Error::Unauthorized)?;
    let access = guest.messenger.access(bare(&token), Scopes::READ).await?;
    guest.messenger.limit(Limit::Connect(access.user))?;

    let (ear, inbox) = mpsc::channel(LONGEST_INBOX);
    let mut seat =
        Seat { guest, access, home: None, chats: HashMap::new(), inbox, gone: CancellationToken::new() };
    if let Some(chat) = given.chat_id.or(auth.chat_id) {
        let chat = chat_id(&chat)?;
        seat.come_into(chat).await?;
        seat.home = Some(chat);
    }
    socket.on("join_chat", hear(&ear, Heard::Join));
    socket.on("leave_chat", hear(&ear, Heard::Leave));
    socket.on("message", hear(&ear, Heard::Say));
    let gone = seat.gone.clone();
    socket.on_disconnect(async move || gone.cancel());
    socket.extensions.insert(Arc::new(Mutex::new(Some(seat))));
    Ok(())
}

/// Hands on what a client emits, in its order: the protocol's own handlers run beside each other.
fn hear<T: 'static>(
    ear: &mpsc::Sender<Heard>,
    heard: fn(T) -> Heard,
) -> impl Fn(Data<T>) -> Ready<()> + Clone + Send + Sync + 'static {
    let ear = ear.clone();
    move |Data(data)| {
        // One whose inbox is full speaks too fast.
        let _ = ear.try_send(heard(data));
        ready(())
    }
}

async fn arrive(socket: SocketRef) {
    let seat = socket.extensions.get::<Arc<Mutex<Option<Seat>>>>();
    let Some(seat) = seat.and_then(|seat| seat.lock().unwrap_or_else(PoisonError::into_inner).take()) else {
        return;
    };
    let gone = seat.gone.clone();
    let stay = async {
        seat.stay(&socket).await;
        // A full queue takes no farewell; it is emptied, or the client is found to be gone.
        while let Err(SocketError::InternalChannelFull) = socket.clone().disconnect() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    gone.run_until_cancelled(stay).await;
}

/// Somebody who is connected.
struct Seat {
    guest: Guest,
    access: Access,
    /// Where they speak when they don't say where.
    home: Option<ChatId>,
    /// The chats of which they are told.
    chats: HashMap<ChatId, Listener>,
    inbox: mpsc::Receiver<Heard>,
    gone: CancellationToken,
}

impl Seat {
    /// Hears and tells until nothing more may be told, or they take it too slowly.
    async fn stay(mut self, socket: &SocketRef) {
        loop {
            tokio::select! {
                Some(heard) = self.inbox.recv() => {
                    // An answer that is no message would break clients.
                    if let Err(Error::Internal(cause)) = self.act(heard).await {
                        tracing::error!(%cause, "what a socket said failed");
                    }
                }
                (chat, taken) = next(&self.chats) => {
                    if self.tell(socket, &taken).await.is_err() {
                        return;
                    }
                    match taken.closed {
                        None => {}
                        // Who is removed from one of several chats stays with the others.
                        Some(Close::Removed) if self.chats.len() > 1 => drop(self.chats.remove(&chat)),
                        Some(_) => return,
                    }
                }
            }
        }
    }

    async fn act(&mut self, heard: Heard) -> Result<(), Error> {
        match heard {
            Heard::Join(place) => {
                self.guest.messenger.limit(Limit::Read(self.access.user))?;
                self.come_into(place.chat()?).await
            }
            Heard::Leave(place) => {
                self.chats.remove(&place.chat()?);
                Ok(())
            }
            Heard::Say(said) => {
                let named = said.chat_id.map(|chat| chat_id(&chat)).transpose()?;
                let chat = named.or(self.home).ok_or(STRANGER)?;
                // They may speak where they are told, for as long as their session lasts.
                let listener = self.chats.get(&chat).ok_or(STRANGER)?;
                let content = Content::new(Kind::Text, Some(said.content.trim().to_owned()), None)?;
                listener.post(chat, NewMessage::new(content)).await?;
                Ok(())
            }
        }
    }

    async fn come_into(&mut self, chat: ChatId) -> Result<(), Error> {
        if !self.chats.contains_key(&chat) {
            let listener = self.guest.messenger.listen_to_chat(self.access, chat).await.map_err(veiled)?;
            self.chats.insert(chat, listener);
        }
        Ok(())
    }

    async fn tell(&self, socket: &SocketRef, taken: &Queued) -> Result<(), SendError> {
        let Guest { messenger, links } = &self.guest;
        for telling in &taken.events {
            if let Some(message) = told(&telling.event.change, messenger, links).await {
                socket.emit("message", &message)?;
            }
        }
        Ok(())
    }
}

/// What waits in the first of the chats in which something does.
async fn next(chats: &HashMap<ChatId, Listener>) -> (ChatId, Queued) {
    if chats.is_empty() {
        return pending().await;
    }
    let wakes = chats.iter().map(|(chat, listener)| {
        Box::pin(async move {
            listener.ready().await;
            (*chat, listener)
        })
    });
    let ((chat, listener), ..) = select_all(wakes).await;
    (chat, listener.take())
}
