//! Section `lists`: the chat list of a member of some two hundred chats with many messages in all, of which
//! nothing was read, and then everything; and how large the database is.

use std::time::Instant;

use serde_json::{Value, json};

use crate::archive::Archive;
use crate::http::{Connection, request};
use crate::post::{TEXT_LENGTH, now};
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::times::Times;
use crate::{Bench, Result};

pub(crate) struct Lists {
    lists: Table,
    sizes: Table,
}

impl Lists {
    pub(crate) fn new() -> Self {
        Self {
            lists: Table::new(
                "Listing one's chats",
                &["messages in all", "chats", "unread in them", "lists", "p50 ms", "p99 ms"],
            ),
            sizes: Table::new(
                "On the disk",
                &["messages in all", "MiB", "bytes per message beside its text"],
            ),
        }
    }

    pub(crate) async fn measure(&mut self, bench: &Bench, server: &Server, archive: &Archive) -> Result<()> {
        eprintln!("lists: {} messages …", archive.messages);
        let (_, reader) = archive.big();
        let mut connection = Connection::open(server.address).await?;
        let question = request("GET", "/api/v1/chats", Some(&reader.token), &Value::Null);
        for all_read in [false, true] {
            let answer = connection.ask(&question).await?;
            answer.expect(200)?;
            let chats: Vec<Value> = serde_json::from_slice(answer.body)?;
            if all_read {
                for chat in &chats {
                    let path = format!("/api/v1/chats/{}/read", chat["id"]);
                    connection.call(("POST", &path), Some(&reader.token), &json!({}), 200).await?;
                }
            }
            let unread: u64 = if all_read {
                0
            } else {
                chats.iter().filter_map(|chat| chat["unread_count"].as_u64()).sum()
            };
            let mut times = Times::default();
            let begun = Instant::now();
            while begun.elapsed() < bench.time / 2 {
                let asked = now();
                connection.ask(&question).await?.expect(200)?;
                times.add_nanos(now() - asked);
            }
            let [half, nearly_all] = times.millis([0.50, 0.99]);
            self.lists.row(vec![
                Cell::count(archive.messages),
                Cell::count(chats.len()),
                Cell::count(unread as usize),
                Cell::count(times.len()),
                half.into(),
                nearly_all.into(),
            ]);
        }
        Ok(())
    }

    /// Once the server has stopped and everything is in the files of the database and of its search index.
    pub(crate) fn weigh(&mut self, archive: &Archive) -> Result<()> {
        let size = |name| Ok::<_, std::io::Error>(std::fs::metadata(archive.data.join(name))?.len() as f64);
        let bytes = size("besedka.db")? + size("besedka-search.db")?;
        let each = bytes / archive.messages as f64 - TEXT_LENGTH as f64;
        self.sizes.row(vec![Cell::count(archive.messages), (bytes / f64::from(1 << 20)).into(), each.into()]);
        Ok(())
    }

    pub(crate) fn tables(self) -> [Table; 2] {
        [self.lists, self.sizes]
    }
}
