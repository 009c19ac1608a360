//! The message bus between nodes: NATS.
//!
//! Nodes tell each other that something happened, not what: the receiver reads that from the database, which is
//! the source of truth. So the bus may lose messages, and carries no content. Only what is not stored anyway,
//! typing and presence, is sent as it is.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// The capacity of the outgoing and of the incoming queue; what exceeds it is dropped.
const QUEUE_CAPACITY: usize = 8_192;
/// The most node messages in one bus message.
const MAX_BATCH: usize = 512;
/// The pause before a node reconnects.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// Identifies a running node; it gets a new one at each start.
pub type NodeId = i64;

/// What nodes tell each other. Numbers are identifiers; times are milliseconds since 1970. The serialized names stay as
/// they are, so that nodes of two versions understand each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeMessage {
    /// Streams have advanced: stream and sequence number.
    #[serde(rename = "Streams")]
    Positions(Vec<(i64, i64)>),
    /// A user is typing in a chat: chat and user.
    Typing(i64, i64),
    /// A user may no longer see another one's presence: the first and the other user.
    #[serde(rename = "Unseen")]
    PresenceHidden(i64, i64),
    /// What others may see of a user's presence has changed.
    #[serde(rename = "Again")]
    PresenceVisibility(i64),
    /// A session has ended: user, session and time.
    #[serde(rename = "Ended")]
    SessionEnded(i64, i64, i64),
    /// Users and their presence on the sending node: 2 is online, 1 is away, 0 is offline.
    #[serde(rename = "There")]
    Presence(Vec<(i64, u8)>),
    /// A request counted towards a limit that protects accounts: kind of limit, and its key in two halves.
    #[serde(rename = "Counted")]
    LimitUsed(u8, u64, u64),
    /// A user gave a wrong group code: user, network in two halves, and time.
    WrongCode(i64, u64, u64, i64),
    /// The sending node is running.
    #[serde(rename = "Alive")]
    Heartbeat,
    /// The sending node stops.
    #[serde(rename = "Gone")]
    Leaving,
    /// The sending node asks for the presence of all users.
    #[serde(rename = "Who")]
    PresenceRequest,
}

/// What a node receives from the bus.
#[derive(Debug, PartialEq, Eq)]
pub enum BusEvent {
    Message(NodeId, NodeMessage),
    /// The bus is connected, for the first time or again: messages may have been lost meanwhile.
    Connected,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    from: NodeId,
    #[serde(rename = "news")]
    messages: Vec<NodeMessage>,
}

/// Where the bus is, and how a node signs in there.
#[derive(Debug, Clone, Default)]
pub struct BusSettings {
    /// `nats://HOST[:PORT][/NAME]` or `tls://…`, with `USER:PASSWORD@` or `TOKEN@` before the host if needed. Nodes with
    /// the same NAME receive each other's messages.
    pub url: String,
    /// A credentials file of NATS (a JWT and an nkey), or a file with the seed of an nkey alone.
    pub credentials: Option<PathBuf>,
    /// Certificates, in PEM, of the authorities that may have signed the server's certificate.
    pub authorities: Option<PathBuf>,
}

/// A node's connection to the bus.
pub struct Bus {
    outbox: mpsc::Sender<NodeMessage>,
    connected: Arc<AtomicBool>,
}

impl Bus {
    /// Connects to the bus. While it is down this keeps trying in the background.
    pub async fn connect(
        settings: &BusSettings,
        node: NodeId,
    ) -> Result<(Self, mpsc::Receiver<BusEvent>), String> {
        let Address { server, login, subject } = parse(&settings.url)?;
        let (inbox, received) = mpsc::channel(QUEUE_CAPACITY);
        let connected = Arc::new(AtomicBool::new(false));
        let (is_connected, events) = (connected.clone(), inbox.clone());
        let on_event = move |event| {
            let events = events.clone();
            let now = match event {
                Event::Connected => Some(true),
                Event::Disconnected | Event::Closed => Some(false),
                _ => None,
            };
            if let Some(now) = now {
                is_connected.store(now, Ordering::Relaxed);
            }
            async move {
                match now {
                    Some(true) => {
                        tracing::info!("connected to the bus");
                        let _ = events.try_send(BusEvent::Connected);
                    }
                    Some(false) => {
                        tracing::warn!("disconnected from the bus; events of other nodes arrive later");
                    }
                    None => tracing::debug!(%event, "bus event"),
                }
            }
        };
        let client = signed_in(settings, login)?
            .name("besedka")
            .no_echo()
            .retry_on_initial_connect()
            .reconnect_delay_callback(|_| RECONNECT_DELAY)
            .event_callback(on_event)
            .connect(server)
            .await
            .map_err(|error| error.to_string())?;
        let mut messages = client.subscribe(subject.clone()).await.map_err(|error| error.to_string())?;
        tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                let Ok(envelope) = serde_json::from_slice::<Envelope>(&message.payload) else {
                    tracing::warn!(
                        "ignored a bus message that cannot be read; is a node of another version running?"
                    );
                    continue;
                };
                for message in envelope.messages {
                    // When the queue is full this node catches up from the database.
                    let _ = inbox.try_send(BusEvent::Message(envelope.from, message));
                }
            }
        });
        let (outbox, outgoing) = mpsc::channel(QUEUE_CAPACITY);
        tokio::spawn(send(client, subject, node, outgoing));
        Ok((Self { outbox, connected }, received))
    }

    /// Connects once, and says why if that fails.
    pub async fn check(settings: &BusSettings) -> Result<(), String> {
        let Address { server, login, .. } = parse(&settings.url)?;
        let client = signed_in(settings, login)?.name("besedka").connect(server).await;
        client.map_err(|error| error.to_string())?.flush().await.map_err(|error| error.to_string())
    }

    /// Queues a message for the other nodes; drops it when the queue is full.
    pub fn publish(&self, message: NodeMessage) {
        let _ = self.outbox.try_send(message);
    }

    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }
}

