//! Socket.IO, version 4, packet by packet (`0` opens, `40` connects, `42` is an event, `44` a refusal).

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Friend, pair};
use crate::server::TestServer;

/// A connection by WebSocket from the beginning.
struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    /// Connects, and answers how that was answered: `40` or `44` with its object.
    async fn open(server: &TestServer, query: &str, auth: &str) -> (Self, String) {
        Self::at(server, "127.0.0.1", "/kyte/socket.io/", query, auth).await
    }

    /// The same at another path, by another name of the server.
    async fn at(server: &TestServer, host: &str, path: &str, query: &str, auth: &str) -> (Self, String) {
        let base = server.url.replace("http://", "ws://");
        let url = format!("{base}{path}?EIO=4&transport=websocket{query}");
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Host", host.parse().unwrap());
        let mut wire = Self(connect_async(request).await.unwrap().0);
        assert!(wire.next().await.starts_with("0{"));
        wire.send(format!("40{auth}")).await;
        let answer = wire.next().await;
        (wire, answer)
    }

    /// Connects with a language, and is accepted.
    async fn speaking(server: &TestServer, query: &str, language: &str) -> Self {
        let base = server.url.replace("http://", "ws://");
        let url = format!("{base}/kyte/socket.io/?EIO=4&transport=websocket{query}");
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Accept-Language", language.parse().unwrap());
        let mut wire = Self(connect_async(request).await.unwrap().0);
        assert!(wire.next().await.starts_with("0{"));
        wire.send("40").await;
        assert!(wire.next().await.starts_with("40{"));
        wire
    }

    async fn send(&mut self, packet: impl Into<String>) {
        self.0.send(Message::text(packet.into())).await.unwrap();
    }

    async fn emit(&mut self, event: &str, data: Value) {
        self.send(format!("42{}", json!([event, data]))).await;
    }

    /// The next packet but of pings.
    async fn next(&mut self) -> String {
        loop {
            let frame = self.0.next().await.expect("it stays open").unwrap();
            match frame {
                Message::Text(text) if text.as_str() == "2" => self.send("3").await,
                Message::Text(text) => return text.to_string(),
                _ => {}
            }
        }
    }

    /// The next message.
    async fn sent(&mut self) -> Value {
        loop {
            let message = self.received().await;
            if message["type"] != "system" {
                return message;
            }
        }
    }

    /// Emits an event that is to be acknowledged under a number.
    async fn ask(&mut self, number: u64, event: &str, data: Value) {
        self.0.send(Message::text(format!("42{number}{}", json!([event, data])))).await.unwrap();
    }

    /// The data of an acknowledgement; messages come between.
    async fn acknowledged(&mut self, number: u64) -> Value {
        loop {
            if let Some(packet) = self.next().await.strip_prefix(&format!("43{number}")) {
                return serde_json::from_str::<Value>(packet).unwrap()[0].clone();
            }
        }
    }

    /// The next message.
    async fn received(&mut self) -> Value {
        let packet = self.next().await;
        let event: Value = serde_json::from_str(packet.strip_prefix("42").unwrap()).unwrap();
        assert_eq!(event[0], "message", "{event}");
        event[1].clone()
    }
}

#[tokio::test]
async fn messages_are_emitted_to_whoever_is_in_the_chat() {
    let (server, ann, bob, garden) = pair().await;
    let house = bob.group("House", &[&ann]).await["id"].as_str().unwrap().to_owned();
    let query = format!("&token={}&chatId={garden}", ann.token);
    let (mut wire, answer) = Wire::open(&server, &query, "").await;
    assert!(answer.starts_with("40{"), "{answer}");
    bob.post_text(&house, "not here").await;
    let sent = bob.post_text(&garden, "hello").await;
    assert_eq!(wire.received().await, sent);
    wire.emit("message", json!({"content": " hello yourself "})).await;
    let echo = wire.received().await;
    assert_eq!((&echo["content"], &echo["userId"]), (&json!("hello yourself"), &json!(ann.id)));

    wire.emit("join_chat", json!(house)).await;
    wire.emit("leave_chat", json!({"chatId": garden})).await;
    wire.emit("message", json!({"chatId": house, "content": "here I am"})).await;
    assert_eq!(wire.received().await["chatId"], house.as_str());
    bob.post_text(&garden, "not here").await;
    let sent = bob.post_text(&house, "two").await;
    assert_eq!(wire.received().await, sent);
}

/// Events are written once for all who speak a language.
#[tokio::test]
async fn each_client_is_told_in_its_language_whoever_was_told_first() {
    let (server, ann, bob, garden) = pair().await;
    let mut wires = Vec::new();
    for (language, person) in [("en", &ann), ("ru", &bob), ("en", &bob), ("ru", &ann)] {
        let query = format!("&token={}&chatId={garden}", person.token);
        wires.push((language, Wire::speaking(&server, &query, language).await));
    }
    let eve = Friend::new(&server, "eve").await;
    let body = json!({"user_id": eve.id.parse::<i64>().unwrap()});
    ann.elsewhere(&server).post(&format!("/chats/{garden}/members"), body).await.expect(201);
    let sent = bob.post_text(&garden, "hello").await;
    let mut told = Vec::new();
    for (language, wire) in &mut wires {
        let notice = wire.received().await;
        assert_eq!(notice["type"], "system");
        told.push((*language, notice["content"].clone()));
        assert_eq!(wire.received().await, sent);
    }
    let of = |wanted: &str| -> Vec<_> { told.iter().filter(|(l, _)| *l == wanted).map(|(_, t)| t).collect() };
    let (english, russian) = (of("en"), of("ru"));
    assert_eq!((english[0], russian[0]), (english[1], russian[1]));
    assert_ne!(english[0], russian[0]);
}

