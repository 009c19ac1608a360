//! Section `search`: finding messages for members of few chats, of many and of all, with many messages in
//! the database, and how long after a post it is found.
//!
//! What is looked for was said by somebody: a word, two words, a part of one, a phrase; or two words that
//! were said apart, which often nobody said together. Words are taken as often as they are said.

use std::fmt::Write;
use std::time::Instant;

use serde_json::{Value, json};

use crate::archive::Archive;
use crate::crowd::Person;
use crate::http::{Connection, request};
use crate::post::now;
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::times::Times;
use crate::{Bench, Result};

/// Posts whose way into the index is timed.
const POSTS: usize = 20;

pub(crate) struct Searches {
    searches: Table,
    delays: Table,
}

impl Searches {
    pub(crate) fn new() -> Self {
        Self {
            searches: Table::new(
                "Searching",
                &["messages in all", "reader's chats", "order", "searches", "p50 ms", "p95 ms", "p99 ms"],
            ),
            delays: Table::new(
                "From the answer to a post until it is found",
                &["messages in all", "posts", "p50 ms", "max ms"],
            ),
        }
    }

    pub(crate) async fn measure(&mut self, bench: &Bench, server: &Server, archive: &Archive) -> Result<()> {
        eprintln!("search: {} messages …", archive.messages);
        let begun = Instant::now();
        // What was said before it was indexed before it.
        until_found(server, archive, 0).await?;
        eprintln!("the index was complete {:.1} s later", begun.elapsed().as_secs_f64());
        let mut delays = Times::default();
        for number in 1..=POSTS {
            delays.add_nanos(until_found(server, archive, number).await?);
        }
        let [half, all] = delays.millis([0.5, 1.0]);
        self.delays.row(vec![Cell::count(archive.messages), Cell::count(POSTS), half.into(), all.into()]);

        for (chats, reader) in archive.readers() {
            for order in ["newest", "best"] {
                let (count, [half, most, nearly_all]) = run(bench, server, archive, reader, order).await?;
                self.searches.row(vec![
                    Cell::count(archive.messages),
                    Cell::count(chats),
                    order.into(),
                    Cell::count(count),
                    half.into(),
                    most.into(),
                    nearly_all.into(),
                ]);
            }
        }
        Ok(())
    }

    pub(crate) fn tables(self) -> [Table; 2] {
        [self.searches, self.delays]
    }
}

async fn run(
    bench: &Bench,
    server: &Server,
    archive: &Archive,
    reader: &Person,
    order: &str,
) -> Result<(usize, [f64; 3])> {
    let mut connection = Connection::open(server.address).await?;
    let mut times = Times::default();
    let (mut found, mut turn) = (0, 0);
    let begun = Instant::now();
    while begun.elapsed() < bench.time / 2 {
        let words = query(archive, turn);
        let question = question(reader, &words, order);
        let asked = now();
        let answer = connection.ask(&question).await?;
        times.add_nanos(now() - asked);
        answer.expect(200)?;
        found += usize::from(!answer.body.starts_with(b"{\"results\":[]"));
        turn += 1;
    }
    if found == 0 {
        return Err(format!("of {turn} searches none found anything").into());
    }
    Ok((times.len(), times.millis([0.50, 0.95, 0.99])))
}

/// What the next search looks for.
fn query(archive: &Archive, turn: usize) -> String {
    // Odd strides visit all messages in no order, and both scripts.
    let one = archive.sentence(turn * 37_139);
    let other = archive.sentence(turn * 74_279 + 1);
    let place = turn / 5 % (one.len() - 1);
    match turn % 5 {
        0 => one[place].clone(),
        1 => format!("{} {}", one[place], one[place + 1]),
        2 => one[place].chars().skip(1).collect(),
        3 => format!("\"{} {}\"", one[place], one[place + 1]),
        _ => format!("{} {}", one[place], other[0]),
    }
}

fn question(reader: &Person, words: &str, order: &str) -> Vec<u8> {
    let mut path = "/api/v1/search?order=".to_owned() + order + "&q=";
    for byte in words.bytes() {
        let _ = write!(path, "%{byte:02x}");
    }
    request("GET", &path, Some(&reader.token), &Value::Null)
}

/// Says something new, and asks for it until it is found: nanoseconds since the answer to the post.
async fn until_found(server: &Server, archive: &Archive, number: usize) -> Result<u64> {
    let (chat, person) = archive.big();
    let mut connection = Connection::open(server.address).await?;
    let word = format!("q{}q{number}", archive.messages);
    let body = json!({"chat_id": chat, "type": "text", "content": word});
    connection.call(("POST", "/api/v1/messages"), Some(&person.token), &body, 201).await?;
    let said = now();
    let question = question(person, &word, "newest");
    loop {
        let answer = connection.ask(&question).await?;
        answer.expect(200)?;
        let page: Value = serde_json::from_slice(answer.body)?;
        if page["results"][0]["message"]["content"] == word {
            return Ok(now() - said);
        }
    }
}
