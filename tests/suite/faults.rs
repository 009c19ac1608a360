//! What happens on a bad day: a killed process, a full disk, a slow reader.
//!
//! These use the real program, as a process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::server::{Dice, PASSWORD, Person, Reply, Socket, fresh_key};

/// Long enough for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(30);

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
    let mut ear = Ear::new(&people[2], cursor);
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
        let listening = tokio::spawn(ear.listen());
        let enough = round * 100 + dice.roll(60);
        while count.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        process.kill().await;
        stop.store(true, Ordering::SeqCst);
        posters = posting.await.into_iter().map(Result::unwrap).collect();
        ear = listening.await.unwrap().0;
        process = Process::start(dir.path(), &[]).await;
        ear.person.url.clone_from(&process.url);
        for poster in &mut posters {
            poster.person.url.clone_from(&process.url);
            poster.repeat_what_got_no_answer().await;
        }
    }
    let reader = Person { url: process.url.clone(), ..people[0].clone() };
    let kept = history(&reader, chat).await;
    check(&kept, &posters);
    ear.drain().await;
    let heard: Vec<i64> = ids(&ear.heard);
    let said: Vec<i64> = kept.iter().map(id).collect();
    assert_eq!(heard, said, "who resumes by cursor hears each once and in order");
    process.stop().await;
}

