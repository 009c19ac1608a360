//! Several nodes on one database, with a real bus between them.
//!
//! They are nodes of one process. On SQLite they are two writers of one file, which is slow but sound.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use besedka::messenger::Clock;

use crate::database::Database;
use crate::others::{Answer, Other};
use crate::process::{PATIENCE, Process};
use crate::server::{PASSWORD, Person, Reply, Socket, Storage, TestServer};
use crate::skip::skip;
use crate::v1::{import, push};

/// NATS, as Debian has it.
pub struct Nats {
    child: Child,
    pub port: u16,
}

impl Nats {
    /// Nothing when it is not on this machine.
    pub fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::at(port)
    }

    pub fn at(port: u16) -> Option<Self> {
        Self::configured(port, &[])
    }

    /// One that asks who connects: with more arguments.
    pub fn configured(port: u16, more: &[&str]) -> Option<Self> {
        let mut command = Command::new("nats-server");
        command
            .args(["-a", "127.0.0.1", "-p", &port.to_string()])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => Some(Self { child, port }),
            Err(error) => {
                skip(&format!("nats-server can't be run: {error}"));
                None
            }
        }
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Two nodes of one server, without limits of how often.
async fn two(nats: &Nats) -> (TestServer, TestServer) {
    with(nats, &["--rate-limits", "off"]).await
}

/// Two nodes of one server.
async fn with(nats: &Nats, flags: &[&str]) -> (TestServer, TestServer) {
    let bus = nats.url();
    let flags = [flags, &["--bus-url", &bus]].concat();
    let one = TestServer::with(&flags).await;
    let secret = format!("--secret-file={}", one.dir.path().join("secret.key").display());
    let files = format!("--storage-url=file:{}", one.dir.path().join("files").display());
    let same = Database::at(one.database.url(one.dir.path()));
    let two = TestServer::on(same, &[&flags[..], &[&secret, &files]].concat()).await;
    (one, two)
}

/// Somebody as they use another node.
fn at(node: &TestServer, person: &Person) -> Person {
    Person { url: node.url.clone(), ..person.clone() }
}

async fn receives(socket: &mut Socket, event: &str) -> Value {
    socket.until(event).await
}