/// What a bus URL says.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    /// The URL of the NATS server alone.
    server: String,
    login: Option<Login>,
    /// What the nodes publish under.
    subject: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Login {
    Password(String, String),
    Token(String),
}

fn parse(url: &str) -> Result<Address, String> {
    let wrong = || {
        "it must be nats://HOST:PORT or tls://HOST:PORT, with a name after it if several servers share it"
            .to_owned()
    };
    let mut address = url::Url::parse(url).map_err(|_| wrong())?;
    if !matches!(address.scheme(), "nats" | "tls") || address.host().is_none() {
        return Err(wrong());
    }
    let name = address.path().trim_matches('/').to_owned();
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(wrong());
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
    let user = decoded(address.username()).map_err(|_| wrong())?;
    let password = address.password().map(decoded).transpose().map_err(|_| wrong())?;
    let login = match password {
        Some(password) => Some(Login::Password(user, password)),
        None if user.is_empty() => None,
        None => Some(Login::Token(user)),
    };
    address.set_path("");
    address.set_username("").and_then(|()| address.set_password(None)).map_err(|()| wrong())?;
    let name = if name.is_empty() { "besedka" } else { &name };
    Ok(Address { server: address.to_string(), login, subject: format!("{name}.news") })
}

/// Options with what the server asks for.
fn signed_in(settings: &BusSettings, login: Option<Login>) -> Result<ConnectOptions, String> {
    let mut options = match login {
        Some(Login::Password(user, password)) => ConnectOptions::with_user_and_password(user, password),
        Some(Login::Token(token)) => ConnectOptions::with_token(token),
        None => ConnectOptions::new(),
    };
    if let Some(path) = &settings.credentials {
        let unreadable = |why: &dyn Display| format!("{}: {why}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        options = match text.trim() {
            seed if seed.starts_with('S') && !seed.contains(char::is_whitespace) => {
                options.nkey(seed.to_owned())
            }
            // The client library wants a line break after the last line.
            text => options.credentials(&format!("{text}\n")).map_err(|error| unreadable(&error))?,
        };
    }
    if let Some(path) = &settings.authorities {
        std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        options = options.add_root_certificates(path.clone());
    }
    Ok(options)
}

/// Sends queued messages in batches.
async fn send(client: Client, subject: String, node: NodeId, mut outgoing: mpsc::Receiver<NodeMessage>) {
    let mut batch = Vec::new();
    while outgoing.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let envelope = Envelope { from: node, messages: merge_positions(batch.drain(..)) };
        let Ok(bytes) = serde_json::to_vec(&envelope) else { continue };
        if let Err(error) = client.publish(subject.clone(), bytes.into()).await {
            tracing::debug!(%error, "could not send to the bus");
        }
    }
    let _ = client.flush().await;
}

/// Merges stream positions into one message with the highest of each stream.
fn merge_positions(messages: impl Iterator<Item = NodeMessage>) -> Vec<NodeMessage> {
    let mut streams: BTreeMap<i64, i64> = BTreeMap::new();
    let mut others = Vec::new();
    for message in messages {
        match message {
            NodeMessage::Positions(positions) => {
                for (stream, seq) in positions {
                    let highest = streams.entry(stream).or_default();
                    *highest = seq.max(*highest);
                }
            }
            other => others.push(other),
        }
    }
    if !streams.is_empty() {
        others.push(NodeMessage::Positions(streams.into_iter().collect()));
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_after_the_address_selects_the_subject() {
        let address = parse("nats://127.0.0.1:4222").unwrap();
        let (server, subject) = ("nats://127.0.0.1:4222".to_owned(), "besedka.news".to_owned());
        assert_eq!(address, Address { server, login: None, subject });
        let address = parse("tls://a:p%40ss@bus.example.org/team-2").unwrap();
        assert_eq!((&*address.server, &*address.subject), ("tls://bus.example.org", "team-2.news"));
        assert_eq!(address.login, Some(Login::Password("a".to_owned(), "p@ss".to_owned())));
        let token = parse("nats://secret@bus.example.org").unwrap().login;
        assert_eq!(token, Some(Login::Token("secret".to_owned())));
        for wrong in ["127.0.0.1:4222", "http://127.0.0.1", "nats://", "nats://host/a.b", "nats://host/a/b"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_highest_position_of_a_stream_is_sent() {
        let (first, second) = (vec![(1, 5), (2, 1)], vec![(1, 7), (2, 0)]);
        let messages =
            [NodeMessage::Positions(first), NodeMessage::Heartbeat, NodeMessage::Positions(second)];
        let merged = [NodeMessage::Heartbeat, NodeMessage::Positions(vec![(1, 7), (2, 1)])];
        assert_eq!(merge_positions(messages.into_iter()), merged);
    }

    #[test]
    fn the_serialized_names_do_not_change() {
        let json = |message| serde_json::to_string(&message).unwrap();
        assert_eq!(json(NodeMessage::Positions(vec![(1, 5)])), r#"{"Streams":[[1,5]]}"#);
        assert_eq!(json(NodeMessage::PresenceRequest), r#""Who""#);
    }
}
