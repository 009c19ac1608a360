//! What happens on a bad day: a killed process, a full disk, a slow reader.
//!
//! These use the real program, as a process of its own.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::process::{PATIENCE, Process, ended};
use crate::server::{Dice, PASSWORD, Person, Socket};
use crate::small_disk::SmallDisk;
use crate::traffic::{Ear, Poster, check, history};

/// Whatever was acknowledged before a process is killed in the middle of its work is there
/// afterwards, once and in order; a request whose answer was lost can be repeated with its key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_acknowledged_survives_a_kill_and_nothing_is_doubled() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let people = join_all(["ann", "bob", "eve"].map(|name| process.person(name))).await;
    let chat = people[0].group("Garden", &[&people[1], &people[2]]).await;
    let cursor = people[2].cursor().await;
    let mut dice = Dice(20_260_101);
    let mut posters: Vec<Poster> =
        (0..6).map(|number| Poster::new(&people[number % 3], chat, number)).collect();
    let mut socket = Ear::new(&people[2], cursor);
    let count = posters[0].count.clone();
    for poster in &mut posters {
        poster.count = count.clone();
    }
    for round in 1..=3 {
        let stop = Arc::new(AtomicBool::new(false));
        let posting = join_all(
            posters
                .into_iter()
                .map(|poster| tokio::spawn(poster.post_until(stop.clone())))
                .collect::<Vec<_>>(),
        );
        let listening = tokio::spawn(socket.listen());
        let enough = round * 100 + dice.roll(60);
        while count.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        process.kill().await;
        stop.store(true, Ordering::SeqCst);
        posters = posting.await.into_iter().map(Result::unwrap).collect();
        socket = listening.await.unwrap().0;
        process = Process::start(dir.path(), &[]).await;
        socket.person.url.clone_from(&process.url);
        for poster in &mut posters {
            poster.person.url.clone_from(&process.url);
            poster.repeat_what_got_no_answer().await;
        }
    }
    let reader = Person { url: process.url.clone(), ..people[0].clone() };
    let kept = history(&reader, chat).await;
    check(&kept, &posters);
    socket.drain().await;
    let received: Vec<i64> = ids(&socket.received);
    let sent: Vec<i64> = kept.iter().map(id).collect();
    assert_eq!(received, sent, "who resumes by cursor receives each once and in order");
    process.stop().await;
}