/// The numbers in the texts that somebody receives, until there are so many.
async fn hear(socket: &mut Socket, count: usize) -> Vec<Value> {
    let mut received = Vec::with_capacity(count);
    while received.len() < count {
        received.push(socket.until("message.created").await["id"].clone());
    }
    received
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_on_two_nodes_is_received_on_both_once_and_in_order_also_without_the_bus() {
    const EACH: usize = 25;
    let Some(mut nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let (ann, bob) = (one.person("ann").await, two.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let mut sockets = [ann.socket().await, at(&two, &ann).socket().await, bob.socket().await];
    let posts = async |round: usize| {
        let post = async |person: &Person, name: &str| {
            for number in 0..EACH {
                person.post_text(chat, &format!("{name} {round} {number}")).await;
            }
        };
        let (there, here) = (at(&two, &ann), at(&one, &bob));
        tokio::join!(post(&ann, "a"), post(&there, "b"), post(&bob, "c"), post(&here, "d"));
    };
    for round in 0..3 {
        match round {
            // Without the bus a node looks by itself.
            1 => nats.stop(),
            2 => nats = Nats::at(nats.port).unwrap(),
            _ => {}
        }
        posts(round).await;
        let received = join_all(sockets.iter_mut().map(|socket| hear(socket, 4 * EACH))).await;
        let sent = ann.get(&format!("/messages?chat_id={chat}&limit=100")).await.expect(200);
        let mut sent: Vec<Value> =
            sent.as_array().unwrap().iter().map(|message| message["id"].clone()).collect();
        sent.reverse();
        for received in received {
            assert_eq!(received, sent, "round {round}");
        }
    }
    let all = ann.get(&format!("/messages?chat_id={chat}&limit=200")).await.expect(200);
    let ids: BTreeSet<i64> =
        all.as_array().unwrap().iter().map(|message| message["id"].as_i64().unwrap()).collect();
    let nodes: BTreeSet<i64> = ids.iter().map(|id| id >> 6 & 63).collect();
    assert_eq!(nodes.len(), 2, "each node has a number of its own: {nodes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_a_bucket_is_confirmed_by_one_node_while_the_other_waits() {
    let Some(nats) = Nats::start() else { return };
    let bus = nats.url();
    let flags = ["--rate-limits", "off", "--bus-url", &bus];
    let one = TestServer::storing(Storage::Bucket, &flags).await;
    let secret = format!("--secret-file={}", one.dir.path().join("secret.key").display());
    let files = format!("--storage-url={}", one.storage_url.as_ref().unwrap());
    let same = Database::at(one.database.url(one.dir.path()));
    let two = TestServer::on(same, &[&flags[..], &[&secret, &files]].concat()).await;
    let ann = one.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let there = at(&two, &ann);
    for number in 0..8 {
        let content = format!("{number}").repeat(300_000).into_bytes();
        let body =
            json!({"filename": "a.bin", "content_type": "application/octet-stream", "size": content.len()});
        let form = ann.post("/attachments", body).await.expect(200);
        assert_eq!(ann.send_form(&form, content.clone()).await.status, 204);
        let file = form["attachment_id"].as_str().unwrap();
        let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": file}});
        let path = format!("/attachments/{file}/info");
        let (posted, known) = tokio::join!(ann.post("/messages", body), there.get(&path));
        posted.expect(201);
        assert_eq!(known.expect(200)["size"], content.len());
        let seen = there.request(reqwest::Method::GET, &format!("/attachments/{file}")).send().await.unwrap();
        assert!(seen.bytes().await.unwrap() == content, "{number}");
    }
    assert_eq!(one.count("SELECT count(*) FROM lease WHERE name LIKE 'upload%'").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_pushed_once_however_many_nodes_there_are() {
    const EACH: usize = 6;
    let Some(nats) = Nats::start() else { return };
    let (one, two) = with(&nats, &push::FLAGS).await;
    let service = push::PushService::start().await;
    let (ann, cat, bob) = (one.person("ann").await, one.person("cat").await, two.person("bob").await);
    assert_eq!(ann.get("/push/key").await.expect(200), bob.get("/push/key").await.expect(200));
    let device = push::Device::of(&service, "bob", &bob).await;
    // Each node knows at once of its own devices, and in some seconds of those of others.
    let marker = push::Device::of(&service, "marker", &cat).await;
    let (chat, marked) = (ann.direct(&bob).await, ann.direct(&cat).await);
    let there = at(&two, &ann);
    let mut sent = BTreeSet::new();
    for number in 0..EACH {
        for person in [&ann, &there] {
            sent.insert(person.post_text(chat, &number.to_string()).await["id"].as_i64().unwrap());
        }
    }
    let told = service.told(&device, 2 * EACH).await;
    let pushed: Vec<i64> = told.iter().map(|told| told["message_id"].as_i64().unwrap()).collect();
    assert_eq!(pushed.len(), sent.len(), "{pushed:?}");
    assert_eq!(pushed.into_iter().collect::<BTreeSet<_>>(), sent);

    // Who is active at one node is not disturbed by another.
    let mut hearing = ann.socket().await;
    let mut socket = bob.socket().await;
    hearing.until("presence").await;
    ann.post_text(chat, "active").await;
    socket.until("message.created").await;
    ann.post_text(marked, "later").await;
    service.told(&marker, 1).await;
    assert_eq!(service.told(&device, 2 * EACH).await.len(), 2 * EACH);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_let_in_or_put_out_on_one_node_receives_so_on_the_other() {
    let Some(nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let (ann, bob, eve) = (one.person("ann").await, two.person("bob").await, one.person("eve").await);
    let chat = ann.group("Garden", &[&eve]).await;
    ann.post_text(chat, "before").await;
    let mut socket = bob.socket().await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    let sent = ann.post_text(chat, "welcome").await;
    assert_eq!(receives(&mut socket, "chat.created").await["id"], chat);
    assert_eq!(receives(&mut socket, "message.created").await["id"], sent["id"], "and nothing of before");
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    receives(&mut socket, "chat.removed").await;
    ann.post_text(chat, "among ourselves").await;
    let other = ann.direct(&bob).await;
    let sent = ann.post_text(other, "only you").await;
    assert_eq!(receives(&mut socket, "message.created").await["id"], sent["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_made_on_one_node_is_told_on_the_other() {
    let Some(nats) = Nats::start() else { return };
    let (first, second) = two(&nats).await;
    let ann = first.person("ann").await;
    let mut socket = at(&second, &ann).socket().await;
    ann.put("/admin/announcement", json!({"text": "Back at ten"})).await.expect(204);
    second.clock.advance(Duration::from_secs(2));
    let told = receives(&mut socket, "announcement.updated").await;
    assert_eq!(told["announcement"]["text"], "Back at ten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_there_and_who_types_is_seen_on_both_nodes() {
    let Some(nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let (ann, bob) = (one.person("ann").await, two.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let mut socket = bob.socket().await;
    let mut phone = ann.socket().await;
    assert_eq!(receives(&mut socket, "presence").await["status"], "online");
    phone.send(json!({"event": "typing", "data": {"chat_id": chat}})).await;
    assert_eq!(receives(&mut socket, "typing").await["user_id"], ann.id);
    // Whoever is on two nodes is there as long as one of them says so.
    let tablet = at(&two, &ann).socket().await;
    drop(phone);
    one.clock.advance(Duration::from_secs(30));
    two.clock.advance(Duration::from_secs(30));
    let asked = bob.get(&format!("/presence?user_ids={}", ann.id)).await.expect(200);
    assert_eq!(asked[0]["status"], "online");
    drop(tablet);
    two.clock.advance(Duration::from_secs(30));
    assert_eq!(receives(&mut socket, "presence").await["status"], "offline");
    let _later = ann.socket().await;
    assert_eq!(receives(&mut socket, "presence").await["status"], "online");
    one.running.stop().await;
    assert_eq!(receives(&mut socket, "presence").await["status"], "offline", "a node that stops says so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_on_one_node_ends_on_the_other_at_once() {
    let Some(nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let ann = one.person("ann").await;
    let there = at(&two, &two.again(&ann, "ann").await);
    let mut socket = there.socket().await;
    there.get("/users/me").await.expect(200);
    ann.delete("/sessions").await.expect(204);
    while socket.any().await.is_ok() {}
    there.get("/users/me").await.refused(401, "session_ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_way_a_session_ends_it_ends_on_the_other_node() {
    let Some(nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let root = one.person("root").await;
    let (ann, bob, eve) = (one.person("ann").await, one.person("bob").await, one.person("eve").await);
    let there = async || at(&two, &one.again(&ann, "ann").await);
    let ended = async |gone: &Person, mut socket: Socket| {
        assert_eq!(socket.closed().await, 4403);
        assert_eq!(gone.get("/users/me").await.status, 401);
    };
    let received = async |person: &Person| {
        // From now on the other node knows the token.
        person.get("/users/me").await.expect(200);
        person.socket().await
    };

    let phone = there().await;
    let socket = received(&phone).await;
    at(&one, &phone).post("/auth/logout", Value::Null).await.expect(204);
    ended(&phone, socket).await;

    let phone = there().await;
    let socket = received(&phone).await;
    let sessions = at(&one, &phone).get("/sessions").await.expect(200);
    let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    ann.delete(&format!("/sessions/{}", current["id"])).await.expect(204);
    ended(&phone, socket).await;

    let program = at(&two, &ann.with_token(&["read"]).await);
    let socket = received(&program).await;
    let token = ann.get("/tokens").await.expect(200)[0]["id"].clone();
    ann.delete(&format!("/tokens/{token}")).await.expect(204);
    ended(&program, socket).await;

    let phone = there().await;
    let socket = received(&phone).await;
    let passwords = json!({"old_password": PASSWORD, "new_password": "another password"});
    ann.put("/users/me/password", passwords).await.expect(204);
    ended(&phone, socket).await;

    let bob = at(&two, &bob);
    let socket = received(&bob).await;
    root.post(&format!("/admin/users/{}/deactivate", bob.id), json!({})).await.expect(204);
    ended(&bob, socket).await;

    let gone = at(&two, &eve);
    let socket = received(&gone).await;
    let deletion = json!({"password": PASSWORD, "messages": "keep"});
    eve.post("/users/me/deletion", deletion).await.expect(204);
    ended(&gone, socket).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_while_the_bus_is_away_ends_on_the_other_node_a_little_later() {
    let Some(mut nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let ann = one.person("ann").await;
    let there = at(&two, &one.again(&ann, "ann").await);
    there.get("/users/me").await.expect(200);
    let mut socket = there.socket().await;
    nats.stop();
    ann.delete("/sessions").await.expect(204);
    two.clock.advance(Duration::from_secs(10));
    two.running.messenger.run_due_jobs().await;
    there.get("/users/me").await.refused(401, "session_ended");
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_done_once_and_taken_over() {
    let Some(nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let ann = two.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let mut socket = ann.socket().await;
    let later = async |text: &str, seconds: u64| {
        let at = (two.clock.now() + Duration::from_secs(seconds)).iso();
        ann.post("/scheduled", json!({"chat_id": chat, "content": text, "send_at": at})).await.expect(201);
    };
    later("while both are there", 1).await;
    later("when one has stopped", 3).await;
    assert_eq!(receives(&mut socket, "message.created").await["content"], "while both are there");
    one.running.stop().await;
    assert_eq!(receives(&mut socket, "message.created").await["content"], "when one has stopped");
    assert_eq!(ann.texts(chat).await.len(), 2);
}

/// The ids of the messages that a socket tells as deleted, each once, until there are so many.
async fn told_as_deleted(socket: &mut Socket, count: usize) -> BTreeSet<i64> {
    let mut told = BTreeSet::new();
    while told.len() < count {
        for id in receives(socket, "messages.deleted").await["ids"].as_array().unwrap() {
            assert!(told.insert(id.as_i64().unwrap()), "{id} is told twice");
        }
    }
    told
}

/// There is no bus at the address, so that it also runs where NATS is not installed: nodes read the database then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_messages_are_deleted_once_also_when_the_node_that_deletes_them_is_killed() {
    const MESSAGES: i64 = 2_000;
    const DAY: Duration = Duration::from_secs(24 * 3_600);
    // The node that is killed is a process and has the time of the machine: the messages are sent three days before.
    let clock = Clock::default();
    clock.turn_back(DAY * 3);
    let before = TestServer::at_time(TempDir::new().unwrap(), Database::new().await, clock).await;
    let (ann, bob) = (before.person("ann").await, before.person("bob").await);
    let lines = import::lines((1..=MESSAGES).map(|id| import::text(id, "old")));
    let file = ann.upload("export.zip", "application/zip", import::export_with(&lines)).await;
    ann.post("/users/me/import", json!({"attachment_id": file})).await.expect(200);
    let chat = ann.get("/chats").await.expect(200)[0]["id"].as_i64().unwrap();
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    let TestServer { dir, database, running, .. } = before;
    running.stop().await;

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let bus = format!("--bus-url=nats://127.0.0.1:{port}");
    let url = format!("--database-url={}", database.url(dir.path()));
    let mut first = Process::start(dir.path(), &[&url, &bus]).await;
    let leads = async {
        while database.count(dir.path(), "SELECT count(*) FROM lease WHERE name = 'jobs'").await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, leads).await.expect("the first node runs the jobs");
    let secret = format!("--secret-file={}", dir.path().join("secret.key").display());
    let files = format!("--storage-url=file:{}", dir.path().join("files").display());
    let same = Database::at(database.url(dir.path()));
    let second = TestServer::on(same, &["--rate-limits", "off", &bus, &secret, &files]).await;
    let here = Person { url: first.url.clone(), ..ann }.renewed().await;
    let (there, bob) = (at(&second, &here), at(&second, &bob).renewed().await);
    let cursor = there.cursor().await;
    let mut sockets = vec![there.socket().await, bob.socket().await];
    let mut watching = here.socket().await;
    here.patch("/admin/retention", json!({"message_days": 1})).await.expect(204);
    receives(&mut watching, "messages.deleted").await;
    first.kill().await;
    let left = "SELECT count(*) FROM message WHERE deleted_at IS NULL AND text = 'old'";
    assert!(database.count(dir.path(), left).await > 0, "it is killed before it has deleted all");

    // The lease of the jobs ends.
    second.clock.advance(Duration::from_secs(15));
    sockets.push(there.resume(&cursor).await);
    for socket in &mut sockets {
        told_as_deleted(socket, usize::try_from(MESSAGES).unwrap()).await;
    }
    assert_eq!(there.texts(chat).await, [""; 0]);
    // It looks for old messages once a minute.
    second.clock.advance(Duration::from_secs(60));
    second.running.messenger.run_due_jobs().await;
    there.post_text(chat, "new").await;
    for socket in &mut sockets {
        loop {
            let frame = socket.next().await.expect("the socket stays open");
            assert_ne!(frame["event"], "messages.deleted", "{frame}");
            if frame["event"] == "message.created" {
                break;
            }
        }
    }
    assert_eq!(bob.texts(chat).await, ["new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_guessed_no_faster_on_two_nodes() {
    let Some(nats) = Nats::start() else { return };
    let (one, two) = with(&nats, &[]).await;
    let (ann, bob) = (one.person("ann").await, two.person("bob").await);
    ann.group("Garden", &[&bob]).await;
    let mut socket = bob.socket().await;
    let _phone = ann.socket().await;
    // Only the bus carries presence: it is connected now.
    receives(&mut socket, "presence").await;
    let guess = async |node: &TestServer| {
        let body = json!({"username": "ann", "password": "wrong-password"});
        node.nobody().post("/auth/login", body).await.status
    };
    let guesses = async |node: &TestServer| {
        let mut wrong = 0;
        while guess(node).await == 401 {
            wrong += 1;
        }
        wrong
    };
    let here = guesses(&one).await;
    // Two of the ten attempts that one address has at once made the accounts.
    assert!(here >= 8, "{here}");
    // What one counts the other receives a moment later, at the latest while it looks at a password itself.
    let there = guesses(&two).await;
    assert!(there < 10, "ten, not ten on each: {there}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_and_its_limits_hold_on_both_nodes() {
    let Some(nats) = Nats::start() else { return };
    let gateway = Other::saying(Answer::new(200, "")).await;
    let flags = ["--rate-limits", "off", "--sms-webhook", &gateway.url, "--sms-secret", "a secret of two"];
    let nodes = with(&nats, &flags).await;
    let (one, two) = (&nodes.0, &nodes.1);
    let send =
        async |node: &TestServer| node.nobody().post("/auth/codes", json!({"phone": "+79991234567"})).await;
    let newest = || gateway.asked().last().unwrap().json()["code"].as_str().unwrap().to_owned();
    let sign_in = async |node: &TestServer, code: &str| {
        node.nobody().post("/auth/codes/login", json!({"phone": "+79991234567", "code": code})).await
    };
    send(one).await.expect(200);
    sign_in(two, &newest()).await.expect(201);
    sign_in(one, &newest()).await.refused(400, "wrong_code");

    send(two).await.expect(200);
    let code = newest();
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    for node in [one, two, one, two, one] {
        sign_in(node, &wrong).await.refused(400, "wrong_code");
    }
    sign_in(two, &code).await.refused(400, "wrong_code");

    send(one).await.expect(200);
    send(two).await.refused(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_import_on_two_nodes_at_once_brings_everything_once() {
    const MESSAGES: usize = 600;
    let Some(nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let ann = one.person("ann").await;
    let there = at(&two, &ann);
    let lines = (1..=MESSAGES).map(|id| import::text(i64::try_from(id).unwrap(), &format!("line {id}")));
    let id = ann.upload("export.zip", "application/zip", import::export_with(&import::lines(lines))).await;
    let begin = async |person: &Person| person.post("/users/me/import", json!({"attachment_id": id})).await;
    let (first, second) = tokio::join!(begin(&ann), begin(&there));
    let added = |reply: &Value, what: &str| reply[what].as_u64().unwrap();
    let (first, second) = (first.expect(200), second.expect(200));
    assert_eq!(added(&first, "chats") + added(&second, "chats"), 1, "{first} {second}");
    assert_eq!(added(&first, "messages") + added(&second, "messages"), MESSAGES as u64, "{first} {second}");
    let chats = ann.get("/chats").await.expect(200);
    assert_eq!(chats.as_array().unwrap().len(), 1, "{chats}");
}

/// Messages tell their author's name in some APIs, and a node keeps names.
#[tokio::test]
async fn a_name_that_changes_on_one_node_is_shown_by_the_other_at_once() {
    let Some(nats) = Nats::start() else { return };
    let (one, two) = two(&nats).await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let chat = ann.direct(&bob).await;
    ann.post_text(chat, "hello").await;
    let url = format!("{}/kyte/chats/{chat}/messages", two.url);
    let shown = async || {
        let messages = Reply::to(bob.http.get(&url).bearer_auth(&bob.token)).await.expect(200);
        let messages = messages.as_array().or(messages["messages"].as_array()).unwrap().clone();
        messages.iter().find(|message| message["content"] == "hello").unwrap()["userName"].clone()
    };
    assert_eq!(shown().await, "ann");
    for name in ["Ann", "Anna", "Annabel"] {
        ann.put("/users/me", json!({"display_name": name})).await.expect(200);
        let known = async {
            while shown().await != name {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(5), known).await.expect("sooner than names are read anew");
    }
}

/// A signed name as NATS wants it: a JWT whose algorithm is an nkey's.
fn jwt(subject: &KeyPair, issuer: &KeyPair, kind: &str) -> String {
    let claims = json!({
        "jti": "1", "iat": 1_700_000_000, "iss": issuer.public_key(), "name": kind, "sub": subject.public_key(),
        "nats": {"type": kind, "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {},
            "limits": {"subs": -1, "data": -1, "payload": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1,
                "wildcards": true}},
    });
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Waits until the server says at `/ready` that its bus is there, or is not.
async fn bus_is(server: &TestServer, is_there: bool) {
    loop {
        let ready = server.nobody().http.get(format!("{}/ready", server.url)).send().await.unwrap();
        let ready: Value = ready.json().await.unwrap();
        assert_eq!(ready["status"], "ok");
        if ready["bus"].is_null() == is_there {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_bus_may_ask_who_connects() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let user = KeyPair::new_user();
    let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
    let seed = file("seed", &format!("{}\n", user.seed().unwrap()));
    let credentials = file(
        "credentials",
        &format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            jwt(&user, &account, "user"),
            user.seed().unwrap(),
        ),
    );
    let nkeys =
        file("nkeys.conf", &format!("authorization {{ users = [ {{ nkey: {} }} ] }}", user.public_key()));
    let accounts = file(
        "accounts.conf",
        &format!(
            "operator: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {} }}\n",
            jwt(&operator, &operator, "operator"),
            account.public_key(),
            jwt(&account, &operator, "account"),
        ),
    );
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = file("certificate.pem", &signed.cert.pem());
    let key = file("key.pem", &signed.signing_key.serialize_pem());
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let password = ["--user", "besedka", "--pass", "a:b@c"];
    let tls = ["--tls", "--tlscert", &certificate, "--tlskey", &key];
    for (asks, url, flags) in [
        (&password[..], "nats://besedka:a%3Ab%40c@", vec![]),
        (&["--auth", "t0ken"], "nats://t0ken@", vec![]),
        (&["-c", &nkeys], "nats://", vec!["--bus-credentials", &seed]),
        (&["-c", &accounts], "nats://", vec!["--bus-credentials", &credentials]),
        (&tls, "tls://", vec!["--bus-ca", &certificate]),
    ] {
        let Some(nats) = Nats::configured(port(), asks) else { return };
        let url = format!("{url}127.0.0.1:{}", nats.port);
        bus_is(&TestServer::with(&[&["--bus-url", &url], &flags[..]].concat()).await, true).await;
    }
    let Some(nats) = Nats::configured(port(), &password) else { return };
    let server = TestServer::with(&["--bus-url", &nats.url()]).await;
    bus_is(&server, false).await;
    server.person("anna").await;
}
