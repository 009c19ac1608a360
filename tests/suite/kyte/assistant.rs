//! `/ai`, `/auth/gmail/token`, `/google/meet/create`: the assistant, and places to meet.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use super::{Friend, is_time, refused};
use crate::others::{Answer, Other, Piece, model};
use crate::server::{TestServer, fields};

const MEET: &str = "https://meet.google.com/abc-defg-hij";

/// A server with a model, two people and a group of theirs.
async fn api() -> (TestServer, Other, Friend, Friend, String) {
    let model = Other::saying(model::says(&["AI ", "response"])).await;
    let url = format!("{}/v1", model.url);
    let flags = ["--rate-limits", "off", "--ai-url", &url, "--ai-model", "tiny"];
    let server = TestServer::with(&flags).await;
    let (ann, bob) = (Friend::new(&server, "ann").await, Friend::new(&server, "bob").await);
    let garden = ann.group("Garden", &[&bob]).await["id"].as_str().unwrap().to_owned();
    (server, model, ann, bob, garden)
}

#[tokio::test]
async fn an_answer_is_a_message_that_everybody_receives_once_when_it_is_whole() {
    let (server, model, ann, bob, garden) = api().await;
    let mut socket = bob.listen(&garden).await;
    let question = json!({"chatId": garden, "question": "User question"});
    let reply = ann.post("/ai/ask", question.clone()).await.expect(200);
    assert_eq!(fields(&reply), ["message"]);
    let answer = &reply["message"];
    assert_eq!(fields(answer), ["id", "chatId", "userId", "userName", "content", "type", "createdAt"]);
    assert_eq!((&answer["content"], &answer["type"]), (&json!("AI response"), &json!("ai")));
    assert_eq!((&answer["chatId"], &answer["userName"]), (&json!(garden), &json!("AI")));
    assert_eq!(&socket.next().await.unwrap(), answer);
    ann.post_text(&garden, "Thanks").await;
    assert_eq!(socket.next().await.unwrap()["content"], "Thanks", "the answer came once");
    for _ in 0..2 {
        // The second time takes it back: the answer is as it was when it was finished.
        ann.post(&format!("/messages/{}/like", answer["id"].as_str().unwrap()), json!({})).await.expect(200);
    }
    ann.post_text(&garden, "Good").await;
    assert_eq!(socket.next().await.unwrap()["content"], "Good", "what is done with an answer is no answer");
    assert_eq!(bob.texts(&garden).await, ["AI response", "Thanks", "Good"]);

    model.says(model::says(&["a".repeat(16_000).as_str()]));
    let long = ann.post("/ai/ask", question.clone()).await.expect(200);
    assert_eq!(socket.next().await.unwrap(), long["message"], "what is whole at once is received too");

    model.says(model::says(&["Let's have a call ", "tomorrow."]));
    let proposal = ann.post("/ai/ask", question).await.expect(200);
    assert_eq!(proposal["message"]["metadata"], json!({"suggestMeet": true}));
    assert_eq!(socket.next().await.unwrap(), proposal["message"]);

    let people = bob.get("/chats").await.expect(200)["chats"][0]["participantIds"].clone();
    assert_eq!(people.as_array().unwrap().len(), 2, "it is no member");
    drop(server);
}

#[tokio::test]
async fn an_answer_is_in_the_history_when_it_is_whole() {
    let (server, model, ann, bob, garden) = api().await;
    ann.post_text(&garden, "Count").await;
    let go = Arc::new(Notify::new());
    let pieces = vec![model::word("Раз"), Piece::Wait(go.clone()), model::word("-два"), model::end()];
    model.says(model::stream(pieces));
    let mut web = bob.elsewhere(&server).socket().await;
    let look = async {
        while web.until("message.created").await["type"] != "ai" {}
        assert_eq!(bob.texts(&garden).await, ["Count"], "the socket sends it as new later");
        assert_eq!(bob.get("/chats").await.expect(200)["chats"][0]["lastMessage"], "Count");
        go.notify_one();
    };
    let question = json!({"chatId": garden, "question": "How far?"});
    let (answer, ()) = tokio::join!(ann.post("/ai/ask", question), look);
    assert_eq!(answer.expect(200)["message"]["content"], "Раз-два");
    assert_eq!(bob.texts(&garden).await, ["Count", "Раз-два"]);
}