/// Whatever moment a process is killed at, its index is whole soon after the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_before_a_kill_is_found_once_after_it() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let mut ann = process.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let mut dice = Dice(20_260_102);
    let mut sent = 0;
    for _ in 0..3 {
        let until = sent + 60;
        let texts: Vec<String> = (sent..until).map(|number| format!("pebble x{number}x")).collect();
        join_all(texts.iter().map(|text| ann.post_text(chat, text))).await;
        sent = until;
        tokio::time::sleep(Duration::from_millis(dice.roll(400) as u64)).await;
        process.kill().await;
        process = Process::start(dir.path(), &[]).await;
        ann.url.clone_from(&process.url);
    }
    let count = async |query: &str| {
        let page = ann.get(&format!("/search?q={query}&limit=100")).await.expect(200);
        page["results"].as_array().unwrap().len()
    };
    timeout(PATIENCE, async {
        while count(&format!("x{}x", sent - 1)).await == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("the index is whole in time");
    for number in 0..sent {
        assert_eq!(count(&format!("x{number}x")).await, 1, "{number}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_finishes_what_it_began() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let (ann, bob) = (process.person("ann").await, process.person("bob").await);
    let chat = ann.direct(&bob).await;
    let socket = Ear::new(&bob, bob.cursor().await);
    let stop = Arc::new(AtomicBool::new(false));
    let mut posters: Vec<Poster> = (0..6).map(|number| Poster::new(&ann, chat, number)).collect();
    let count = posters[0].count.clone();
    for poster in &mut posters {
        poster.count = count.clone();
    }
    let posting = posters.into_iter().map(|poster| tokio::spawn(poster.post_until(stop.clone())));
    let posting = join_all(posting.collect::<Vec<_>>());
    let listening = tokio::spawn(socket.listen());
    let idle = join_all((0..8).map(|_| bob.socket())).await;
    let posted = async {
        while count.load(Ordering::SeqCst) < 30 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, posted).await.expect("posts are answered");
    let status = process.stop().await;
    assert_eq!(status, Some(0));
    stop.store(true, Ordering::SeqCst);
    let posters: Vec<Poster> = posting.await.into_iter().map(Result::unwrap).collect();
    let (mut socket, code) = listening.await.unwrap();
    assert_eq!(code, 1012);
    for mut socket in idle {
        assert_eq!(socket.closed().await, 1012);
    }
    let process = Process::start(dir.path(), &[]).await;
    let ann = Person { url: process.url.clone(), ..ann };
    let kept = history(&ann, chat).await;
    for poster in &posters {
        assert!(!poster.acknowledged.is_empty());
    }
    check(&kept, &posters);
    socket.person.url.clone_from(&process.url);
    socket.drain().await;
    assert_eq!(socket.received.iter().map(id).collect::<Vec<_>>(), kept.iter().map(id).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_in_words_and_nothing_is_half() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let mut process = Process::start(disk.path(), &[]).await;
    let (ann, bob) = (process.person("ann").await, process.person("bob").await);
    let chat = ann.direct(&bob).await;
    let form = announce(&ann, 4 * 1024 * 1024).await;
    let small = announce(&ann, 1_000).await;
    let mut acknowledged = vec![ann.post_text(chat, "while there is room").await];
    let stuffing = disk.path().join("stuffing");
    disk.fill(&stuffing);
    let mut refused = 0;
    for number in 0..40 {
        let text = format!("{number} {}", "x".repeat(8_000));
        let body = json!({"chat_id": chat, "type": "text", "content": text});
        let reply = ann.post("/messages", body).await;
        match reply.status {
            201 => acknowledged.push(reply.body),
            _ => {
                reply.refused(507, "storage_full");
                refused += 1;
            }
        }
    }
    // Many at once, which are written together.
    let many = join_all((0..20).map(|number| {
        let text = format!("many {number} {}", "x".repeat(8_000));
        let body = json!({"chat_id": chat, "type": "text", "content": text});
        async { ann.post("/messages", body).await }
    }));
    for reply in many.await {
        match reply.status {
            201 => acknowledged.push(reply.body),
            _ => {
                reply.refused(507, "storage_full");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "the disk was full");
    ann.fill_in(&form, vec![7; 3 * 1024 * 1024]).await.refused(507, "storage_full");
    assert_eq!(files_below(&disk.path().join("files")), 0, "no part of the upload is left");
    let path = format!("/messages/{}", acknowledged[0]["id"]);
    ann.patch(&path, json!({"content": "x".repeat(8_000)})).await.refused(507, "storage_full");
    let read: Vec<Value> = history(&ann, chat).await;
    assert_eq!(ids(&read), ids(&acknowledged), "reading goes on, and nothing refused is there");
    std::fs::remove_file(&stuffing).unwrap();
    for number in 0..5 {
        acknowledged.push(ann.post_text(chat, &format!("after {number}")).await);
    }
    assert_eq!(ann.fill_in(&small, vec![7; 1_000]).await.status, 204);
    assert_eq!(ann.fill_in(&form, vec![7; 100_000]).await.status, 204, "the form is good still");
    assert_eq!(ids(&history(&ann, chat).await), ids(&acknowledged));
    assert_eq!(process.stop().await, Some(0));
    let mut process = Process::start(disk.path(), &[]).await;
    let ann = Person { url: process.url.clone(), ..ann };
    assert_eq!(ids(&history(&ann, chat).await), ids(&acknowledged));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_takes_nothing_costs_no_memory_and_holds_nobody_up() {
    const WARMING: usize = 240;
    const MESSAGES: usize = 800;
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let (ann, bob) = (process.person("ann").await, process.person("bob").await);
    let chat = ann.direct(&bob).await;
    let say_eight = async |some: usize| {
        join_all((0..8).map(|number| {
            let ann = ann.clone();
            async move { ann.post_text(chat, &text(some * 8 + number)).await }
        }))
        .await;
        process.memory()
    };
    // The same load without them first: connections, statements and the index take their share.
    let mut before = 0;
    for some in 0..WARMING / 8 {
        before = before.max(say_eight(some).await);
    }
    let mut listening = Vec::new();
    for person in [&ann, &bob] {
        let socket = Ear::new(person, person.cursor().await);
        listening.push(tokio::spawn(socket.hear(MESSAGES)));
    }
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(deaf(&process, &bob).await);
    }
    let mut most = before;
    for some in 0..MESSAGES / 8 {
        most = most.max(say_eight(some).await);
    }
    assert!(most < before + 20 * 1024, "{before} KiB, then {most} KiB");
    let sent = ids(&history(&ann, chat).await);
    for socket in listening {
        let socket = timeout(PATIENCE * 2, socket).await.unwrap().unwrap();
        assert_eq!(socket.received.iter().map(id).collect::<BTreeSet<_>>().len(), MESSAGES);
        assert_eq!(ids(&socket.received), sent[WARMING..], "others hear everything, once and in order");
    }
    for mut stream in slow {
        let mut taken = 0;
        let mut buffer = vec![0; 1024 * 1024];
        // What was on its way comes still; then it is over.
        let ended = timeout(PATIENCE, async {
            loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return taken,
                    Ok(read) => taken += read,
                }
            }
        });
        let taken = ended.await.expect("the server gave it up");
        assert!(taken < MESSAGES * text(0).len(), "it did not hear everything: {taken}");
    }
    process.stop().await;
}

#[tokio::test]
async fn a_large_upload_does_not_grow_the_server() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let ann = process.person("ann").await;
    // The first one pays for what every later one uses again.
    let form = announce(&ann, 1024 * 1024).await;
    assert_eq!(ann.fill_in(&form, vec![7; 1024 * 1024]).await.status, 204);
    let before = process.memory();
    process.forget_peak();
    let bytes = vec![7; 30 * 1024 * 1024];
    let form = announce(&ann, bytes.len()).await;
    assert_eq!(ann.fill_in(&form, bytes).await.status, 204);
    let id = form["attachment_id"].as_str().unwrap();
    let read = ann.http.get(format!("{}/api/v1/attachments/{id}", ann.url)).bearer_auth(&ann.token);
    assert_eq!(read.send().await.unwrap().bytes().await.unwrap().len(), 30 * 1024 * 1024);
    let peak = process.peak_memory();
    assert!(peak < before + 8 * 1024, "{before} KiB, at most {peak} KiB");
    process.stop().await;
}

#[tokio::test]
async fn a_wrong_setting_or_a_busy_port_stops_the_start_in_words() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().to_str().unwrap();
    let file = dir.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let broken = TempDir::new().unwrap();
    std::fs::write(broken.path().join("secret.key"), "short").unwrap();
    let broken = broken.path().to_str().unwrap();
    for (flags, word) in [
        (vec!["--listen", "nonsense"], "--listen"),
        (vec!["--listen", &port], "in use"),
        (vec!["--public-url", "chat.example.org"], "--public-url"),
        (vec!["--rate-limits", "maybe"], "--rate-limits"),
        (vec!["--upload-limit", "0"], "--upload-limit"),
        (vec!["--database-url", "postgres://x"], "--database-url"),
        (vec!["--storage-url", "s4://bucket"], "--storage-url"),
        (vec!["--log", "besedka=loud"], "--log"),
        (vec!["--listen", "127.0.0.1:0", "--data-dir", file], "data folder"),
        (
            vec!["--listen", "127.0.0.1:0", "--backup-every", "24h", "--bus-url", "nats://127.0.0.1:1"],
            "--backup-to",
        ),
        (vec!["--listen", "127.0.0.1:0", "--data-dir", broken], "secret"),
        (vec!["--listen", "127.0.0.1:0", "--database-url", "sqlite:/nowhere/at/all.db"], "database"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
        if !flags.contains(&"--data-dir") {
            command.args(["--data-dir", folder]);
        }
        command.args(&flags).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let status = ended(&mut child).await;
        let mut sent = String::new();
        child.stderr.unwrap().read_to_string(&mut sent).unwrap();
        assert!(!status.success(), "{flags:?}: {sent}");
        assert!(sent.contains(word), "{flags:?}: {sent}");
        let sentence = sent.lines().next().unwrap();
        assert!(
            sentence.len() > 30 && !sent.contains("panicked") && !sent.contains("Error {"),
            "{flags:?}: {sent}"
        );
        assert!(sent.trim().lines().count() <= 6, "{flags:?}: {sent}");
    }
}

#[tokio::test]
async fn secrets_and_messages_are_in_no_log() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &["--log", "trace"]).await;
    let ann = process.person("ann").await;
    let bob = process.person("bob").await;
    let login = json!({"username": "ann", "password": PASSWORD});
    let tokens = ann.post("/auth/login", login).await.expect(200);
    let wrong = json!({"username": "ann", "password": "a-wrong-password"});
    ann.post("/auth/login", wrong).await.expect(401);
    let renewed = ann.send(Method::POST, "/auth/refresh", None, Some(json!({"refresh_token": ann.refresh})));
    let renewed = renewed.await.expect(200);
    let chat = ann.direct(&bob).await;
    let mut by_query = ann.socket().await;
    let ticket = ann.post("/ws/ticket", Value::Null).await.expect(200);
    let ticket = ticket["ticket"].as_str().unwrap();
    Socket::open(&ann.url, &format!("?ticket={ticket}")).await.unwrap().until("ready").await;
    let mut by_frame = Socket::open(&ann.url, "").await.unwrap();
    by_frame.send(json!({"event": "auth", "data": {"token": ann.token}})).await;
    by_frame.until("ready").await;
    ann.post_text(chat, "the-text-of-a-message").await;
    by_query.until("message.created").await;
    let id = ann.upload("a.txt", "text/plain", b"the-text-of-a-file".to_vec()).await;
    let info = ann.get(&format!("/attachments/{id}/info")).await.expect(200);
    let link = info["url"].as_str().unwrap();
    assert_eq!(ann.http.get(link).send().await.unwrap().status(), 200);
    let (_, signature) = link.split_once("signature=").unwrap();
    let secret = std::fs::read_to_string(dir.path().join("secret.key")).unwrap();
    process.stop().await;
    let log = process.log();
    assert!(log.contains("/api/v1/messages"), "the log was written: {log}");
    let token = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    for (what, text) in [
        ("a password", PASSWORD.to_owned()),
        ("a wrong password", "a-wrong-password".to_owned()),
        ("an access token", ann.token.clone()),
        ("another access token", token(&tokens, "access_token")),
        ("a renewed access token", token(&renewed, "access_token")),
        ("a refresh token", ann.refresh.clone()),
        ("a renewed refresh token", token(&renewed, "refresh_token")),
        ("a ticket", ticket.to_owned()),
        ("what was sent", "the-text-of-a-message".to_owned()),
        ("what is in a file", "the-text-of-a-file".to_owned()),
        ("the signature of a link", signature.to_owned()),
        ("the server's secret", secret.trim().to_owned()),
    ] {
        let line = log.lines().find(|line| line.contains(&text));
        assert!(line.is_none(), "{what} is in the log: {}", line.unwrap_or_default());
    }
}

#[tokio::test]
async fn the_secret_is_its_owner_s_alone() {
    let dir = TempDir::new().unwrap();
    let secret = dir.path().join("secret.key");
    let mode = || std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777;
    Process::start(dir.path(), &[]).await.stop().await;
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    Process::start(dir.path(), &[]).await.stop().await;
    assert_eq!(mode(), 0o600, "also when somebody had opened it");
    // As openssl writes one: with the letters and the padding of plain Base64.
    std::fs::write(&secret, "+/+/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    Process::start(dir.path(), &[]).await.stop().await;
}

/// Opens a socket by hand and never reads from it.
async fn deaf(process: &Process, person: &Person) -> TcpStream {
    let address = process.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /ws?token={} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        person.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    stream
}

/// A long text; its letters have four bytes.
fn text(number: usize) -> String {
    format!("{number} {}", "🌳".repeat(15_900))
}

async fn announce(person: &Person, size: usize) -> Value {
    let body = json!({"filename": "a.bin", "content_type": "application/octet-stream", "size": size});
    person.post("/attachments", body).await.expect(200)
}

fn id(message: &Value) -> i64 {
    message["id"].as_i64().unwrap()
}

fn ids(messages: &[Value]) -> Vec<i64> {
    messages.iter().map(id).collect()
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| if entry.file_type().unwrap().is_dir() { files_below(&entry.path()) } else { 1 })
        .sum()
}
