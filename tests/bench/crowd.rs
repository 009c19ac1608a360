//! The people of a run. Registering costs the server a password hash each, so it is done once, and
//! their data directory serves one section after another.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::Result;
use crate::http::Connection;
use crate::server::Server;

pub(crate) struct Crowd {
    pub(crate) data: PathBuf,
    pub(crate) people: Vec<Person>,
    /// Access tokens end after fifteen minutes.
    refreshed: Instant,
}

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) token: String,
    refresh: String,
}

impl Crowd {
    pub(crate) fn new(data: PathBuf) -> Self {
        let (people, refreshed) = (Vec::new(), Instant::now());
        Self { data, people, refreshed }
    }

    /// Sees to it that there are so many people, with tokens good for some minutes.
    pub(crate) async fn gather(&mut self, server: &Server, size: usize) -> Result<()> {
        if self.refreshed.elapsed() > Duration::from_secs(300) {
            let mut connection = Connection::open(server.address).await?;
            for person in &mut self.people {
                person.refresh(&mut connection).await?;
            }
            self.refreshed = Instant::now();
        }
        let missing: Vec<_> = (self.people.len()..size).collect();
        if missing.is_empty() {
            return Ok(());
        }
        eprintln!("registering {} people …", missing.len());
        let mut connections = Vec::new();
        for _ in 0..4 {
            connections.push(Connection::open(server.address).await?);
        }
        for four in missing.chunks(connections.len()) {
            let together = connections.iter_mut().zip(four);
            let people = together.map(|(connection, number)| Person::register(connection, *number));
            self.people.extend(try_join_all(people).await?);
        }
        Ok(())
    }

    /// A new group of these people.
    pub(crate) async fn chat(server: &Server, title: &str, people: &[&Person]) -> Result<u64> {
        let [owner, others @ ..] = people else {
            return Err("a chat of nobody".into());
        };
        let others: Vec<_> = others.iter().map(|person| person.id).collect();
        let mut connection = Connection::open(server.address).await?;
        let chat = connection
            .call(
                ("POST", "/api/v1/chats"),
                Some(&owner.token),
                &json!({"title": title, "is_group": true, "member_ids": others}),
                201,
            )
            .await?;
        if chat["member_count"] != people.len() {
            return Err(format!("a chat for {} people came out as {chat}", people.len()).into());
        }
        Ok(chat["id"].as_u64().ok_or("a chat without id")?)
    }
}

impl Person {
    async fn register(connection: &mut Connection, number: usize) -> Result<Self> {
        let body = json!({
            "username": format!("bench{number}"),
            "password": format!("bench password {number}"),
            "display_name": format!("Bench {number}"),
        });
        let answer = connection.call(("POST", "/api/v1/auth/register"), None, &body, 201).await?;
        Ok(Self {
            id: answer["user"]["id"].as_u64().ok_or("a user without id")?,
            token: text(&answer["tokens"]["access_token"])?,
            refresh: text(&answer["tokens"]["refresh_token"])?,
        })
    }

    async fn refresh(&mut self, connection: &mut Connection) -> Result<()> {
        let body = json!({"refresh_token": self.refresh});
        let tokens = connection.call(("POST", "/api/v1/auth/refresh"), None, &body, 200).await?;
        self.token = text(&tokens["access_token"])?;
        self.refresh = text(&tokens["refresh_token"])?;
        Ok(())
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or("an answer without a token")?.to_owned())
}