#[tokio::test]
async fn what_can_be_no_question_is_refused() {
    let (server, model, ann, _bob, garden) = api().await;
    for body in [
        json!({}),
        json!({"chatId": garden}),
        json!({"chatId": garden, "question": ""}),
        json!({"chatId": garden, "question": " \n"}),
        json!({"chatId": garden, "question": "a".repeat(4_001)}),
        json!({"question": "What?"}),
    ] {
        refused(ann.post("/ai/ask", body).await, 400);
    }
    let eve = Friend::new(&server, "eve").await;
    for chat in [garden.as_str(), "1", "chat-id"] {
        refused(eve.post("/ai/ask", json!({"chatId": chat, "question": "What?"})).await, 403);
        refused(eve.get(&format!("/ai/suggestions?chatId={chat}")).await, 403);
    }
    refused(ann.get("/ai/suggestions").await, 400);
    assert!(model.asked().is_empty());
    model.says(Answer::new(500, "no"));
    refused(ann.post("/ai/ask", json!({"chatId": garden, "question": "What?"})).await, 502);
    assert!(ann.texts(&garden).await.is_empty(), "nothing half sent stays");
}

#[tokio::test]
async fn there_are_suggestions_after_five_messages() {
    let (_server, model, ann, bob, garden) = api().await;
    let path = format!("/ai/suggestions?chatId={garden}");
    for number in 0..4 {
        bob.post_text(&garden, &number.to_string()).await;
    }
    assert_eq!(ann.get(&path).await.expect(200), json!({"suggestions": []}));
    bob.post_text(&garden, "Is Thursday good?").await;
    model.says(model::says(&["[\"Yes\", \"No\"]"]));
    let suggestions = ann.get(&path).await.expect(200)["suggestions"].clone();
    assert_eq!((&suggestions[0]["content"], &suggestions[1]["content"]), (&json!("Yes"), &json!("No")));
    let first = &suggestions[0];
    assert_eq!(fields(first), ["id", "chatId", "userId", "content", "type", "createdAt"]);
    assert_eq!((&first["chatId"], &first["type"]), (&json!(garden), &json!("ai")));
    assert!(is_time(&first["createdAt"]) && first["id"] != suggestions[1]["id"]);
    let answer = ann.post("/ai/ask", json!({"chatId": garden, "question": "Who?"})).await.expect(200);
    assert_eq!(first["userId"], answer["message"]["userId"]);
}

#[tokio::test]
async fn without_a_model_there_is_no_assistant() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    let garden = ann.group("Garden", &[]).await["id"].as_str().unwrap().to_owned();
    refused(ann.post("/ai/ask", json!({"chatId": garden, "question": "What?"})).await, 503);
    let path = format!("/ai/suggestions?chatId={garden}");
    assert_eq!(ann.get(&path).await.expect(200), json!({"suggestions": []}));
}

#[tokio::test]
async fn a_meeting_is_made_with_the_callers_token() {
    let space = json!({"name": "spaces/x", "meetingUri": MEET}).to_string();
    let google = Other::saying(Answer::new(200, space)).await;
    let server = TestServer::with(&["--rate-limits", "off", "--google-meet-url", &google.url]).await;
    let ann = Friend::new(&server, "ann").await;
    // Its path would be that of another API.
    let missing = refused(ann.post("/google/meet/create", json!({})).await, 400);
    assert!(missing.contains("token") && !missing.contains('/'), "{missing}");
    refused(ann.post("/auth/gmail/token", json!({})).await, 400);
    refused(ann.post("/auth/gmail/token", json!({"token": ""})).await, 400);
    let kept = ann.post("/auth/gmail/token", json!({"token": "google-oauth-token"})).await.expect(200);
    assert_eq!(kept, json!({"success": true}));
    assert_eq!(ann.post("/google/meet/create", json!({})).await.expect(200), json!({"meetUrl": MEET}));
    assert_eq!(google.asked().pop().unwrap().header("authorization"), "Bearer google-oauth-token");
    for status in [401, 403, 500] {
        google.says(Answer::new(status, "{}"));
        // Never 401: the client would renew its own session.
        refused(ann.post("/google/meet/create", json!({})).await, 502);
    }
    let nobody = Friend::nobody(&server);
    refused(nobody.post("/google/meet/create", json!({})).await, 401);
    refused(nobody.post("/auth/gmail/token", json!({"token": "a"})).await, 401);
}

#[tokio::test]
async fn a_jitsi_server_needs_no_token() {
    let flags = ["--rate-limits", "off", "--jitsi-url", "https://meet.example.org"];
    let server = TestServer::with(&flags).await;
    let ann = Friend::new(&server, "ann").await;
    let url = ann.post("/google/meet/create", json!({})).await.expect(200)["meetUrl"].clone();
    assert!(url.as_str().unwrap().starts_with("https://meet.example.org/besedka-"), "{url}");
}
