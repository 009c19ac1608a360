//! `/chats/{id}/meeting`, `/users/me/google-token`: places to meet by video.

use serde_json::{Value, json};

use crate::others::{Answer, Other};
use crate::server::{Person, Reply, TestServer};

const URL: &str = "https://meet.google.com/abc-defg-hij";

/// A server that makes meetings at a Google of its own.
struct Api {
    server: TestServer,
    google: Other,
    anna: Person,
    chat: i64,
}

impl Api {
    async fn new() -> Self {
        let space = json!({"name": "spaces/x", "meetingUri": URL, "meetingCode": "abc-defg-hij"}).to_string();
        let google = Other::saying(Answer::new(200, space)).await;
        let flags = ["--rate-limits", "off", "--google-meet-url", &google.url];
        let server = TestServer::with(&flags).await;
        // The first looks after the server, and stays.
        server.person("root").await;
        let anna = server.person("anna").await;
        let chat = anna.group("Сад", &[]).await;
        Self { server, google, anna, chat }
    }

    async fn meet(&self, body: Value) -> Reply {
        self.anna.post(&format!("/chats/{}/meeting", self.chat), body).await
    }
}

#[tokio::test]
async fn a_meeting_is_made_at_google_in_ones_name() {
    let api = Api::new().await;
    let Api { anna, .. } = &api;
    api.meet(json!({})).await.refused(400, "invalid");
    for wrong in ["", " ", "a b", &"a".repeat(4_097)] {
        anna.put("/users/me/google-token", json!({"token": wrong})).await.refused(400, "invalid");
    }
    assert_eq!(anna.put("/users/me/google-token", json!({"token": "ya29.old"})).await.status, 204);
    assert_eq!(anna.put("/users/me/google-token", json!({"token": "ya29.new"})).await.status, 204);
    assert_eq!(api.meet(json!({})).await.expect(201), json!({"url": URL, "message": null}));
    let asked = api.google.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v2/spaces"));
    assert_eq!((asked.header("authorization"), asked.json()), ("Bearer ya29.new", json!({})));
    assert!(anna.texts(api.chat).await.is_empty());

    assert_eq!(anna.delete("/users/me/google-token").await.status, 204);
    assert_eq!(api.server.count("SELECT COUNT(*) FROM google_token").await, 0);
    api.meet(json!({})).await.refused(400, "invalid");
}

#[tokio::test]
async fn the_chat_receives_of_a_meeting_when_it_should() {
    let api = Api::new().await;
    api.anna.put("/users/me/google-token", json!({"token": "ya29"})).await;
    let meeting = api.meet(json!({"post": true})).await.expect(201);
    let message = &meeting["message"];
    assert_eq!(message["content"], format!("Видеовстреча: {URL}"));
    assert_eq!((&message["payload"]["meet_url"], &message["author_id"]), (&json!(URL), &json!(api.anna.id)));
    assert_eq!(api.anna.texts(api.chat).await.len(), 1);
}

#[tokio::test]
async fn what_google_refuses_is_sent_and_nothing_is_posted() {
    let api = Api::new().await;
    api.anna.put("/users/me/google-token", json!({"token": "ya29"})).await;
    for answer in [
        Answer::new(401, "{}"),
        Answer::new(403, "{}"),
        Answer::new(500, ""),
        Answer::new(200, "<html>"),
        Answer::new(200, r#"{"meetingUri":"javascript:alert(1)"}"#),
        Answer::new(302, ""),
    ] {
        api.google.says(answer);
        api.meet(json!({"post": true})).await.refused(502, "bad_gateway");
    }
    assert!(api.anna.texts(api.chat).await.is_empty());
}

#[tokio::test]
async fn an_account_that_goes_takes_its_token_along() {
    let api = Api::new().await;
    api.anna.put("/users/me/google-token", json!({"token": "ya29"})).await;
    assert_eq!(api.server.count("SELECT COUNT(*) FROM google_token").await, 1);
    let body = json!({"password": crate::server::PASSWORD, "messages": "keep"});
    assert_eq!(api.anna.post("/users/me/deletion", body).await.status, 204);
    assert_eq!(api.server.count("SELECT COUNT(*) FROM google_token").await, 0);
}

#[tokio::test]
async fn a_jitsi_server_needs_no_token() {
    let flags = ["--rate-limits", "off", "--jitsi-url", "https://meet.example.org/"];
    let server = TestServer::with(&flags).await;
    let (anna, eve) = (server.person("anna").await, server.person("eve").await);
    let chat = anna.group("Сад", &[]).await;
    let path = format!("/chats/{chat}/meeting");
    let mut rooms = Vec::new();
    for _ in 0..2 {
        let url = anna.post(&path, json!({"post": false})).await.expect(201)["url"].clone();
        let url = url.as_str().unwrap().to_owned();
        let room = url.strip_prefix("https://meet.example.org/").unwrap();
        assert!(room.len() > 20 && room.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{room}");
        rooms.push(url);
    }
    assert_ne!(rooms[0], rooms[1]);
    eve.post(&path, json!({"post": true})).await.refused(403, "forbidden");
}
