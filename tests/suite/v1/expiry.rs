//! Messages that disappear by themselves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Person, Socket, TestServer, is_time};

const LIFE: Duration = Duration::from_secs(60);

/// What is sent in the chat from now on stays for a minute.
async fn shorten(person: &Person, chat: i64) {
    let chat = person.patch(&format!("/chats/{chat}"), json!({"message_life": LIFE.as_secs()})).await;
    assert_eq!(chat.expect(200)["message_life"], LIFE.as_secs());
}

async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.direct(&bob).await;
    (server, ann, bob, chat)
}

/// Waits until these are told as deleted, in any order.
async fn gone(socket: &mut Socket, ids: &[i64]) {
    let mut left: Vec<i64> = ids.to_vec();
    while !left.is_empty() {
        let told = socket.until("message.deleted").await["id"].as_i64().unwrap();
        assert!(left.contains(&told), "{told} is told once");
        left.retain(|id| *id != told);
    }
}

fn id(message: &Value) -> i64 {
    message["id"].as_i64().unwrap()
}

#[tokio::test]
async fn what_is_due_is_told_as_deleted_and_nothing_else_is() {
    let (server, ann, bob, chat) = two().await;
    let stays = ann.post_text(chat, "sent before").await;
    shorten(&ann, chat).await;
    let first = ann.post_text(chat, "goes").await;
    assert!(is_time(&first["expires_at"]), "{first}");
    assert_eq!(stays.get("expires_at"), None);
    server.clock.advance(LIFE / 2);
    let second = bob.post_text(chat, "goes later").await;
    let mut socket = bob.socket().await;
    server.clock.advance(LIFE / 2);
    gone(&mut socket, &[id(&first)]).await;
    assert_eq!(ann.texts(chat).await, ["goes later", "sent before"]);
    server.clock.advance(LIFE / 2);
    gone(&mut socket, &[id(&second)]).await;
    assert_eq!(ann.texts(chat).await, ["sent before"]);
    let left = ann.get(&format!("/messages/{}", id(&first))).await.expect(200);
    assert_eq!((&left["deleted"], left.get("expires_at")), (&json!(true), None));
}

#[tokio::test]
async fn a_file_goes_with_its_message() {
    let (server, ann, bob, chat) = two().await;
    shorten(&ann, chat).await;
    let file = ann.upload("a.txt", "text/plain", b"secret".to_vec()).await;
    let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": file}});
    let message = ann.post("/messages", body).await.expect(201);
    bob.get(&format!("/attachments/{file}")).await.expect(200);
    let mut socket = bob.socket().await;
    server.clock.advance(LIFE);
    gone(&mut socket, &[id(&message)]).await;
    bob.get(&format!("/attachments/{file}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_became_due_while_the_server_was_down_goes_when_it_is_up() {
    let (server, ann, _bob, chat) = two().await;
    shorten(&ann, chat).await;
    let mut ids = Vec::new();
    for number in 0..120 {
        ids.push(id(&ann.post_text(chat, &number.to_string()).await));
    }
    let cursor = ann.cursor().await;
    // The clock goes on while it starts.
    server.clock.advance(LIFE / 3);
    let clock = server.clock.clone();
    let server = server.restart().await;
    let ann = Person { url: server.url.clone(), ..ann };
    assert_eq!(ann.texts(chat).await.len(), 120, "nothing goes too early");
    let mut socket = ann.resume(&cursor).await;
    clock.advance(LIFE);
    gone(&mut socket, &ids).await;
    assert_eq!(ann.texts(chat).await, [""; 0]);
}

#[tokio::test]
async fn a_change_of_the_timer_is_told_and_holds_for_what_is_sent_then() {
    let (_server, ann, bob, chat) = two().await;
    let mut socket = ann.socket().await;
    let cursor = ann.cursor().await;
    shorten(&bob, chat).await;
    assert_eq!(socket.until("chat.updated").await["message_life"], LIFE.as_secs());
    assert_eq!(socket.until("message.created").await["type"], "system");
    let short = ann.post_text(chat, "short").await;
    bob.patch(&format!("/chats/{chat}"), json!({"message_life": null})).await.expect(200);
    assert_eq!(socket.until("chat.updated").await["message_life"], Value::Null);
    let page = ann.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    let lives: Vec<&Value> =
        page["events"].as_array().unwrap().iter().map(|event| &event["data"]["message_life"]).collect();
    assert_eq!(lives.iter().filter(|life| life.is_null()).count(), lives.len(), "told as it is now: {page}");
    assert!(is_time(&short["expires_at"]), "{short}");
    assert_eq!(ann.post_text(chat, "stays").await.get("expires_at"), None);
}
