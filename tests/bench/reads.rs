//! Section `reads`: the last fifty messages of a chat, asked for by one reader at a time, and whether
//! it matters how many messages there are.

use std::time::Instant;

use serde_json::Value;

use crate::archive::Archive;
use crate::crowd::Person;
use crate::http::{Connection, request};
use crate::post::now;
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::times::Times;
use crate::{Bench, Result};

const PAGE: usize = 50;

pub(crate) struct Reads {
    table: Table,
    first: Option<[f64; 2]>,
}

impl Reads {
    pub(crate) fn new() -> Self {
        let table = Table::new(
            "Reading the last 50 of a chat",
            &["messages in all", "chat", "reads", "p50 ms", "p99 ms", "p50 to the first size"],
        );
        Self { table, first: None }
    }

    pub(crate) async fn measure(&mut self, bench: &Bench, server: &Server, archive: &Archive) -> Result<()> {
        eprintln!("reads: {} messages …", archive.messages);
        // An odd stride that shares no factor with the count of chats visits all of them in no order.
        let small = run(bench, server, |turn| archive.small(turn * 377)).await?;
        let big = run(bench, server, |_| archive.big()).await?;
        let first = *self.first.get_or_insert([small[1], big[1]]);
        for (name, [count, half, nearly_all], first) in
            [("any of the small ones", small, first[0]), ("the big one", big, first[1])]
        {
            self.table.row(vec![
                Cell::count(archive.messages),
                name.into(),
                Cell::count(count as usize),
                half.into(),
                nearly_all.into(),
                (half / first).into(),
            ]);
        }
        Ok(())
    }

    pub(crate) fn table(self) -> Table {
        self.table
    }
}

async fn run<'a>(
    bench: &Bench,
    server: &Server,
    chat: impl Fn(usize) -> (u64, &'a Person),
) -> Result<[f64; 3]> {
    let mut connection = Connection::open(server.address).await?;
    let mut times = Times::default();
    let begun = Instant::now();
    let mut turn = 0;
    while begun.elapsed() < bench.time / 2 {
        let (chat, reader) = chat(turn);
        let path = format!("/api/v1/messages?chat_id={chat}&limit={PAGE}");
        let question = request("GET", &path, Some(&reader.token), &Value::Null);
        let asked = now();
        let answer = connection.ask(&question).await?;
        times.add_nanos(now() - asked);
        answer.expect(200)?;
        if turn.is_multiple_of(256) {
            check(answer.body, chat)?;
        }
        turn += 1;
    }
    let count = times.len() as f64;
    let [half, nearly_all] = times.millis([0.50, 0.99]);
    Ok([count, half, nearly_all])
}

/// That a page is full, of this chat, and newest first.
fn check(body: &[u8], chat: u64) -> Result<()> {
    let page: Vec<Value> = serde_json::from_slice(body)?;
    let of_the_chat = page.iter().all(|message| message["chat_id"] == chat);
    let newest_first = page.is_sorted_by_key(|message| std::cmp::Reverse(message["id"].as_u64()));
    if page.len() == PAGE && of_the_chat && newest_first {
        return Ok(());
    }
    Err(format!("not the last {PAGE} messages of chat {chat}, but {} of them", page.len()).into())
}
