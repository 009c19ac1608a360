//! `/socket.io/`: the socket of a chat, for client builds that use Socket.IO 4.
//!
//! The query (`token`, `chatId`) or the client's `auth` authenticates the connection and names a chat.
//! `join_chat` and `leave_chat` subscribe to more chats and unsubscribe from them. The server emits `message`;
//! a `message` that the client emits is posted in the chat that it names, or else in the chat of the
//! connection. An event is acknowledged if the client asks: with the
//! `message`, or with an `error` and its `message`.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{pending, select_all};
use poem::endpoint::{BoxEndpoint, TowerCompatExt};
use poem::error::WebSocketError;
use poem::http::{Method, header};
use poem::{EndpointExt, Request};
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::{SendError, SocketError, SocketIo};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::socket::message_of;
use super::{NOT_A_MEMBER, Refusal, chat_id, hide_existence};
use crate::chat_socket::{bare, depends_on_reader};
use crate::links::Links;
use crate::site::Site;
use crate::upgrade::Upgrade;
use crate::websocket::WebSocketRequest;
use besedka_core::hub::{Close, Queued};
use besedka_core::messenger::{Access, Error, Limit, Listener, Messenger, NewMessage};
use besedka_core::model::{Change, ChatId, Content, Kind, Language, Scopes};

/// The largest packet, as on the raw socket.
const MAX_PACKET_SIZE: usize = 64 * 1024;
/// How many packets may be queued for a client before it is disconnected.
const MAX_OUTBOUND: usize = 256;
/// How many client events may be queued; further ones are dropped.
const MAX_INBOUND: usize = 250;
/// The most chats of one connection.
const MAX_CHATS: usize = 500;
/// How long to wait before a client whose queue was full is disconnected again.
const DISCONNECT_RETRY: Duration = Duration::from_millis(250);
/// The namespace that clients connect to. Clients treat the path of their configured address as a namespace; it
/// has no meaning here.
const NAMESPACES: [&str; 3] = ["/", "/kyte", "/kyte/api"];

/// The protocol's endpoint: HTTP long polling, with which clients start, and the WebSocket to which they
/// upgrade.
pub fn endpoint() -> BoxEndpoint<'static> {
    let (service, io) = SocketIo::builder()
        .req_path("/socket.io")
        .max_payload(MAX_PACKET_SIZE as u64)
        .max_buffer_size(MAX_OUTBOUND)
        .ws_read_buffer_size(2 * 1024)
        .ws_max_message_size(MAX_PACKET_SIZE)
        .ws_max_frame_size(MAX_PACKET_SIZE)
        .build_svc();
    for namespace in NAMESPACES {
        io.ns(namespace, serve.with(accept));
    }
    service.compat().before(prepare).boxed()
}

/// What a request tells about the connecting client.
#[derive(Clone)]
struct Context {
    messenger: Messenger,
    /// The address that links begin with.
    base: String,
    /// The language that the client accepts.
    accepted: Option<Language>,
}

async fn prepare(mut request: Request) -> poem::Result<Request> {
    let is_for_socket = |pair: &str| pair == "transport=websocket";
    if request.method() == Method::GET
        && request.uri().query().unwrap_or_default().split('&').any(is_for_socket)
        && !WebSocketRequest::is_valid(&request)
    {
        return Err(WebSocketError::InvalidProtocol.into());
    }
    let (Some(messenger), Some(site)) = (request.data::<Messenger>(), request.data::<Site>()) else {
        return Err(Refusal::from(Error::Unauthorized).into());
    };
    // A client that already has a session of the protocol continues with it.
    let query = request.uri().query().unwrap_or_default();
    if !query.split('&').any(|pair| pair.starts_with("sid=")) {
        messenger.limit(Limit::ConnectFrom(site.address(&request).into())).map_err(Refusal::from)?;
    }
    let accepted = Language::known(request.header(header::ACCEPT_LANGUAGE.as_str()));
    let context = Context { messenger: messenger.clone(), base: site.base(&request), accepted };
    request.set_data(context);
    Upgrade::give_back(&mut request);
    Ok(request)
}

/// The connection parameters: who connects, and to which chat.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    token: Option<String>,
    chat_id: Option<String>,
}

impl Parameters {
    fn read(query: &str) -> Self {
        let of = |wanted: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let (_, value) = pairs.find(|(name, value)| name == wanted && !value.is_empty())?;
            Some(value.into_owned())
        };
        Self { token: of("token"), chat_id: of("chatId") }
    }
}

