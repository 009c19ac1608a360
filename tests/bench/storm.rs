//! Section `storm`: how long posts take while other clients do the worst that they may: one lists two hundred chats
//! twenty times at once, one imports an archive, one searches, one gives up on its posts and tries again, and one
//! opens a socket and reads nothing. Also how fast an archive is imported, alone and in the storm.

use std::cell::Cell;
use std::io::{Cursor, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use zip::write::SimpleFileOptions;

use crate::crowd::{Crowd, Person};
use crate::effort::Watch;
use crate::http::{Connection, request};
use crate::post::Post;
use crate::report::{Cell as Field, Table};
use crate::sends::{columns, posts, run};
use crate::server::Server;
use crate::socket::Socket;
use crate::upload::upload;
use crate::{Bench, Result};

const SENDERS: usize = 16;
const OTHERS: usize = 5;
const CHATS: usize = 8;
/// An import that takes longer has failed.
const IMPORT_PATIENCE: Duration = Duration::from_secs(600);

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<[Table; 2]> {
    let server = bench.start(&crowd.data).await?;
    crowd.gather(&server, SENDERS + OTHERS).await?;
    let (senders, others) = crowd.people[..SENDERS + OTHERS].split_at(SENDERS);
    let mut chats = Vec::new();
    for chat in 0..CHATS {
        let members: Vec<_> = senders.iter().skip(chat).step_by(CHATS).chain([&others[4]]).collect();
        chats.push(Crowd::chat(&server, &format!("Storm {chat}"), &members).await?);
    }
    unread_chats(bench, &server, &senders[0], &others[0]).await?;

    let mut table = Table::new("Durable sends in a storm", &columns("senders"));
    let of_import = ["import", "messages", "messages/s", "server CPU µs/message"];
    let mut imports = Table::new("Importing an archive", &of_import);
    let messages = bench.pick(100_000, 1_000);
    let archive = upload_archive(server.address, &others[4], messages).await?;
    let watch = Watch::start(&[&server])?;
    let took = import(server.address, &others[4].token, &archive).await?;
    let cost = watch.read(&[&server])?.micros_each(messages as u64);
    imports.row(vec!["alone".into(), Field::count(messages), rate(messages, took).into(), cost.into()]);
    let imported_in = Rc::new(Cell::new(Duration::ZERO));
    for is_stormy in [false, true] {
        eprintln!("storm: {} …", if is_stormy { "with it" } else { "calm" });
        let ended = Rc::new(Cell::new(false));
        let mut storm = JoinSet::new();
        if is_stormy {
            start(&server, others, messages, &imported_in, &ended, &mut storm).await?;
        }
        let mut row = run(bench, &server, posts(senders, &chats), 201).await?;
        row[0] = if is_stormy { "16, in the storm".into() } else { "16, calm".into() };
        table.row(row);
        ended.set(true);
        while let Some(client) = storm.join_next().await {
            client??;
        }
    }
    server.stop()?;
    let rate = rate(messages, imported_in.get()).into();
    imports.row(vec!["begun in the storm".into(), Field::count(messages), rate, "".into()]);
    Ok([table, imports])
}

fn rate(messages: usize, took: Duration) -> f64 {
    messages as f64 / took.as_secs_f64()
}

/// Two hundred chats, each with messages that their one reader never reads.
async fn unread_chats(bench: &Bench, server: &Server, author: &Person, reader: &Person) -> Result<()> {
    let [chats, messages] = bench.pick([200, 100], [20, 10]);
    let mut connection = Connection::open(server.address).await?;
    for chat in 0..chats {
        let id = Crowd::chat(server, &format!("Unread {chat}"), &[author, reader]).await?;
        let mut post = Post::new(&author.token, id, 0);
        for ticket in 0..messages {
            connection.ask(post.stamped(ticket as u64)).await?.expect(201)?;
        }
    }
    Ok(())
}

async fn start(
    server: &Server,
    people: &[Person],
    messages: usize,
    imported_in: &Rc<Cell<Duration>>,
    ended: &Rc<Cell<bool>>,
    storm: &mut JoinSet<Result<()>>,
) -> Result<()> {
    let [lister, importer, searcher, impatient, idle] = people else {
        return Err(format!("a storm takes {OTHERS} people").into());
    };
    let archive = upload_archive(server.address, importer, messages).await?;
    let address = server.address;
    let (token, ended_) = (lister.token.clone(), Rc::clone(ended));
    storm.spawn_local(async move { list(address, &token, &ended_).await });
    let (token, imported_in) = (importer.token.clone(), Rc::clone(imported_in));
    storm.spawn_local(async move {
        // It may take longer than the measurement, which then waits for it.
        imported_in.set(import(address, &token, &archive).await?);
        Ok(())
    });
    let (token, ended_) = (searcher.token.clone(), Rc::clone(ended));
    storm.spawn_local(async move { search(address, &token, &ended_).await });
    let member = Crowd::chat(server, "Impatient", &[impatient, idle]).await?;
    let (token, ended_) = (impatient.token.clone(), Rc::clone(ended));
    storm.spawn_local(async move { abort_and_retry(address, &token, member, &ended_).await });
    let (socket, ended_) = (Socket::open(address, &idle.token).await?, Rc::clone(ended));
    storm.spawn_local(async move {
        while !ended_.get() {
            sleep(Duration::from_millis(50)).await;
        }
        drop(socket);
        Ok(())
    });
    Ok(())
}

/// How long an import takes.
async fn import(address: SocketAddr, token: &str, archive: &str) -> Result<Duration> {
    let mut connection = Connection::open(address).await?;
    let body = json!({"attachment_id": archive});
    let request = request("POST", "/api/v1/users/me/import", Some(token), &body);
    let begun = Instant::now();
    connection.ask_within(IMPORT_PATIENCE, &request).await?.expect(200)?;
    Ok(begun.elapsed())
}

async fn list(address: SocketAddr, token: &str, ended: &Cell<bool>) -> Result<()> {
    let question = request("GET", "/api/v1/chats", Some(token), &Value::Null);
    let mut connections = Vec::new();
    for _ in 0..20 {
        connections.push(Connection::open(address).await?);
    }
    while !ended.get() {
        try_join_all(
            connections.iter_mut().map(|connection| async { connection.ask(&question).await?.expect(200) }),
        )
        .await?;
    }
    Ok(())
}

async fn search(address: SocketAddr, token: &str, ended: &Cell<bool>) -> Result<()> {
    let question = request("GET", "/api/v1/search?q=garden&order=best", Some(token), &Value::Null);
    let mut connection = Connection::open(address).await?;
    while !ended.get() {
        connection.ask(&question).await?.expect(200)?;
    }
    Ok(())
}

/// Ten times a second: a post whose client hangs up, and the same post again with the same key.
async fn abort_and_retry(address: SocketAddr, token: &str, chat: u64, ended: &Cell<bool>) -> Result<()> {
    let mut post = Post::new(token, chat, 0);
    let mut ticket = 0;
    while !ended.get() {
        let request = post.stamped(ticket).to_vec();
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&request).await?;
        drop(stream);
        let mut connection = Connection::open(address).await?;
        let answer = connection.ask(&request).await?;
        if !matches!(answer.status, 201 | 409) {
            answer.expect(201)?;
        }
        ticket += 1;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Uploads an archive of one chat with so many messages; its attachment's id.
async fn upload_archive(address: SocketAddr, person: &Person, messages: usize) -> Result<String> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let about =
        json!({"format": "besedka-export", "version": 1, "made_at": "2024-03-26T12:00:00", "user_id": 7});
    let mut lines = Vec::new();
    for id in 0..messages {
        let line = json!({"id": id, "author_id": 7, "type": "text", "content": format!("Imported message {id}"),
            "ts": "2024-03-26T12:00:00"});
        writeln!(lines, "{line}")?;
    }
    for (name, bytes) in [
        ("export.json", about.to_string().as_bytes()),
        ("profile.json", br#"{"id": 7, "display_name": "Bench"}"#),
        ("chats/5/chat.json", br#"{"title": "Old", "kind": "group"}"#),
        ("chats/5/messages-0001.ndjson", &lines),
    ] {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(bytes)?;
    }
    let bytes = zip.finish()?.into_inner();
    upload(address, person, ("export.zip", "application/zip"), bytes).await
}
