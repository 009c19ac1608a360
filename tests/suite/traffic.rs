//! People who know what was sent: who posts keeps what was acknowledged, who listens what was received.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::server::{Person, Reply, Socket, fresh_key};

/// Somebody who posts one message after the other, and knows what became of each.
pub struct Poster {
    pub person: Person,
    chat: i64,
    name: usize,
    next: usize,
    /// What was answered, in order.
    pub acknowledged: Vec<Value>,
    /// The key and the body of what got no answer.
    unanswered: Option<(String, Value)>,
    /// How much was answered to all of them.
    pub count: Arc<AtomicUsize>,
}

impl Poster {
    pub fn new(person: &Person, chat: i64, name: usize) -> Self {
        Self {
            person: person.clone(),
            chat,
            name,
            next: 0,
            acknowledged: Vec::new(),
            unanswered: None,
            count: Arc::default(),
        }
    }

    pub async fn post_until(mut self, stop: Arc<AtomicBool>) -> Self {
        while !stop.load(Ordering::SeqCst) {
            self.next += 1;
            let text = format!("{} {}", self.name, self.next);
            let body = json!({"chat_id": self.chat, "type": "text", "content": text});
            let key = fresh_key();
            match self.attempt(&key, &body).await {
                Some(reply) if reply.status == 201 => {
                    self.acknowledged.push(reply.body);
                    self.count.fetch_add(1, Ordering::SeqCst);
                }
                // A server that stops may say so; one that has found out that it was carried out after all, too.
                Some(reply) if reply.status == 409 => {
                    self.acknowledged.push(original(reply));
                    self.count.fetch_add(1, Ordering::SeqCst);
                }
                Some(reply) => {
                    assert_eq!(reply.status, 503, "{}", reply.body);
                    self.unanswered = Some((key, body));
                    return self;
                }
                None => {
                    self.unanswered = Some((key, body));
                    return self;
                }
            }
        }
        self
    }

    /// Nothing when the connection broke.
    async fn attempt(&self, key: &str, body: &Value) -> Option<Reply> {
        let request = self.person.http.post(format!("{}/api/v1/messages", self.person.url));
        let request = request.bearer_auth(&self.person.token).header("Idempotency-Key", key).json(body);
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = serde_json::from_slice(&response.bytes().await.ok()?).unwrap();
        Some(Reply { status, headers, body })
    }

    /// Sends what got no answer again with its key: it is carried out now, or it was.
    pub async fn repeat_what_got_no_answer(&mut self) {
        let Some((key, body)) = self.unanswered.take() else {
            return;
        };
        let reply = self.attempt(&key, &body).await.unwrap();
        let message = match reply.status {
            201 => reply.body,
            _ => original(reply),
        };
        assert_eq!(message["content"], body["content"]);
        self.acknowledged.push(message);
        self.attempt(&key, &body).await.unwrap().refused(409, "duplicate_request");
    }
}

/// The message that was posted before with the same key.
fn original(reply: Reply) -> Value {
    let refused = reply.refused(409, "duplicate_request");
    assert_eq!(refused["original"]["status"], 201);
    refused["original"]["body"].clone()
}

/// Every acknowledged message is there once, as it was answered, each poster's in order; and nothing
/// else is but what got no answer.
pub fn check(kept: &[Value], posters: &[Poster]) {
    let mut places = BTreeMap::new();
    for (place, message) in kept.iter().enumerate() {
        assert!(places.insert(message["content"].as_str().unwrap(), place).is_none(), "twice: {message}");
    }
    for poster in posters {
        let mut last = None;
        for message in &poster.acknowledged {
            let place = places.remove(message["content"].as_str().unwrap());
            assert_eq!(place.map(|place| &kept[place]), Some(message), "lost or changed");
            assert!(place > last, "out of order: {message}");
            last = place;
        }
    }
    let unanswered: BTreeSet<&str> = posters
        .iter()
        .filter_map(|poster| poster.unanswered.as_ref())
        .map(|(_, body)| body["content"].as_str().unwrap())
        .collect();
    assert!(places.keys().all(|text| unanswered.contains(text)), "{places:?}");
}

/// A client that listens, and resumes by its own cursor.
pub struct Ear {
    pub person: Person,
    first: String,
    positions: BTreeMap<String, String>,
    pub received: Vec<Value>,
}

impl Ear {
    pub fn new(person: &Person, cursor: String) -> Self {
        Self { person: person.clone(), first: cursor, positions: BTreeMap::new(), received: Vec::new() }
    }

    pub async fn connect(&self) -> Socket {
        let newer: String = self.positions.values().map(|position| format!(".{position}")).collect();
        self.person.resume(&format!("{}{newer}", self.first)).await
    }

    pub fn take(&mut self, frame: Value) {
        if let Some(position) = frame["position"].as_str() {
            let (stream, _) = position.split_once('-').unwrap();
            self.positions.insert(stream.to_owned(), position.to_owned());
        }
        if frame["event"] == "message.created" && frame["data"]["type"] == "text" {
            self.received.push(frame["data"].clone());
        }
    }

    /// Until the socket is closed; answers with which code.
    pub async fn listen(mut self) -> (Self, u16) {
        let mut socket = self.connect().await;
        loop {
            match socket.next().await {
                Ok(frame) => self.take(frame),
                Err(code) => return (self, code),
            }
        }
    }

    /// Until so many messages were received; comes back whenever it was too slow.
    pub async fn hear(mut self, count: usize) -> Self {
        while self.received.len() < count {
            let mut socket = self.connect().await;
            while self.received.len() < count {
                match socket.next().await {
                    Ok(frame) => self.take(frame),
                    Err(code) => {
                        assert_eq!(code, 1013);
                        break;
                    }
                }
            }
        }
        self
    }

    /// All that was missed.
    pub async fn drain(&mut self) {
        let mut socket = self.connect().await;
        loop {
            let frame = socket.next().await.unwrap();
            if frame["event"] == "ready" {
                return;
            }
            self.take(frame);
        }
    }
}

/// All that people sent in a chat, the oldest first.
pub async fn history(person: &Person, chat: i64) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let before = all.last().map(|message| format!("&before_id={}", message["id"])).unwrap_or_default();
        let page = person.get(&format!("/messages?chat_id={chat}&limit=200{before}")).await.expect(200);
        let page = page.as_array().unwrap();
        all.extend(page.iter().cloned());
        if page.len() < 200 {
            all.retain(|message| message["type"] == "text");
            all.reverse();
            return all;
        }
    }
}