/// An event from the client, to be acknowledged if the client asks for that.
struct ClientEvent {
    event: Command,
    ack: AckSender,
}

/// What a client asks for.
enum Command {
    Join(ChatReference),
    Leave(ChatReference),
    Post(Post),
}

/// A chat, as a plain identifier or in an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum ChatReference {
    Bare(String),
    #[serde(rename_all = "camelCase")]
    Named {
        chat_id: String,
    },
}

impl ChatReference {
    fn chat(&self) -> Result<ChatId, Error> {
        let (Self::Bare(id) | Self::Named { chat_id: id }) = self;
        chat_id(id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    content: String,
    chat_id: Option<String>,
    /// A UUID chosen by the client: a message that is sent again with the same one is stored once.
    #[serde(alias = "clientMessageId")]
    client_id: Option<Uuid>,
}

/// Accepts a connection, or refuses it with `connect_error`. Both directions are set up before the response, so
/// that no event is lost in between.
async fn accept(socket: SocketRef, TryData(auth): TryData<Parameters>) -> Result<(), Error> {
    let request = socket.req_parts();
    let context = request.extensions.get::<Context>().cloned().ok_or(Error::Unauthorized)?;
    let (given, auth) = (Parameters::read(request.uri.query().unwrap_or_default()), auth.unwrap_or_default());
    let token = given.token.or(auth.token).ok_or(Error::Unauthorized)?;
    let access = context.messenger.access(bare(&token), Scopes::READ).await?;
    context.messenger.limit(Limit::Connect(access.user))?;
    context.messenger.load_language(access.user).await?;
    let language = context.messenger.language(Some(access.user), context.accepted);

    let (queue, inbox) = mpsc::channel(MAX_INBOUND);
    let mut connection = Connection {
        context,
        access,
        language,
        default_chat: None,
        chats: HashMap::new(),
        inbox,
        gone: CancellationToken::new(),
    };
    if let Some(chat) = given.chat_id.or(auth.chat_id) {
        let chat = chat_id(&chat)?;
        connection.subscribe(chat).await?;
        connection.default_chat = Some(chat);
    }
    socket.on("join_chat", enqueue(&queue, Command::Join));
    socket.on("leave_chat", enqueue(&queue, Command::Leave));
    socket.on("message", enqueue(&queue, Command::Post));
    let gone = connection.gone.clone();
    socket.on_disconnect(async move || gone.cancel());
    socket.extensions.insert(Arc::new(Mutex::new(Some(connection))));
    Ok(())
}

/// Queues a client's events in order, because the protocol library runs handlers concurrently.
fn enqueue<T: 'static>(
    queue: &mpsc::Sender<ClientEvent>,
    event: fn(T) -> Command,
) -> impl Fn(TryData<T>, AckSender) -> Ready<()> + Clone + Send + Sync + 'static {
    let queue = queue.clone();
    move |TryData(data), ack| {
        match data {
            // A client whose queue is full sends too fast: it is not acknowledged, and may try again.
            Ok(data) => drop(queue.try_send(ClientEvent { event: event(data), ack })),
            Err(flaw) => refuse(ack, &flaw.to_string()),
        }
        ready(())
    }
}

/// Acknowledges an event that failed. A client that is gone or did not ask receives nothing.
fn refuse(ack: AckSender, message: &str) {
    let _ = ack.send(&json!({"error": {"message": message}}));
}

async fn serve(socket: SocketRef) {
    let connection = socket.extensions.get::<Arc<Mutex<Option<Connection>>>>();
    let Some(connection) =
        connection.and_then(|connection| connection.lock().unwrap_or_else(PoisonError::into_inner).take())
    else {
        return;
    };
    let gone = connection.gone.clone();
    let run = async {
        connection.run(&socket).await;
        // A full queue accepts no disconnect packet; it is drained, or the client turns out to be gone.
        while let Err(SocketError::InternalChannelFull) = socket.clone().disconnect() {
            tokio::time::sleep(DISCONNECT_RETRY).await;
        }
    };
    gone.run_until_cancelled(run).await;
}