/// Whatever moment a process is killed at, its index is whole soon after the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_a_kill_is_found_once_after_it() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]).await;
    let mut ann = process.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let mut dice = Dice(20_260_102);
    let mut said = 0;
    for _ in 0..3 {
        let until = said + 60;
        let texts: Vec<String> = (said..until).map(|number| format!("pebble x{number}x")).collect();
        join_all(texts.iter().map(|text| ann.say(chat, text))).await;
        said = until;
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
        while count(&format!("x{}x", said - 1)).await == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("the index is whole in time");
    for number in 0..said {
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
    let ear = Ear::new(&bob, bob.cursor().await);
    let stop = Arc::new(AtomicBool::new(false));
    let posters = (0..6).map(|number| Poster::new(&ann, chat, number).post_until(stop.clone()));
    let posting = join_all(posters.map(tokio::spawn).collect::<Vec<_>>());
    let listening = tokio::spawn(ear.listen());
    let idle = join_all((0..8).map(|_| bob.socket())).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = process.stop().await;
    assert_eq!(status, Some(0));
    stop.store(true, Ordering::SeqCst);
    let posters: Vec<Poster> = posting.await.into_iter().map(Result::unwrap).collect();
    let (mut ear, code) = listening.await.unwrap();
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
    ear.person.url.clone_from(&process.url);
    ear.drain().await;
    assert_eq!(ear.heard.iter().map(id).collect::<Vec<_>>(), kept.iter().map(id).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_in_words_and_nothing_is_half() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let mut process = Process::start(disk.path(), &[]).await;
    let (ann, bob) = (process.person("ann").await, process.person("bob").await);
    let chat = ann.direct(&bob).await;
    let form = announce(&ann, 4 * 1024 * 1024).await;
    let small = announce(&ann, 1_000).await;
    let mut acknowledged = vec![ann.say(chat, "while there is room").await];
    let stuffing = disk.path().join("stuffing");
    disk.fill(&stuffing);
    let mut refused = 0;
    for number in 0..40 {
        let text = format!("{number} {}", "x".repeat(8_000));
        let body = json!({"chat_id": chat, "type": "text", "content": text});
        let reply = ann.post("/messages", body).await;
        match reply.status {
            201 => acknowledged.push(reply.body),
            507 => {
                reply.refused(507, "storage_full");
                refused += 1;
            }
            _ => {
                reply.refused(503, "busy");
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
            status => {
                assert!(matches!(status, 503 | 507), "{status} {}", reply.body);
                assert!(reply["detail"].is_string() && reply["code"].is_string());
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "the disk was full");
    let upload = ann.fill_in(&form, vec![7; 3 * 1024 * 1024]).await;
    assert!(matches!(upload.status, 503 | 507), "{} {}", upload.status, upload.body);
    assert!(upload["detail"].is_string(), "{}", upload.body);
    assert_eq!(files_below(&disk.path().join("files")), 0, "no part of the upload is left");
    let path = format!("/messages/{}", acknowledged[0]["id"]);
    let change = ann.patch(&path, json!({"content": "x".repeat(8_000)})).await;
    assert!(matches!(change.status, 200 | 503 | 507), "{} {}", change.status, change.body);
    let read: Vec<Value> = history(&ann, chat).await;
    assert_eq!(ids(&read), ids(&acknowledged), "reading goes on, and nothing refused is there");
    std::fs::remove_file(&stuffing).unwrap();
    for number in 0..5 {
        acknowledged.push(ann.say(chat, &format!("after {number}")).await);
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
            async move { ann.say(chat, &text(some * 8 + number)).await }
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
        let ear = Ear::new(person, person.cursor().await);
        listening.push(tokio::spawn(ear.hear(MESSAGES)));
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
    let said = ids(&history(&ann, chat).await);
    for ear in listening {
        let ear = timeout(PATIENCE * 2, ear).await.unwrap().unwrap();
        assert_eq!(ear.heard.iter().map(id).collect::<BTreeSet<_>>().len(), MESSAGES);
        assert_eq!(ids(&ear.heard), said[WARMING..], "others hear everything, once and in order");
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
        let mut said = String::new();
        child.stderr.unwrap().read_to_string(&mut said).unwrap();
        assert!(!status.success(), "{flags:?}: {said}");
        assert!(said.contains(word), "{flags:?}: {said}");
        let sentence = said.lines().next().unwrap();
        assert!(
            sentence.len() > 30 && !said.contains("panicked") && !said.contains("Error {"),
            "{flags:?}: {said}"
        );
        assert!(said.trim().lines().count() <= 6, "{flags:?}: {said}");
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
    by_frame.say(json!({"event": "auth", "data": {"token": ann.token}})).await;
    by_frame.until("ready").await;
    ann.say(chat, "the-text-of-a-message").await;
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
        ("what was said", "the-text-of-a-message".to_owned()),
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

/// The program, running.
struct Process {
    child: Child,
    url: String,
    log: Option<std::thread::JoinHandle<String>>,
}

/// Waits until a process is over, and ends it when that takes too long.
async fn ended(child: &mut Child) -> ExitStatus {
    let waiting = async {
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let status = timeout(PATIENCE, waiting).await;
    if status.is_err() {
        let _ = child.kill();
    }
    status.expect("it ends in time")
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts it on a folder, and waits until it is ready.
    async fn start(folder: &Path, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_besedka"))
            .args(["--listen", "127.0.0.1:0", "--rate-limits", "off", "--log-format", "json"])
            .args(["--data-dir", folder.to_str().unwrap()])
            .args(flags)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (found, url) = tokio::sync::oneshot::channel();
        let log = std::thread::spawn(move || {
            let (mut log, mut found) = (String::new(), Some(found));
            for line in lines.map_while(Result::ok) {
                let fields = serde_json::from_str::<Value>(&line).unwrap_or_default()["fields"].take();
                if fields["message"] == "besedka is ready"
                    && let Some(found) = found.take()
                {
                    let _ = found.send(fields["url"].as_str().unwrap_or_default().to_owned());
                }
                log += &line;
                log.push('\n');
            }
            log
        });
        let url = timeout(PATIENCE, url).await.expect("it starts in time").expect("it starts");
        Self { child, url, log: Some(log) }
    }

    fn nobody(&self) -> Person {
        Person {
            id: 0,
            token: String::new(),
            refresh: String::new(),
            url: self.url.clone(),
            http: crate::server::client(),
        }
    }

    async fn person(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD, "display_name": name});
        let reply = self.nobody().post("/auth/register", body).await.expect(201);
        let person = self.nobody().with(&reply["tokens"]);
        Person { id: reply["user"]["id"].as_i64().unwrap(), ..person }
    }

    /// As the power goes.
    async fn kill(&mut self) {
        self.child.kill().unwrap();
        ended(&mut self.child).await;
    }

    /// Asks it to stop, and waits until it has.
    async fn stop(&mut self) -> Option<i32> {
        let id = i32::try_from(self.child.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        ended(&mut self.child).await.code()
    }

    /// All that it wrote, once it has stopped.
    fn log(&mut self) -> String {
        self.log.take().unwrap().join().unwrap()
    }

    /// How much memory it has, in KiB.
    fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    fn status(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Somebody who posts one message after the other, and knows what became of each.
pub struct Poster {
    person: Person,
    chat: i64,
    name: usize,
    next: usize,
    /// What was answered, in order.
    pub acknowledged: Vec<Value>,
    /// The key and the body of what got no answer.
    unanswered: Option<(String, Value)>,
    /// How much was answered to all of them.
    count: Arc<AtomicUsize>,
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
struct Ear {
    person: Person,
    first: String,
    positions: BTreeMap<String, String>,
    heard: Vec<Value>,
}

impl Ear {
    fn new(person: &Person, cursor: String) -> Self {
        Self { person: person.clone(), first: cursor, positions: BTreeMap::new(), heard: Vec::new() }
    }

    async fn connect(&self) -> Socket {
        let newer: String = self.positions.values().map(|position| format!(".{position}")).collect();
        self.person.resume(&format!("{}{newer}", self.first)).await
    }

    fn take(&mut self, frame: Value) {
        if let Some(position) = frame["position"].as_str() {
            let (stream, _) = position.split_once('-').unwrap();
            self.positions.insert(stream.to_owned(), position.to_owned());
        }
        if frame["event"] == "message.created" && frame["data"]["type"] == "text" {
            self.heard.push(frame["data"].clone());
        }
    }

    /// Until the socket is closed; answers with which code.
    async fn listen(mut self) -> (Self, u16) {
        let mut socket = self.connect().await;
        loop {
            match socket.next().await {
                Ok(frame) => self.take(frame),
                Err(code) => return (self, code),
            }
        }
    }

    /// Until so many messages were heard; comes back whenever it was too slow.
    async fn hear(mut self, count: usize) -> Self {
        while self.heard.len() < count {
            let mut socket = self.connect().await;
            while self.heard.len() < count {
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
    async fn drain(&mut self) {
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

/// A file system of some megabytes.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Nothing when this may not be done here.
    fn mount(megabytes: u32) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let size = format!("size={megabytes}m");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path());
        match command.output() {
            Ok(output) if output.status.success() => Some(Self(dir)),
            failed => {
                let why = failed.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
                eprintln!("not tried, a small disk can't be mounted here: {why:?}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes until nothing fits.
    fn fill(&self, file: &Path) {
        let mut file = std::fs::File::create(file).unwrap();
        for size in [1024 * 1024, 4_096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

async fn announce(person: &Person, size: usize) -> Value {
    let body = json!({"filename": "a.bin", "content_type": "application/octet-stream", "size": size});
    person.post("/attachments", body).await.expect(200)
}

/// All that people said in a chat, the oldest first.
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
