//! The bus between nodes: NATS.
//!
//! Nodes tell each other that something happened, not what: whoever hears it reads that from the database,
//! which is the truth. So the bus may lose anything, and carries nothing that anybody said. What is not kept
//! anyway, who is typing and who is there, travels on it as it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// How much may wait to be said, and to be heard; more is lost.
const LONGEST_QUEUE: usize = 8_192;
/// How much is said in one message.
const TOGETHER: usize = 512;
/// How long a node waits before it tries to come back.
const PAUSE: Duration = Duration::from_millis(500);

/// One node in one of its lives.
pub type NodeId = i64;

/// What nodes tell each other. Numbers are identifiers; times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// Streams have come so far: identifier and place.
    Streams(Vec<(i64, i64)>),
    /// In a chat, somebody is typing.
    Typing(i64, i64),
    /// Somebody may not see any more whether another one is there.
    Unseen(i64, i64),
    /// What others may see of somebody's presence is different now.
    Again(i64),
    /// Somebody's session has ended, and when.
    Ended(i64, i64, i64),
    /// Who is there, on the node that says it: 2 is looking, 1 is connected, 0 is gone.
    There(Vec<(i64, u8)>),
    /// Something was counted that protects accounts: of which kind, and for whom, in two halves.
    Counted(u8, u64, u64),
    /// Somebody gave a wrong code for a group: their number, their network in two halves, and when.
    WrongCode(i64, u64, u64, i64),
    /// The node that says it lives.
    Alive,
    /// The node that says it stops.
    Gone,
    /// The node that says it wants to know who is there.
    Who,
}

/// What a node hears.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    News(NodeId, News),
    /// It is connected, for the first time or again: much may have happened meanwhile.
    Connected,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    from: NodeId,
    news: Vec<News>,
}

/// A node's place on the bus.
pub struct Bus {
    outbox: mpsc::Sender<News>,
    connected: Arc<AtomicBool>,
}

impl Bus {
    /// Takes a place on the bus at `nats://[USER:PASSWORD@]HOST[:PORT][/NAME]`, also while there is none: it is
    /// tried until there is one. Those with the same name hear each other.
    pub async fn join(url: &str, node: NodeId) -> Result<(Self, mpsc::Receiver<Heard>), String> {
        let (server, subject) = split(url)?;
        let (ear, heard) = mpsc::channel(LONGEST_QUEUE);
        let connected = Arc::new(AtomicBool::new(false));
        let (is_connected, told) = (connected.clone(), ear.clone());
        let on_event = move |event| {
            let told = told.clone();
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
                        tracing::info!("the bus is there");
                        let _ = told.try_send(Heard::Connected);
                    }
                    Some(false) => {
                        tracing::warn!("the bus is gone; changes of other nodes are told a little later");
                    }
                    None => tracing::debug!(%event, "the bus"),
                }
            }
        };
        let client = ConnectOptions::new()
            .name("besedka")
            .no_echo()
            .retry_on_initial_connect()
            .reconnect_delay_callback(|_| PAUSE)
            .event_callback(on_event)
            .connect(server)
            .await
            .map_err(|error| error.to_string())?;
        let mut messages = client.subscribe(subject.clone()).await.map_err(|error| error.to_string())?;
        tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                let Ok(envelope) = serde_json::from_slice::<Envelope>(&message.payload) else {
                    tracing::warn!("the bus brought what is not from a node of this version");
                    continue;
                };
                for news in envelope.news {
                    // Who is behind by so much reads the database anyway.
                    let _ = ear.try_send(Heard::News(envelope.from, news));
                }
            }
        });
        let (outbox, waiting) = mpsc::channel(LONGEST_QUEUE);
        tokio::spawn(say(client, subject, node, waiting));
        Ok((Self { outbox, connected }, heard))
    }

    /// Says something, if there is room for it.
    pub fn say(&self, news: News) {
        let _ = self.outbox.try_send(news);
    }

    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }
}

/// The server's address, and the name under which the nodes meet.
fn split(url: &str) -> Result<(String, String), String> {
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
    address.set_path("");
    let name = if name.is_empty() { "besedka" } else { &name };
    Ok((address.to_string(), format!("{name}.news")))
}

/// Says what waits, as much as there is in one message.
async fn say(client: Client, subject: String, node: NodeId, mut waiting: mpsc::Receiver<News>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, TOGETHER).await > 0 {
        let envelope = Envelope { from: node, news: together(batch.drain(..)) };
        let Ok(bytes) = serde_json::to_vec(&envelope) else { continue };
        if let Err(error) = client.publish(subject.clone(), bytes.into()).await {
            tracing::debug!(%error, "the bus takes nothing");
        }
    }
    let _ = client.flush().await;
}

/// How far each stream has come is said once.
fn together(news: impl Iterator<Item = News>) -> Vec<News> {
    let mut streams: BTreeMap<i64, i64> = BTreeMap::new();
    let mut others = Vec::new();
    for one in news {
        match one {
            News::Streams(places) => {
                for (stream, seq) in places {
                    let place = streams.entry(stream).or_default();
                    *place = seq.max(*place);
                }
            }
            other => others.push(other),
        }
    }
    if !streams.is_empty() {
        others.push(News::Streams(streams.into_iter().collect()));
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_after_the_address_is_where_nodes_meet() {
        let place = |url| split(url).unwrap();
        assert_eq!(
            place("nats://127.0.0.1:4222"),
            ("nats://127.0.0.1:4222".to_owned(), "besedka.news".to_owned())
        );
        assert_eq!(place("tls://a:b@bus.example.org/team-2").1, "team-2.news");
        for wrong in ["127.0.0.1:4222", "http://127.0.0.1", "nats://", "nats://host/a.b", "nats://host/a/b"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn of_a_stream_only_the_last_place_is_said() {
        let news = [News::Streams(vec![(1, 5), (2, 1)]), News::Alive, News::Streams(vec![(1, 7), (2, 0)])];
        assert_eq!(together(news.into_iter()), [News::Alive, News::Streams(vec![(1, 7), (2, 1)])]);
    }
}
