//! Section `questions`: what a request costs that asks for next to nothing, a request for one row, and the last 50
//! messages of a chat, with 16 clients that ask all the time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::crowd::Crowd;
use crate::effort::Watch;
use crate::http::{Connection, request};
use crate::post::{Post, now};
use crate::report::{Cell as Field, Table};
use crate::server::Server;
use crate::times::Times;
use crate::{Bench, Result};

const CLIENTS: usize = 16;

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    let server = bench.start(&crowd.data).await?;
    crowd.gather(&server, CLIENTS).await?;
    let people: Vec<_> = crowd.people[..CLIENTS].iter().collect();
    let chat = Crowd::chat(&server, "Questions", &people).await?;
    let mut connection = Connection::open(server.address).await?;
    let mut post = Post::new(&people[0].token, chat, 0);
    for ticket in 0..50 {
        connection.ask(post.stamped(ticket)).await?.expect(201)?;
    }
    let mut table =
        Table::new("Questions", &["path", "requests/s", "p50 ms", "p99 ms", "server CPU µs/request"]);
    let messages = format!("/api/v1/messages?chat_id={chat}&limit=50");
    for (name, path) in [
        ("/health", "/health"),
        ("/api/v1/users/me", "/api/v1/users/me"),
        ("/api/v1/chats", "/api/v1/chats"),
        ("/api/v1/messages, the last 50", &messages),
    ] {
        eprintln!("questions: {name} …");
        let requests = people.iter().map(|person| request("GET", path, Some(&person.token), &Value::Null));
        table.row(run(bench, &server, name, requests).await?);
    }
    server.stop()?;
    Ok(table)
}

async fn run(
    bench: &Bench,
    server: &Server,
    name: &str,
    requests: impl Iterator<Item = Vec<u8>>,
) -> Result<Vec<Field>> {
    let (stopped, times) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(Times::default())));
    let mut clients = JoinSet::new();
    for request in requests {
        let mut connection = Connection::open(server.address).await?;
        let (stopped, times) = (Rc::clone(&stopped), Rc::clone(&times));
        clients.spawn_local(async move {
            while !stopped.get() {
                let asked = now();
                connection.ask(&request).await?.expect(200)?;
                let mut all = times.take();
                all.add_nanos(now() - asked);
                times.set(all);
            }
            Ok::<_, crate::Error>(())
        });
    }
    sleep(Duration::from_secs(1)).await;
    let watch = Watch::start(&[server])?;
    times.take();
    sleep(bench.time / 2).await;
    let mut all = times.take();
    let effort = watch.read(&[server])?;
    stopped.set(true);
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let count = all.len() as u64;
    let [half, nearly_all] = all.millis([0.50, 0.99]);
    Ok(vec![
        name.into(),
        effort.rate(count).into(),
        half.into(),
        nearly_all.into(),
        effort.micros_each(count).into(),
    ])
}
