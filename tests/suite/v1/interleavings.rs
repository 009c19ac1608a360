//! Random interleavings of posts, retries, aborted requests and restarts: every message is there once and in order.

use std::pin::pin;

use futures_util::future::{join, join_all};
use futures_util::poll;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Dice, Person, Reply, TestServer, fresh_key};
use crate::witness::history;

/// What one author does, one thing after the other.
struct Author {
    person: Person,
    chat: i64,
    number: usize,
    dice: Dice,
    /// The content and the id of each acknowledged message, in order.
    acknowledged: Vec<(String, Value)>,
    /// The key and the body of a request that was given up.
    given_up: Option<(String, Value)>,
}

impl Author {
    fn new(person: &Person, chat: i64, seed: u64) -> Self {
        let (person, dice) = (person.clone(), Dice(seed));
        Self { person, chat, number: 0, dice, acknowledged: Vec::new(), given_up: None }
    }

    async fn act(mut self, times: usize) -> Self {
        for _ in 0..times {
            if let Some((key, body)) = self.given_up.take() {
                let message = self.posted(&key, &body).await;
                self.acknowledge(message);
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
                    let (one, other) = join(self.posted(&key, &body), self.posted(&key, &body)).await;
                    assert_eq!(one, other);
                }
                _ => {
                    body["client_id"] = json!(Uuid::new_v4());
                    self.abort(&fresh_key(), &body).await;
                    let other = fresh_key();
                    let (one, other) = join(self.posted(&key, &body), self.posted(&other, &body)).await;
                    assert_eq!(one, other);
                }
            }
            let message = self.posted(&key, &body).await;
            self.acknowledge(message);
        }
        self
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

    async fn send(&self, key: &str, body: &Value) -> Reply {
        self.person.send(Method::POST, "/messages", Some(key), Some(body.clone())).await
    }

    /// The message of a request, which is sent until it is answered.
    async fn posted(&self, key: &str, body: &Value) -> Value {
        loop {
            let reply = self.send(key, body).await;
            if matches!(reply.status, 200 | 201) {
                return reply.body;
            }
            let refused = reply.refused(409, "duplicate_request");
            if let Some(original) = refused.get("original") {
                return original["body"].clone();
            }
            // The first one is still in progress.
        }
    }

    fn acknowledge(&mut self, message: Value) {
        let content = message["content"].as_str().unwrap().to_owned();
        self.acknowledged.push((content, message["id"].clone()));
    }
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
        let authors =
            people[..3].iter().zip(1..).map(|(person, number)| Author::new(person, chat, seed * 10 + number));
        let mut authors: Vec<Author> = authors.collect();
        for _ in 0..3 {
            authors = join_all(authors.into_iter().map(|author| author.act(8))).await;
            server = server.restart().await;
            for person in people.iter_mut().chain(authors.iter_mut().map(|author| &mut author.person)) {
                person.url.clone_from(&server.url);
            }
        }
        for author in &mut authors {
            if let Some((key, body)) = author.given_up.take() {
                let message = author.posted(&key, &body).await;
                author.acknowledge(message);
            }
        }
        let there = history(&people[3], chat).await;
        let told = missed(&people[3], cursor).await;
        let names = |messages: &[Value]| -> Vec<(String, Value)> {
            let name =
                |message: &Value| (message["content"].as_str().unwrap().to_owned(), message["id"].clone());
            messages.iter().map(name).collect()
        };
        assert_eq!(names(&there), names(&told), "seed {seed}");
        for author in &authors {
            let id = format!("{} ", author.person.id);
            let own: Vec<_> =
                names(&there).into_iter().filter(|(content, _)| content.starts_with(&id)).collect();
            assert_eq!(own, author.acknowledged, "seed {seed}");
        }
        assert_eq!(there.len(), authors.iter().map(|author| author.acknowledged.len()).sum::<usize>());
    }
}