/// A connected client.
struct Connection {
    context: Context,
    access: Access,
    /// The language in which the server writes to the reader.
    language: Language,
    /// The chat of events that do not name one.
    default_chat: Option<ChatId>,
    /// The chats that the client is subscribed to. One of them counts as a connection of the user.
    chats: HashMap<ChatId, Listener>,
    inbox: mpsc::Receiver<ClientEvent>,
    gone: CancellationToken,
}

impl Connection {
    /// Processes events in both directions until the connection has to end, or the client is too slow.
    async fn run(mut self, socket: &SocketRef) {
        loop {
            tokio::select! {
                Some(event) = self.inbox.recv() => {
                    // Only in an acknowledgement: an event that is not a message would break clients.
                    let ClientEvent { event, ack } = event;
                    match self.handle(event).await {
                        Ok(answer) => drop(ack.send(&answer)),
                        Err(error) => {
                            if let Error::Internal(cause) = &error {
                                tracing::error!(%cause, "a client event failed");
                            }
                            refuse(ack, &error.to_string());
                        }
                    }
                }
                (chat, taken) = next(&self.chats) => {
                    if self.deliver(socket, &taken).await.is_err() {
                        return;
                    }
                    match taken.closed {
                        None => {}
                        // A client that is removed from one of several chats keeps the others.
                        Some(Close::Removed) if self.chats.len() > 1 => self.unsubscribe(chat),
                        Some(_) => return,
                    }
                }
            }
        }
    }

    /// Does what a client asks for, and returns the data of the acknowledgement.
    async fn handle(&mut self, event: Command) -> Result<Value, Error> {
        match event {
            Command::Join(reference) => {
                self.context.messenger.limit(Limit::Read(self.access.user))?;
                self.subscribe(reference.chat()?).await?;
                Ok(json!({}))
            }
            Command::Leave(reference) => {
                self.unsubscribe(reference.chat()?);
                Ok(json!({}))
            }
            Command::Post(post) => {
                let named = post.chat_id.map(|chat| chat_id(&chat)).transpose()?;
                let chat = named.or(self.default_chat).ok_or(NOT_A_MEMBER)?;
                // A client can send where it is subscribed, for as long as its session lasts.
                let listener = self.chats.get(&chat).ok_or(NOT_A_MEMBER)?;
                let content = Content::new(Kind::Text, Some(post.content.trim().to_owned()), None)?;
                let new = NewMessage { client_id: post.client_id, ..NewMessage::new(content) };
                let posted = listener.post(chat, new).await?;
                let Context { messenger, base, .. } = &self.context;
                let links = Links::new(messenger, base, self.access.user).in_language(self.language);
                let message = message_of(&Change::MessageCreated(posted), messenger, &links).await;
                Ok(json!({"message": message}))
            }
        }
    }

    async fn subscribe(&mut self, chat: ChatId) -> Result<(), Error> {
        if self.chats.contains_key(&chat) {
            return Ok(());
        }
        if self.chats.len() >= MAX_CHATS {
            return Err(Error::Conflict("A connection can be in at most 500 chats; leave one first"));
        }
        let messenger = &self.context.messenger;
        let listening = match self.chats.is_empty() {
            true => messenger.listen_to_chat(self.access, chat).await,
            false => messenger.listen_to_another_chat(self.access, chat).await,
        };
        self.chats.insert(chat, listening.map_err(hide_existence)?);
        Ok(())
    }

    fn unsubscribe(&mut self, chat: ChatId) {
        self.chats.remove(&chat);
        if self.chats.values().all(Listener::is_part)
            && let Some(other) = self.chats.values().next()
        {
            other.stand_for_all();
        }
    }

    async fn deliver(&self, socket: &SocketRef, taken: &Queued) -> Result<(), SendError> {
        let Context { messenger, base, .. } = &self.context;
        let links = Links::new(messenger, base, self.access.user).in_language(self.language);
        for outbound in &taken.events {
            let own;
            let message = match outbound.known_for_socket_io(self.language) {
                Some(known) => known,
                None => {
                    let message = message_of(&outbound.event.change, messenger, &links).await;
                    let written = message.and_then(|message| to_raw_value(&message).ok());
                    if depends_on_reader(&outbound.event.change) {
                        own = written;
                        &own
                    } else {
                        outbound.keep_for_socket_io(self.language, written)
                    }
                }
            };
            if let Some(message) = message {
                socket.emit("message", message)?;
            }
        }
        Ok(())
    }
}

/// The events of the first subscribed chat that has any.
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
