//! The socket of a conversation, as unet's client opens it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{CHAT, Client};
use crate::others::model::{end, says, stream, word};
use crate::others::{Other, Piece};
use crate::server::{TestServer, fresh_key};

#[tokio::test]
async fn what_is_sent_comes_to_everybody_the_sender_included() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (a, b) = (Client::of(&server, &ann, "ann").await, Client::of(&server, &bob, "bob").await);
    let id = a.group("Mathematics", &[b.id]).await;
    let mut one = a.socket_by("WWW-Authenticate", &id).await.unwrap();
    let mut other = b.socket_by("Authorization", &id).await.unwrap();
    one.send(json!({"type": "message:new", "payload": {"text": "Привет!", "reply_to": null}})).await;
    let received = one.next().await.unwrap();
    assert_eq!(received, other.next().await.unwrap());
    assert_eq!(received["type"], "message:new");
    let message = &received["payload"];
    assert_eq!((&message["text"], &message["sender_id"]), (&json!("Привет!"), &json!(a.id)));
    assert_eq!((&message["conversation_id"], &message["reply_to"]), (&json!(id), &json!(null)));
    other.send(json!({"type": "message:new", "payload": {"text": "Hello", "reply_to": message["id"]}})).await;
    assert_eq!(one.next().await.unwrap()["payload"]["reply_to"], message["id"]);
    other.next().await.unwrap();

    // By HTTP, edited, deleted, and from another api.
    let sent = a.post_text(&id, "One more").await;
    assert_eq!(other.next().await.unwrap(), json!({"type": "message:new", "payload": sent}));
    let path = format!("{CHAT}/messages/{}", sent["id"].as_str().unwrap());
    a.put(&path, json!({"text": "Another"})).await.expect(200);
    let edited = other.next().await.unwrap();
    assert_eq!((&edited["type"], &edited["payload"]["text"]), (&json!("message:updated"), &json!("Another")));
    a.delete(&path).await.expect(204);
    let deleted = other.next().await.unwrap();
    assert_eq!((&deleted["type"], &deleted["payload"]["id"]), (&json!("message:deleted"), &sent["id"]));
    // What is no message says why to whoever sent it, and breaks nothing.
    for wrong in
        [json!({"type": "message:new", "payload": {"text": " "}}), json!([]), json!({"type": "message:new"})]
    {
        other.send(wrong).await;
        assert_eq!(other.next().await.unwrap()["type"], "error");
    }
    for (field, payload) in [("text", json!({"text": 5})), ("reply_to", json!({"text": "a", "reply_to": 5}))]
    {
        other.send(json!({"type": "message:new", "payload": payload})).await;
        let refused = other.next().await.unwrap();
        assert_eq!(refused["payload"]["detail"], format!("{field}: must be a string"));
    }
    other.send(json!({"type": "typing", "payload": {}})).await;
    a.post_text(&id, "Still here").await;
    assert_eq!(other.next().await.unwrap()["payload"]["text"], "Still here");
}

#[tokio::test]
async fn whoever_may_not_listen_is_refused_at_the_handshake() {
    let server = TestServer::start().await;
    let (ann, eve) = (server.person("ann").await, server.person("eve").await);
    let (a, e) = (Client::of(&server, &ann, "ann").await, Client::of(&server, &eve, "eve").await);
    let id = a.group("Mathematics", &[]).await;
    assert_eq!(e.socket_by("Authorization", &id).await.err(), Some(403));
    assert_eq!(a.socket_by("Authorization", &fresh_key()).await.err(), Some(404));
    assert_eq!(a.socket_by("Authorization", "uuid").await.err(), Some(404));
    assert_eq!(a.socket_by("nothing", &id).await.err(), Some(401));
    let wrong = Client { token: "wrong".to_owned(), ..Client::of(&server, &ann, "ann").await };
    assert_eq!(wrong.socket_by("WWW-Authenticate", &id).await.err(), Some(401));
    server.clock.advance(Duration::from_secs(3_600));
    assert_eq!(a.socket_by("WWW-Authenticate", &id).await.err(), Some(401));
}

