//! What happened meanwhile.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Mimu, fields, refused, reply, two};
use crate::server::TestServer;

async fn sync(mimu: &Mimu, query: &[(&str, &str)]) -> Value {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    fields(mimu.get(&format!("/api/v1/sync?{}", query.join("&"))).await)
}

fn texts(news: &Value) -> Vec<&str> {
    news["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn without_a_cursor_everything_is_told() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    ann.post_text(&chat, "1").await;
    ann.post_text("chat-1", "2").await;
    let news = sync(&ann, &[]).await;
    assert_eq!(texts(&news), ["1", "2"]);
    let chats: Vec<_> = news["messages"].as_array().unwrap().iter().map(|it| it["chatId"].clone()).collect();
    assert_eq!(chats, [chat.as_str(), "chat-1"]);
    assert_eq!(news["chats"].as_array().unwrap().len(), 2);
    assert_eq!(news["hasMore"], false);
    let posted = fields(ann.post("/api/v1/sync", json!({})).await);
    assert_eq!(texts(&posted), ["1", "2"]);
    fields(reply(ann.request(Method::POST, "/api/v1/sync")).await);
}

#[tokio::test]
async fn with_a_cursor_what_is_new_changed_and_gone() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let (first, second) = (ann.post_text(&chat, "1").await, ann.post_text(&chat, "2").await);
    let news = sync(&bob, &[]).await;
    let nothing = sync(&bob, &[("cursor", news["cursor"].as_str().unwrap())]).await;
    assert_eq!((texts(&nothing).len(), nothing["chats"].as_array().unwrap().len()), (0, 0));
    ann.post_text(&chat, "3").await;
    fields(ann.put(&format!("/api/v1/messages/{first}"), json!({"chatId": chat, "text": "1!"})).await);
    fields(ann.delete(&format!("/api/v1/messages/{second}"), &chat).await);
    let later = sync(&bob, &[("cursor", news["cursor"].as_str().unwrap())]).await;
    assert_eq!(texts(&later), ["1!", "3"]);
    assert_eq!(later["deletedMessageIds"], json!([second]));
    assert_eq!((&later["chats"][0]["chatId"], &later["chats"][0]["unreadCount"]), (&json!(chat), &json!(2)));
    // In pages.
    let page = fields(bob.post("/api/v1/sync", json!({"cursor": news["cursor"], "limit": 1})).await);
    assert_eq!((texts(&page), &page["hasMore"]), (vec!["3"], &json!(true)));
    let rest = fields(bob.post("/api/v1/sync", json!({"cursor": page["cursor"]})).await);
    assert_eq!((texts(&rest), &rest["cursor"]), (vec!["1!"], &later["cursor"]));
}

#[tokio::test]
async fn a_reading_is_told_with_the_messages() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let id = ann.post_text(&chat, "1").await;
    let news = sync(&ann, &[]).await;
    assert_eq!(news["messages"][0]["isRead"], false);
    fields(bob.post(&format!("/api/v1/messages/{id}/read"), json!({"chatId": chat})).await);
    let news = sync(&ann, &[("cursor", news["cursor"].as_str().unwrap())]).await;
    assert_eq!(news["messages"][0]["isRead"], true);
}

#[tokio::test]
async fn one_chat_alone_moves_the_cursor_there_alone() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    ann.post_text("chat-1", "1").await;
    ann.post_text("chat-2", "2").await;
    assert_eq!(texts(&sync(&ann, &[("chatId", "chat-1")]).await), ["1"]);
    let cursor = sync(&ann, &[]).await["cursor"].as_str().unwrap().to_owned();
    ann.post_text("chat-1", "3").await;
    ann.post_text("chat-2", "4").await;
    let one = sync(&ann, &[("chatId", "chat-1"), ("cursor", &cursor)]).await;
    assert_eq!(texts(&one), ["3"]);
    let rest = sync(&ann, &[("cursor", one["cursor"].as_str().unwrap())]).await;
    assert_eq!(texts(&rest), ["4"]);
    let unknown = sync(&ann, &[("chatId", "chat-3"), ("cursor", &cursor)]).await;
    assert_eq!((texts(&unknown).len(), unknown["cursor"].as_str()), (0, Some(cursor.as_str())));
}

#[tokio::test]
async fn chats_come_and_go() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let mimu = Mimu::of(&bob);
    let cursor = sync(&mimu, &[]).await["cursor"].as_str().unwrap().to_owned();
    let chat = ann.group("Team", &[&bob]).await;
    ann.post_text(chat, "Hello").await;
    let news = sync(&mimu, &[("cursor", &cursor)]).await;
    assert_eq!(news["chats"][0]["chatId"], chat.to_string());
    assert!(texts(&news).contains(&"Hello"));
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    let news = sync(&mimu, &[("cursor", news["cursor"].as_str().unwrap())]).await;
    assert_eq!(news["removedChatIds"], json!([chat.to_string()]));
    refused(mimu.get(&format!("/api/v1/sync?chatId={chat}")).await, 403, "forbidden");
    refused(mimu.get("/api/v1/sync?cursor=x").await, 400, "invalid");
}
