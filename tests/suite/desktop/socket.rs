//! The socket of a chat, as the desktop messenger opens it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Client, until};
use crate::others::model::{end, says, stream, word};
use crate::others::{Other, Piece};
use crate::server::TestServer;

#[tokio::test]
async fn what_is_sent_comes_to_everybody_the_sender_included() {
    let server = TestServer::start().await;
    let (ivan, olga) = (Client::registered(&server, "ivan").await, Client::registered(&server, "olga").await);
    let chat = ivan.group("Project", &[olga.id]).await;
    let (mut one, mut other) = (ivan.socket(chat).await, olga.socket(chat).await);
    one.send(json!({"type": "message", "content": "Всем привет!"})).await;
    let received = until(&mut one, "message").await;
    assert_eq!(received, until(&mut other, "message").await);
    assert_eq!((&received["content"], &received["sender_id"]), (&json!("Всем привет!"), &json!(ivan.id)));
    assert_eq!((&received["chat_id"], &received["is_read"]), (&json!(chat), &json!(false)));
    let sent = ivan.post_text(chat, "By HTTP").await;
    assert_eq!(until(&mut other, "message").await, sent);
    one.send(json!({"type": "typing"})).await;
    // Who comes is told as well.
    while until(&mut other, "status").await != json!({"user_id": ivan.id, "online": true, "typing": true}) {}
    olga.post(&format!("/api/chats/{chat}/read"), json!({})).await.expect(200);
    assert_eq!(until(&mut one, "read").await["user_id"], olga.id);
    for wrong in [json!({"type": "message"}), json!([]), json!({"type": "message", "content": " "})] {
        one.send(wrong).await;
        assert!(until(&mut one, "error").await["detail"].is_string());
    }
    one.send(json!({"type": "message", "content": 5})).await;
    assert_eq!(until(&mut one, "error").await["detail"], "content: must be a string");
    // What the server says is sent by nobody.
    let eve = Client::registered(&server, "eve").await;
    let path = format!("{}/api/v1/chats/{chat}/members", server.url);
    let add = server.nobody().http.post(path).bearer_auth(&ivan.token).json(&json!({"user_id": eve.id}));
    let add = add.header("Idempotency-Key", crate::server::fresh_key());
    assert_eq!(add.send().await.unwrap().status(), 201);
    assert!(until(&mut other, "system").await["text"].as_str().unwrap().contains("eve"));
}

#[tokio::test]
async fn whoever_may_not_listen_is_refused_at_the_handshake() {
    let server = TestServer::start().await;
    let (ivan, eve) = (Client::registered(&server, "ivan").await, Client::registered(&server, "eve").await);
    let chat = ivan.group("Project", &[]).await;
    assert_eq!(eve.open(chat).await.err(), Some(403));
    assert_eq!(Client::nobody(&server).open(chat).await.err(), Some(401));
    assert_eq!(ivan.open(5).await.err(), Some(404));
    assert_eq!(ivan.open("x").await.err(), Some(404));
}

#[tokio::test]
async fn an_answer_of_the_assistant_is_received_once_when_it_is_whole() {
    let model = Other::saying(says(&["Раз", "-два"])).await;
    let url = format!("{}/v1", model.url);
    let server = TestServer::with(&["--rate-limits", "off", "--ai-url", &url, "--ai-model", "tiny"]).await;
    let ann = server.person("ann").await;
    let olga = Client::registered(&server, "olga").await;
    let chat = olga.group("Project", &[ann.id]).await;
    let sent = olga.post_text(chat, "Count").await;
    let go = Arc::new(Notify::new());
    model.says(stream(vec![word("Раз"), Piece::Wait(go.clone()), word("-два"), end()]));
    let (mut socket, mut web) = (olga.socket(chat).await, ann.socket().await);
    let look = async {
        while web.until("message.created").await["type"] != "ai" {}
        assert_eq!(olga.texts(chat).await, ["Count"], "a client would keep the first words");
        let shown = olga.get(&format!("/api/chats/{chat}")).await.expect(200);
        assert_eq!(shown["last_message"]["id"], sent["id"]);
        go.notify_one();
    };
    let question = json!({"chat_id": chat, "question": "How far?"});
    let (answer, ()) = tokio::join!(ann.post("/ai/ask", question), look);
    answer.expect(201);
    olga.post_text(chat, "Thanks").await;
    let mut received: Vec<(Value, Value)> = Vec::new();
    while received.last().is_none_or(|(_, content)| content != "Thanks") {
        let frame = socket.next().await.expect("the socket stays open");
        // Who comes and goes is told when it is told.
        if frame["type"].as_str().unwrap().starts_with("message") {
            received.push((frame["type"].clone(), frame["data"]["content"].clone()));
        }
    }
    assert_eq!(
        received,
        [("message", "Раз-два"), ("message", "Thanks")].map(|(kind, text)| (json!(kind), json!(text)))
    );
    assert_eq!(olga.texts(chat).await, ["Count", "Раз-два", "Thanks"]);
}
