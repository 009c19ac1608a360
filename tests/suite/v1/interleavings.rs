//! Random interleavings of posts, retries, aborted requests, restarts and kills: every message is there once and in
//! order.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{join, join_all};
use futures_util::poll;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

use crate::process::Process;
use crate::server::{Dice, Person, Reply, TestServer, fresh_key};
use crate::traffic::history;

/// What one author does, one thing after the other.
struct Author {
    person: Person,
    chat: i64,
    number: usize,
    dice: Dice,
    /// The content and the id of each acknowledged message, in order.
    acknowledged: Vec<(String, Value)>,
    /// The key and the body of a request that was given up, or got no answer.
    given_up: Option<(String, Value)>,
    /// How many messages were acknowledged, to all authors.
    count: Arc<watch::Sender<usize>>,
}

impl Author {
    fn new(person: &Person, chat: i64, seed: u64, count: &Arc<watch::Sender<usize>>) -> Self {
        let (person, dice, count) = (person.clone(), Dice(seed), count.clone());
        Self { person, chat, number: 0, dice, acknowledged: Vec::new(), given_up: None, count }
    }

    /// Does so many things, fewer if the server is killed.
    async fn act(mut self, times: usize) -> Self {
        for _ in 0..times {
            if !self.catch_up().await {
                return self;
            }
            self.number += 1;
            let content = format!("{} {}", self.person.id, self.number);
            let mut body = json!({"chat_id": self.chat, "type": "text", "content": content});
            let key = fresh_key();
            match self.dice.roll(6) {
                0 | 1 => {}
                2 => {
                    self.abort(&key, &body).await;
                }
                3 => {
                    self.abort(&key, &body).await;
                    self.given_up = Some((key, body));
                    continue;
                }
                4 => {
                    let both = join(self.posted(&key, &body), self.posted(&key, &body)).await;
                    if let (Some(one), Some(other)) = both {
                        assert_eq!(one, other);
                    }
                }
                _ => {
                    body["client_id"] = json!(Uuid::new_v4());
                    self.abort(&fresh_key(), &body).await;
                    let other = fresh_key();
                    let both = join(self.posted(&key, &body), self.posted(&other, &body)).await;
                    if let (Some(one), Some(other)) = both {
                        assert_eq!(one, other);
                    }
                }
            }
            self.given_up = Some((key, body));
            if !self.catch_up().await {
                return self;
            }
        }
        self
    }

    /// Sends again what was given up; answers whether the server is there.
    async fn catch_up(&mut self) -> bool {
        let Some((key, body)) = self.given_up.take() else { return true };
        match self.posted(&key, &body).await {
            Some(message) => {
                self.acknowledge(message);
                true
            }
            None => {
                self.given_up = Some((key, body));
                false
            }
        }
    }

