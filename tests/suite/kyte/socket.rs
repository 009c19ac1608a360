//! The socket of a chat.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Friend, pair, refused};
use crate::server::{Socket, TestServer, fields};

#[tokio::test]
async fn messages_come_bare_and_to_their_sender_too() {
    let (_server, ann, bob, garden) = pair().await;
    let (mut one, mut two) = (ann.listen(&garden).await, bob.listen(&garden).await);
    one.send(json!({"type": "message", "content": " Message text "})).await;
    let received = two.next().await.unwrap();
    assert_eq!(fields(&received), ["id", "chatId", "userId", "userName", "content", "type", "createdAt"]);
    assert_eq!((&received["content"], &received["userName"]), (&json!("Message text"), &json!("ann")));
    assert_eq!((&received["type"], &received["chatId"]), (&json!("text"), &json!(garden)));
    assert_eq!(one.next().await.unwrap(), received, "the sender is echoed");
    assert_eq!(
        bob.get(&format!("/chats/{garden}/messages?limit=1")).await.expect(200)["messages"][0],
        received
    );

    let sent = bob.post_text(&garden, "over HTTP").await;
    assert_eq!(one.next().await.unwrap(), sent);
    assert_eq!(two.next().await.unwrap(), sent);
}

#[tokio::test]
async fn only_what_is_new_in_this_chat_is_told() {
    let (server, ann, bob, garden) = pair().await;
    let house = ann.group("House", &[&bob]).await["id"].as_str().unwrap().to_owned();
    let mut socket = ann.listen(&garden).await;
    let other = bob.elsewhere(&server);
    bob.post_text(&house, "elsewhere").await;
    let sent = other.post_text(garden.parse().unwrap(), "one").await["id"].as_i64().unwrap();
    other.patch(&format!("/messages/{sent}"), json!({"content": "one, edited"})).await.expect(200);
    bob.post(&format!("/messages/{sent}/like"), json!({})).await.expect(200);
    other.post(&format!("/chats/{garden}/read"), json!({})).await.expect(200);
    bob.post_text(&garden, "two").await;
    assert_eq!(socket.next().await.unwrap()["content"], "one");
    assert_eq!(socket.next().await.unwrap()["content"], "two");
}

#[tokio::test]
async fn a_new_name_is_told_at_once() {
    let (_server, ann, bob, garden) = pair().await;
    let mut socket = ann.listen(&garden).await;
    bob.post_text(&garden, "one").await;
    assert_eq!(socket.next().await.unwrap()["userName"], "bob");
    bob.put("/user/profile", json!({"name": "Robert"})).await.expect(200);
    bob.post_text(&garden, "two").await;
    assert_eq!(socket.next().await.unwrap()["userName"], "Robert");
}

#[tokio::test]
async fn the_base_is_a_socket_too() {
    let (server, ann, bob, garden) = pair().await;
    for base in ["/kyte", "/kyte/", "/kyte/api", "/kyte/api/"] {
        let friend = Friend { base: format!("{}{base}", server.url), ..ann.clone() };
        let mut socket = friend.socket(&format!("?chatId={garden}&token={}", ann.token)).await.unwrap();
        let sent = bob.post_text(&garden, base).await;
        assert_eq!(socket.next().await.unwrap(), sent);
    }
    let friend = Friend { base: format!("{}/kyte/api", server.url), ..ann.clone() };
    friend.listen(&garden).await;
}

#[tokio::test]
async fn the_base_of_a_host_of_its_own_is_a_socket_too() {
    let server = TestServer::with(&["--rate-limits", "off", "--kyte-hosts", "kyte.example.org"]).await;
    let ann = Friend::new(&server, "ann").await;
    let garden = ann.group("Garden", &[]).await["id"].as_str().unwrap().to_owned();
    for path in ["/", "/api", "/api/"] {
        let url = format!("{}{path}?chatId={garden}&token={}", server.url.replace("http", "ws"), ann.token);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Host", "kyte.example.org".parse().unwrap());
        let mut socket = Socket::with_request(request).await.unwrap();
        let sent = ann.post_text(&garden, path).await;
        assert_eq!(socket.next().await.unwrap(), sent);
    }
}

#[tokio::test]
async fn what_opens_no_socket_at_the_base_finds_nothing() {
    let (_server, ann, _bob, garden) = pair().await;
    let path = format!("?chatId={garden}&token={}", ann.token);
    refused(ann.get(&path).await, 404);
    refused(ann.post(&path, json!({})).await, 404);
}

#[tokio::test]
async fn who_may_not_listen_is_refused_at_the_handshake() {
    let (server, ann, _bob, garden) = pair().await;
    let eve = Friend::new(&server, "eve").await;
    for path in [format!("/ws/chat/{garden}?"), format!("/?chatId={garden}&")] {
        for (token, status) in
            [("", 401), ("token=", 401), ("token=nonsense", 401), (&format!("token={}", eve.token), 403)]
        {
            assert_eq!(eve.socket(&format!("{path}{token}")).await.err(), Some(status), "{path}{token}");
        }
    }
    for chat in ["1", "chat-id"] {
        let path = format!("/ws/chat/{chat}?token={}", ann.token);
        assert_eq!(ann.socket(&path).await.err(), Some(403));
    }
    server.clock.advance(Duration::from_secs(3_600));
    assert_eq!(ann.socket(&format!("/ws/chat/{garden}?token={}", ann.token)).await.err(), Some(401));
}

#[tokio::test]
async fn who_is_removed_or_signed_out_receives_nothing_more() {
    let (server, ann, bob, garden) = pair().await;
    let mut socket = bob.listen(&garden).await;
    let mut own = ann.listen(&garden).await;
    ann.elsewhere(&server).delete(&format!("/chats/{garden}/members/{}", bob.id)).await.expect(204);
    ann.post_text(&garden, "secret").await;
    while let Ok(frame) = socket.next().await {
        assert_eq!(frame["type"], "system", "{frame}");
    }
    ann.elsewhere(&server).post("/auth/logout", json!({})).await.expect(204);
    while own.next().await.is_ok() {}
}

#[tokio::test]
async fn what_can_not_be_sent_harms_nobody() {
    let (_server, ann, bob, garden) = pair().await;
    let mut socket = ann.listen(&garden).await;
    for frame in
        ["", "{", "[]", "null", "{}", "{\"type\":\"message\"}", "{\"type\":\"message\",\"content\":\" \"}"]
    {
        socket.raw(Message::text(frame)).await;
    }
    socket.send(json!({"type": "typing"})).await;
    socket.send(json!({"type": "message", "content": 1})).await;
    socket.send(json!({"type": "message", "content": "я".repeat(16_001)})).await;
    socket.send(json!({"type": "message", "content": "hello"})).await;
    assert_eq!(socket.next().await.unwrap()["content"], "hello");
    assert_eq!(bob.texts(&garden).await, ["hello"]);
}
