//! `/socket.io/`: the socket of a chat, for client builds that use Socket.IO 4.
//!
//! The query (`token`, `chatId`) or the client's `auth` authenticates the connection and names a chat.
//! `join_chat` and `leave_chat` subscribe to more chats and unsubscribe from them. The server emits `message`;
//! a `message` that the client emits is posted in the chat that it names, or else in the chat of the
//! connection.

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
use super::{NOT_A_MEMBER, Refusal, chat_id, hide_existence};
use crate::chat_socket::bare;
use crate::links::Links;
use crate::site::Site;
use crate::upgrade::Upgrade;
use besedka_core::hub::{Close, Taken};
use besedka_core::messenger::{Access, Error, Limit, Listener, Messenger, NewMessage};
use besedka_core::model::{ChatId, Content, Kind, Scopes};

/// The largest packet, as on the raw socket.
const LARGEST: usize = 64 * 1024;
/// How many packets may be queued for a client before it is disconnected.
const LONGEST_QUEUE: usize = 256;
/// How many client events may be queued; further ones are dropped.
const LONGEST_INBOX: usize = 250;
/// How long to wait before a client whose queue was full is disconnected again.
const PAUSE: Duration = Duration::from_millis(250);
/// The namespace that clients connect to. Clients treat the path of their configured address as a namespace; it
/// has no meaning here.
const NAMESPACES: [&str; 3] = ["/", "/kyte", "/kyte/api"];

/// The protocol's endpoint: HTTP long polling, with which clients start, and the WebSocket to which they
/// upgrade.
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

/// What a request tells about the connecting client.
#[derive(Clone)]
struct Guest {
    messenger: Messenger,
    links: Links,
}

async fn introduce(mut request: Request) -> poem::Result<Request> {
    let (Some(messenger), Some(site)) = (request.data::<Messenger>(), request.data::<Site>()) else {
        return Err(Refusal::from(Error::Unauthorized).into());
    };
    // A client that already has a session of the protocol continues with it.
    let query = request.uri().query().unwrap_or_default();
    if !query.split('&').any(|pair| pair.starts_with("sid=")) {
        messenger.limit(Limit::ConnectFrom(site.address(&request).into())).map_err(Refusal::from)?;
    }
    let guest = Guest { messenger: messenger.clone(), links: Links::new(messenger, &site.base(&request)) };
    request.set_data(guest);
    Upgrade::give_back(&mut request);
    Ok(request)
}

/// The connection parameters: who connects, and to which chat.
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

/// An event from the client.
enum Heard {
    Join(Place),
    Leave(Place),
    Say(Speech),
}

/// A chat, as a plain identifier or in an object.
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

/// Accepts a connection, or refuses it with `connect_error`. Both directions are set up before the response, so
/// that no event is lost in between.
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

/// Queues a client's events in order, because the protocol library runs handlers concurrently.
fn hear<T: 'static>(
    ear: &mpsc::Sender<Heard>,
    heard: fn(T) -> Heard,
) -> impl Fn(Data<T>) -> Ready<()> + Clone + Send + Sync + 'static {
    let ear = ear.clone();
    move |Data(data)| {
        // A client whose queue is full sends too fast.
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
        // A full queue accepts no disconnect packet; it is drained, or the client turns out to be gone.
        while let Err(SocketError::InternalChannelFull) = socket.clone().disconnect() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    gone.run_until_cancelled(stay).await;
}

/// A connected client.
struct Seat {
    guest: Guest,
    access: Access,
    /// The chat of events that do not name one.
    home: Option<ChatId>,
    /// The chats that the client is subscribed to.
    chats: HashMap<ChatId, Listener>,
    inbox: mpsc::Receiver<Heard>,
    gone: CancellationToken,
}

impl Seat {
    /// Processes events in both directions until the connection has to end, or the client is too slow.
    async fn stay(mut self, socket: &SocketRef) {
        loop {
            tokio::select! {
                Some(heard) = self.inbox.recv() => {
                    // A response that is not a message would break clients.
                    if let Err(Error::Internal(cause)) = self.act(heard).await {
                        tracing::error!(%cause, "a client event failed");
                    }
                }
                (chat, taken) = next(&self.chats) => {
                    if self.tell(socket, &taken).await.is_err() {
                        return;
                    }
                    match taken.closed {
                        None => {}
                        // A client that is removed from one of several chats keeps the others.
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
                let chat = named.or(self.home).ok_or(NOT_A_MEMBER)?;
                // A client can send where it is subscribed, for as long as its session lasts.
                let listener = self.chats.get(&chat).ok_or(NOT_A_MEMBER)?;
                let content = Content::new(Kind::Text, Some(said.content.trim().to_owned()), None)?;
                listener.post(chat, NewMessage::new(content)).await?;
                Ok(())
            }
        }
    }

    async fn come_into(&mut self, chat: ChatId) -> Result<(), Error> {
        if !self.chats.contains_key(&chat) {
            let listener = self.guest.messenger.listen_in(self.access, chat).await.map_err(hide_existence)?;
            self.chats.insert(chat, listener);
        }
        Ok(())
    }

    async fn tell(&self, socket: &SocketRef, taken: &Taken) -> Result<(), SendError> {
        let Guest { messenger, links } = &self.guest;
        for telling in &taken.events {
            if let Some(message) = told(&telling.event.change, messenger, links).await {
                socket.emit("message", &message)?;
            }
        }
        Ok(())
    }
}

/// The events of the first subscribed chat that has any.
async fn next(chats: &HashMap<ChatId, Listener>) -> (ChatId, Taken) {
    if chats.is_empty() {
        return pending().await;
    }
    let wakes = chats.iter().map(|(chat, listener)| {
        Box::pin(async move {
            listener.woken().await;
            (*chat, listener)
        })
    });
    let ((chat, listener), ..) = select_all(wakes).await;
    (chat, listener.take())
}