#[tokio::test]
async fn what_is_sent_is_acknowledged_and_stored_once() {
    let (server, ann, _bob, garden) = pair().await;
    let (mut wire, _) = Wire::open(&server, &format!("&token={}&chatId={garden}", ann.token), "").await;
    let id = uuid::Uuid::new_v4();
    let mut ids = Vec::new();
    for number in [7, 8] {
        // As a client sends it again that was not acknowledged in time.
        wire.ask(number, "message", json!({"content": "once", "clientId": id})).await;
        let answer = wire.acknowledged(number).await;
        assert_eq!(answer["message"]["content"], "once", "{answer}");
        ids.push(answer["message"]["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    for (number, event, wrong) in
        [(9, "message", json!({"content": " "})), (10, "message", json!(5)), (11, "join_chat", json!("1"))]
    {
        wire.ask(number, event, wrong).await;
        let refusal = wire.acknowledged(number).await;
        assert!(refusal["error"]["message"].is_string(), "{refusal}");
    }
    assert_eq!(ann.texts(&garden).await, ["once"]);
}

#[tokio::test]
async fn it_begins_with_a_long_poll_too() {
    let (server, ann, bob, garden) = pair().await;
    let base = format!("{}/kyte/socket.io/?EIO=4&transport=polling", server.url);
    let http = crate::server::client();
    let get =
        async |query: &str| http.get(format!("{base}{query}")).send().await.unwrap().text().await.unwrap();
    let opened = get(&format!("&token={}&chatId={garden}", ann.token)).await;
    let opened: Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
    assert!(opened["upgrades"].as_array().unwrap().contains(&json!("websocket")));
    let sid = format!("&sid={}", opened["sid"].as_str().unwrap());
    let sent = http.post(format!("{base}{sid}")).body("40").send().await.unwrap();
    assert_eq!(sent.text().await.unwrap(), "ok");
    // Pings come between.
    let until = async |kind: &str| loop {
        let packets = get(&sid).await;
        if let Some(packet) = packets.split('\u{1e}').find(|packet| packet.starts_with(kind)) {
            break packet[kind.len()..].to_owned();
        }
    };
    until("40").await;
    let sent = bob.post_text(&garden, "hello").await;
    let received: Value = serde_json::from_str(&until("42").await).unwrap();
    assert_eq!(received, json!(["message", sent]));
}

#[tokio::test]
async fn strangers_are_refused() {
    let (server, ann, _bob, garden) = pair().await;
    let eve = Friend::new(&server, "eve").await;
    let of = |token: &str| format!("&token={token}&chatId={garden}");
    for query in
        [String::new(), of(""), of("nonsense"), of(&eve.token), format!("&token={}&chatId=1", ann.token)]
    {
        let (_, answer) = Wire::open(&server, &query, "").await;
        assert!(answer.starts_with("44{\"message\":"), "{query}: {answer}");
    }
    let (mut wire, answer) = Wire::open(&server, "", &json!({"token": eve.token}).to_string()).await;
    assert!(answer.starts_with("40{"), "{answer}");
    wire.emit("join_chat", json!(garden)).await;
    wire.emit("message", json!({"chatId": garden, "content": "let me in"})).await;
    let own = eve.group("Own", &[]).await["id"].as_str().unwrap().to_owned();
    wire.emit("join_chat", json!(own)).await;
    ann.post_text(&garden, "secret").await;
    wire.emit("message", json!({"chatId": own, "content": "mine"})).await;
    assert_eq!(wire.received().await["content"], "mine");
    assert_eq!(ann.texts(&garden).await, ["secret"]);
}

#[tokio::test]
async fn who_signs_out_is_disconnected() {
    let (server, ann, _bob, garden) = pair().await;
    let (mut wire, _) = Wire::open(&server, &format!("&token={}&chatId={garden}", ann.token), "").await;
    ann.elsewhere(&server).post("/auth/logout", json!({})).await.expect(204);
    assert_eq!(wire.next().await, "41");
}

#[tokio::test]
async fn who_is_removed_receives_nothing_more_of_that_chat() {
    let (server, ann, bob, garden) = pair().await;
    let house = ann.group("House", &[&bob]).await["id"].as_str().unwrap().to_owned();
    let (mut wire, _) = Wire::open(&server, &format!("&token={}&chatId={garden}", bob.token), "").await;
    wire.emit("join_chat", json!(house)).await;
    wire.emit("message", json!({"chatId": house, "content": "hello"})).await;
    assert_eq!(wire.received().await["content"], "hello");
    let remove = async |chat: &str| {
        let path = format!("/chats/{chat}/members/{}", bob.id);
        ann.elsewhere(&server).delete(&path).await.expect(204);
    };
    remove(&garden).await;
    ann.post_text(&garden, "secret").await;
    wire.emit("message", json!({"content": "let me in"})).await;
    let sent = ann.post_text(&house, "still here").await;
    assert_eq!(wire.sent().await, sent);
    assert_eq!(ann.texts(&garden).await, ["secret"]);
    remove(&house).await;
    while wire.next().await != "41" {}
}

/// Groups of a person, some of them made at once.
async fn groups(friend: &Friend, count: usize) -> Vec<String> {
    let of_number = |number: usize| async move { friend.group(&format!("Group {number}"), &[]).await };
    let mut ids = Vec::new();
    while ids.len() < count {
        let next = ids.len()..count.min(ids.len() + 25);
        let made = futures_util::future::join_all(next.map(of_number)).await;
        ids.extend(made.iter().map(|group| group["id"].as_str().unwrap().to_owned()));
    }
    ids
}

#[tokio::test]
async fn one_connection_may_be_in_many_chats() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    let chats = groups(&ann, 501).await;
    let (mut wire, _) = Wire::open(&server, &format!("&token={}&chatId={}", ann.token, chats[0]), "").await;
    for (number, chat) in (1..).zip(&chats[1..500]) {
        wire.ask(number, "join_chat", json!(chat)).await;
        assert_eq!(wire.acknowledged(number).await, json!({}), "{number}");
    }
    wire.ask(500, "join_chat", json!(chats[500])).await;
    let refusal = wire.acknowledged(500).await;
    assert!(refusal["error"]["message"].as_str().unwrap().contains("500"), "{refusal}");
    for chat in chats[..45].iter().chain(&chats[495..500]) {
        let sent = ann.post_text(chat, "hello").await;
        assert_eq!(wire.received().await, sent);
    }
    // There is room again, and it is still connected without its first chat.
    wire.emit("leave_chat", json!(chats[0])).await;
    wire.ask(501, "join_chat", json!(chats[500])).await;
    assert_eq!(wire.acknowledged(501).await, json!({}));
    ann.post_text(&chats[0], "not here").await;
    let sent = ann.post_text(&chats[500], "hello").await;
    assert_eq!(wire.received().await, sent);
}

#[tokio::test]
async fn a_connection_to_several_chats_counts_as_one() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    let chats = groups(&ann, 3).await;
    let open = async || {
        let query = format!("&token={}&chatId={}", ann.token, chats[0]);
        let (mut wire, answer) = Wire::open(&server, &query, "").await;
        assert!(answer.starts_with("40{"), "{answer}");
        for (number, chat) in [(1, &chats[1]), (2, &chats[2])] {
            wire.ask(number, "join_chat", json!(chat)).await;
            wire.acknowledged(number).await;
        }
        wire
    };
    let mut wires = Vec::new();
    for _ in 0..40 {
        wires.push(open().await);
    }
    let sent = ann.post_text(&chats[2], "hello").await;
    for wire in &mut wires {
        assert_eq!(wire.received().await, sent);
    }
    // Also one that has left the chat with which it began.
    wires[0].ask(3, "leave_chat", json!(chats[0])).await;
    wires[0].acknowledged(3).await;
    let mut newest = open().await;
    while wires[0].next().await != "41" {}
    let sent = ann.post_text(&chats[1], "hello").await;
    for wire in wires[1..].iter_mut().chain([&mut newest]) {
        assert_eq!(wire.received().await, sent);
    }
}

#[tokio::test]
async fn it_is_wherever_a_build_may_look_for_it() {
    let server = TestServer::with(&["--rate-limits", "off", "--kyte-hosts", "kyte.example.org"]).await;
    let ann = Friend::new(&server, "ann").await;
    let garden = ann.group("Garden", &[]).await["id"].as_str().unwrap().to_owned();
    let query = format!("&token={}&chatId={garden}", ann.token);
    for (host, path) in [
        ("127.0.0.1", "/kyte/socket.io"),
        ("127.0.0.1", "/kyte/api/socket.io/"),
        ("kyte.example.org", "/socket.io/"),
        ("kyte.example.org", "/api/socket.io/"),
    ] {
        // To a client whose address has a path, that is a namespace.
        for namespace in ["", "/kyte,", "/kyte/api,"] {
            let (mut wire, answer) = Wire::at(&server, host, path, &query, namespace).await;
            assert!(answer.starts_with(&format!("40{namespace}{{")), "{path}: {answer}");
            ann.post_text(&garden, path).await;
            let received = wire.next().await;
            assert!(received.starts_with(&format!("42{namespace}[\"message\",")), "{path}: {received}");
        }
    }
    let nothing = ann.get("/socket.io/?EIO=2&transport=polling").await;
    assert_eq!(nothing.status, 400);
    assert!(nothing["message"].is_string(), "{}", nothing.body);
}