    /// Gives a request up at some moment.
    async fn abort(&mut self, key: &str, body: &Value) {
        let rolls = self.dice.roll(40);
        let mut request = pin!(self.send(key, body));
        for _ in 0..rolls {
            if poll!(request.as_mut()).is_ready() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Nothing when the connection breaks.
    async fn send(&self, key: &str, body: &Value) -> Option<Reply> {
        let request = self.person.http.post(format!("{}/api/v1/messages", self.person.url));
        let request = request.bearer_auth(&self.person.token).header("Idempotency-Key", key).json(body);
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.ok()?).unwrap();
        Some(Reply { status, headers, body })
    }

    /// The message of a request, which is sent until it is answered; nothing when the server is gone.
    async fn posted(&self, key: &str, body: &Value) -> Option<Value> {
        loop {
            let reply = self.send(key, body).await?;
            if matches!(reply.status, 200 | 201) {
                return Some(reply.body);
            }
            let refused = reply.refused(409, "duplicate_request");
            if let Some(original) = refused.get("original") {
                return Some(original["body"].clone());
            }
            // The first one is still in progress.
        }
    }

    fn acknowledge(&mut self, message: Value) {
        let content = message["content"].as_str().unwrap().to_owned();
        self.acknowledged.push((content, message["id"].clone()));
        self.count.send_modify(|count| *count += 1);
    }
}

/// Every message that was acknowledged is there once, was told once and in the same order, each author's in the order in
/// which they sent them; and nothing else is there.
async fn check(reader: &Person, chat: i64, cursor: String, authors: &mut [Author], seed: u64) {
    for author in &mut *authors {
        assert!(author.catch_up().await);
    }
    let there = history(reader, chat).await;
    let told = missed(reader, cursor).await;
    let names = |messages: &[Value]| -> Vec<(String, Value)> {
        let name = |message: &Value| (message["content"].as_str().unwrap().to_owned(), message["id"].clone());
        messages.iter().map(name).collect()
    };
    assert_eq!(names(&there), names(&told), "seed {seed}");
    for author in &*authors {
        let id = format!("{} ", author.person.id);
        let own: Vec<_> = names(&there).into_iter().filter(|(content, _)| content.starts_with(&id)).collect();
        assert_eq!(own, author.acknowledged, "seed {seed}");
    }
    assert_eq!(there.len(), authors.iter().map(|author| author.acknowledged.len()).sum::<usize>());
}

/// The messages that a member missed, in the order in which they are told.
pub async fn missed(person: &Person, mut cursor: String) -> Vec<Value> {
    let mut messages = Vec::new();
    loop {
        let page = person.get(&format!("/sync?limit=20&cursor={cursor}")).await.expect(200);
        assert_eq!(page["gaps"], json!([]));
        let is_post = |event: &&Value| event["event"] == "message.created" && event["data"]["type"] == "text";
        messages.extend(page["events"].as_array().unwrap().iter().filter(is_post).map(|e| e["data"].clone()));
        if page["has_more"] == false {
            return messages;
        }
        cursor = page["cursor"].as_str().unwrap().to_owned();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_aborted_retried_and_restarted_each_message_stays_once_and_in_order() {
    for seed in 1..=3 {
        let mut server = TestServer::start().await;
        let mut people = Vec::new();
        for name in ["ann", "bob", "eve", "tom"] {
            people.push(server.person(name).await);
        }
        let chat = people[0].group("Garden", &[&people[1], &people[2], &people[3]]).await;
        let cursor = people[3].cursor().await;
        let count = Arc::default();
        let authors = people[..3].iter().zip(1..);
        let authors = authors.map(|(person, number)| Author::new(person, chat, seed * 10 + number, &count));
        let mut authors: Vec<Author> = authors.collect();
        for _ in 0..3 {
            authors = join_all(authors.into_iter().map(|author| author.act(8))).await;
            server = server.restart().await;
            for person in people.iter_mut().chain(authors.iter_mut().map(|author| &mut author.person)) {
                person.url.clone_from(&server.url);
            }
        }
        check(&people[3], chat, cursor, &mut authors, seed).await;
    }
}

/// The same with a process that is killed while they act, on an embedded database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_aborted_retried_and_killed_each_message_stays_once_and_in_order() {
    for seed in 1..=2 {
        let dir = TempDir::new().unwrap();
        let mut process = Process::start(dir.path(), &[]).await;
        let mut people = join_all(["ann", "bob", "eve", "tom"].map(|name| process.person(name))).await;
        let chat = people[0].group("Garden", &[&people[1], &people[2], &people[3]]).await;
        let cursor = people[3].cursor().await;
        let count = Arc::default();
        let authors = people[..3].iter().zip(1..);
        let authors = authors.map(|(person, number)| Author::new(person, chat, seed * 100 + number, &count));
        let mut authors: Vec<Author> = authors.collect();
        let (mut dice, mut acknowledged) = (Dice(seed), count.subscribe());
        for _ in 0..3 {
            let acting: Vec<_> =
                authors.into_iter().map(|author| tokio::spawn(author.act(usize::MAX))).collect();
            let enough = *count.borrow() + 10 + dice.roll(40);
            acknowledged.wait_for(|count| *count >= enough).await.unwrap();
            process.kill().await;
            authors = join_all(acting).await.into_iter().map(Result::unwrap).collect();
            assert!(authors.iter().all(|author| author.given_up.is_some()), "each was stopped by the kill");
            process = Process::start(dir.path(), &[]).await;
            for person in people.iter_mut().chain(authors.iter_mut().map(|author| &mut author.person)) {
                person.url.clone_from(&process.url);
            }
        }
        check(&people[3], chat, cursor, &mut authors, seed).await;
        process.stop().await;
    }
}
