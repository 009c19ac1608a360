//! A client that repeats what it got no answer to.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Mimu, fields, refused};
use crate::server::TestServer;

/// A moment in which a server does something that nobody outside sees.
const MOMENT: Duration = Duration::from_millis(100);

/// Sends a request and closes the connection while the server waits for the database. Answers whether it noticed.
async fn sent_unheard(server: &TestServer, mimu: &Mimu, path: &str, body: &Value) -> bool {
    let before = server.count("SELECT COUNT(*) FROM unheard").await;
    send_and_go(server, mimu, path, body).await;
    for _ in 0..200 {
        if server.count("SELECT COUNT(*) FROM unheard").await > before {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

async fn send_and_go(server: &TestServer, mimu: &Mimu, path: &str, body: &Value) {
    let busy = server.database.busy(server.dir.path()).await;
    let connection = send(server, mimu, path, body).await;
    tokio::time::sleep(MOMENT).await;
    drop(connection);
    tokio::time::sleep(MOMENT).await;
    busy.over().await;
}

async fn send(server: &TestServer, mimu: &Mimu, path: &str, body: &Value) -> TcpStream {
    let (body, token) = (body.to_string(), &mimu.token);
    let host = server.url.strip_prefix("http://").unwrap();
    let request = format!(
        "POST /mimu{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(host).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

fn text(text: &str, timestamp: &str) -> Value {
    json!({"chatId": "chat-1", "type": "text", "text": text, "timestamp": timestamp})
}

/// A text whose sender was gone before the answer. On a busy machine the server may hear of it too late: then another
/// one.
async fn unheard(server: &TestServer, mimu: &Mimu) -> String {
    for attempt in 0..20 {
        let sent = format!("Привет {attempt}!");
        if sent_unheard(server, mimu, "/api/v1/messages", &text(&sent, "a")).await {
            return sent;
        }
    }
    panic!("nobody noticed that the sender was gone");
}

async fn count(mimu: &Mimu, sent: &str) -> usize {
    mimu.texts("chat-1").await.iter().filter(|text| *text == sent).count()
}

#[tokio::test]
async fn what_is_repeated_after_a_lost_answer_is_the_same_message_once() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    ann.post_text("chat-1", "Начало").await;
    let sent = unheard(&server, &ann).await;
    let first = ann.messages("chat-1").await.into_iter().find(|it| it["text"] == sent.as_str()).unwrap();
    let again = fields(ann.post("/api/v1/messages", text(&sent, "b")).await);
    assert_eq!((&again["messageId"], &again["timestamp"]), (&first["id"], &first["timestamp"]));
    assert_eq!(count(&ann, &sent).await, 1);
    // That was received: the same once more is meant.
    let meant = fields(ann.post("/api/v1/messages", text(&sent, "c")).await);
    assert_ne!(meant["messageId"], first["id"]);
    assert_eq!(count(&ann, &sent).await, 2);
}

#[tokio::test]
async fn what_was_received_is_sent_twice() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    for _ in 0..3 {
        fields(ann.post("/api/v1/messages", text("ок", "a")).await);
    }
    assert_eq!(count(&ann, "ок").await, 3);
    assert_eq!(server.count("SELECT COUNT(*) FROM unheard").await, 0);
}

#[tokio::test]
async fn after_twenty_seconds_it_is_another_message() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    ann.post_text("chat-1", "Начало").await;
    let sent = unheard(&server, &ann).await;
    server.clock.advance(Duration::from_secs(20));
    fields(ann.post("/api/v1/messages", text(&sent, "b")).await);
    assert_eq!(count(&ann, &sent).await, 2);
}

#[tokio::test]
async fn what_is_not_alike_is_another_message() {
    let server = TestServer::start().await;
    let (ann, bob) = super::two(&server).await;
    ann.post_text("chat-1", "Начало").await;
    let sent = unheard(&server, &ann).await;
    bob.post("/api/v1/messages", text(&sent, "b")).await.expect(200);
    let elsewhere = json!({"chatId": "chat-2", "type": "text", "text": sent});
    fields(ann.post("/api/v1/messages", elsewhere).await);
    let named = json!({"chatId": "chat-1", "type": "text", "text": sent, "clientMessageId": "1"});
    fields(ann.post("/api/v1/messages", named).await);
    assert_eq!((count(&ann, &sent).await, count(&bob, &sent).await), (2, 1));
    // And the one that was meant is still known.
    fields(ann.post("/api/v1/messages", text(&sent, "c")).await);
    assert_eq!(count(&ann, &sent).await, 2);
}

#[tokio::test]
async fn a_message_that_was_deleted_meanwhile_is_sent_anew() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    ann.post_text("chat-1", "Начало").await;
    let sent = unheard(&server, &ann).await;
    let first = ann.messages("chat-1").await.into_iter().find(|it| it["text"] == sent.as_str()).unwrap();
    let path = format!("/api/v1/messages/{}", first["id"].as_str().unwrap());
    fields(ann.delete(&path, "chat-1").await);
    let again = fields(ann.post("/api/v1/messages", text(&sent, "b")).await);
    assert_ne!(again["messageId"], first["id"]);
    assert_eq!(count(&ann, &sent).await, 1);
}

/// Its sender goes while the database is busy: it is given up, or done and known to be unheard. Repeated, it is done
/// once either way.
#[tokio::test]
async fn forwarding_is_repeated_like_sending() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    ann.post_text("chat-2", "there is such a chat").await;
    let id = ann.post_text("chat-1", "Привет!").await;
    let path = format!("/api/v1/messages/{id}/forward");
    let body = json!({"fromChatId": "chat-1", "toChatIds": ["chat-2"]});
    send_and_go(&server, &ann, &path, &body).await;
    tokio::time::sleep(3 * MOMENT).await;
    let before = ann.messages("chat-2").await;
    assert!(before.len() <= 2, "{before:?}");
    let again = fields(ann.post(&path, body).await);
    let after = ann.messages("chat-2").await;
    assert_eq!(after.len(), 2, "{after:?}");
    assert_eq!(again["messageIds"], json!([after[1]["id"]]));
}

#[tokio::test]
async fn a_refusal_is_no_message_that_anybody_waits_for() {
    let server = TestServer::start().await;
    let (ann, bob) = super::two(&server).await;
    let chat = ann.friend(&bob).await;
    let cid = Mimu::new(&server, "cid").await;
    let body = json!({"chatId": chat, "type": "text", "text": "x"});
    refused(cid.post("/api/v1/messages", body).await, 403, "forbidden");
    assert_eq!(server.count("SELECT COUNT(*) FROM unheard").await, 0);
}