#[tokio::test]
async fn whoever_is_removed_or_signed_out_receives_nothing_more_at_once() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (a, b) = (Client::of(&server, &ann, "ann").await, Client::of(&server, &bob, "bob").await);
    let (id, elsewhere) = (a.group("Mathematics", &[b.id]).await, a.group("Physics", &[b.id]).await);
    let (mut removed, mut stays) = (b.socket(&id).await, b.socket(&elsewhere).await);
    a.delete(&format!("{CHAT}/conversations/{id}/participants/{}", b.id)).await.expect(204);
    a.post_text(&id, "About Bob").await;
    assert_eq!(removed.closed().await, 4403);
    a.post_text(&elsewhere, "To Bob").await;
    assert_eq!(stays.next().await.unwrap()["payload"]["text"], "To Bob");

    // A deleted conversation is over for everybody.
    let mut deleted = a.socket(&id).await;
    a.delete(&format!("{CHAT}/conversations/{id}")).await.expect(204);
    assert_eq!(deleted.closed().await, 4403);

    // One's other sign-ins end, and with them the socket that was opened by one.
    bob.delete("/sessions").await.expect(204);
    assert_eq!(stays.closed().await, 4403);
}

#[tokio::test]
async fn sixteen_sockets_of_one_person_each_hear_everything_once() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (a, b) = (Client::of(&server, &ann, "ann").await, Client::of(&server, &bob, "bob").await);
    let id = a.group("Mathematics", &[b.id]).await;
    // The web client of the same person goes on beside them.
    let mut web = ann.socket().await;
    let mut sockets = futures_util::future::join_all((0..16).map(|_| a.socket(&id))).await;
    let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for text in &texts {
        b.post_text(&id, text).await;
    }
    sockets[3].send(json!({"type": "message:new", "payload": {"text": "last"}})).await;
    for socket in &mut sockets {
        for text in texts.iter().map(String::as_str).chain(["last"]) {
            assert_eq!(socket.next().await.unwrap()["payload"]["text"], text);
        }
    }
    for text in &texts {
        assert_eq!(web.until("message.created").await["content"], text.as_str());
    }
}

#[tokio::test]
async fn an_answer_of_the_assistant_is_received_once_when_it_is_whole() {
    let model = Other::saying(says(&["Раз", "-два"])).await;
    let url = format!("{}/v1", model.url);
    let server = TestServer::with(&["--rate-limits", "off", "--ai-url", &url, "--ai-model", "tiny"]).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (a, b) = (Client::of(&server, &ann, "ann").await, Client::of(&server, &bob, "bob").await);
    let chat = ann.group("Mathematics", &[&bob]).await;
    let list = async || b.get(&format!("{CHAT}/conversations/")).await.expect(200)[0].clone();
    let id = list().await["id"].as_str().unwrap().to_owned();
    let texts = async || -> Vec<Value> {
        let sent = b.get(&format!("{CHAT}/messages/{id}")).await.expect(200);
        sent.as_array().unwrap().iter().map(|message| message["text"].clone()).collect()
    };
    a.post_text(&id, "Count").await;
    let go = Arc::new(Notify::new());
    model.says(stream(vec![word("Раз"), Piece::Wait(go.clone()), word("-два"), end()]));
    let (mut socket, mut web) = (b.socket(&id).await, bob.socket().await);
    let look = async {
        while web.until("message.created").await["type"] != "ai" {}
        assert_eq!(texts().await, ["Count"], "a client would keep the first words");
        assert_eq!(list().await["last_message"]["text"], "Count");
        go.notify_one();
    };
    let question = json!({"chat_id": chat, "question": "How far?"});
    let (answer, ()) = tokio::join!(ann.post("/ai/ask", question), look);
    answer.expect(201);
    a.post_text(&id, "Thanks").await;
    for text in ["Раз-два", "Thanks"] {
        let received = socket.next().await.unwrap();
        assert_eq!((&received["type"], &received["payload"]["text"]), (&json!("message:new"), &json!(text)));
    }
    assert_eq!(texts().await, ["Count", "Раз-два", "Thanks"]);
}
