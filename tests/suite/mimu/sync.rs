//! What happened meanwhile.

use std::collections::BTreeSet;

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

/// Posts so many texts; answers the number of the last.
async fn post_many(mimu: &Mimu, chat: &str, count: usize) -> String {
    let mut last = String::new();
    for number in 0..count {
        last = mimu.post_text(chat, &number.to_string()).await;
    }
    last
}

/// All answers from a cursor on, or from the beginning.
async fn answers(mimu: &Mimu, cursor: Option<&str>, limit: u64) -> Vec<Value> {
    let (mut cursor, mut all) = (cursor.map(str::to_owned), Vec::new());
    loop {
        let body = json!({"cursor": cursor, "limit": limit});
        let news = fields(mimu.post("/api/v1/sync", body).await);
        cursor = Some(news["cursor"].as_str().unwrap().to_owned());
        let has_more = news["hasMore"] == true;
        all.push(news);
        if !has_more {
            return all;
        }
        assert!(all.len() < 100, "it never ends: {:?}", all.last());
    }
}

/// The ids of the messages that these answers say are read.
fn read_of(answers: &[Value]) -> BTreeSet<&str> {
    let messages = answers.iter().flat_map(|news| news["messages"].as_array().unwrap());
    messages.filter(|it| it["isRead"] == true).map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_reading_is_told_with_the_messages() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let last = post_many(&ann, &chat, 40).await;
    let first = answers(&ann, None, 500).await;
    assert!(read_of(&first).is_empty());
    let bobs = answers(&bob, None, 500).await;
    fields(bob.post(&format!("/api/v1/messages/{last}/read"), json!({"chatId": chat})).await);
    let news = sync(&ann, &[("cursor", first.last().unwrap()["cursor"].as_str().unwrap())]).await;
    assert_eq!((read_of(std::slice::from_ref(&news)).len(), &news["hasMore"]), (40, &json!(false)));
    // The reader's other devices learn it too.
    let news = sync(&bob, &[("cursor", bobs.last().unwrap()["cursor"].as_str().unwrap())]).await;
    assert_eq!(read_of(std::slice::from_ref(&news)).len(), 40);
    // A later reading tells what was read then, and nothing again.
    let cursor = answers(&ann, None, 500).await.pop().unwrap()["cursor"].as_str().unwrap().to_owned();
    let later = ann.post_text(&chat, "later").await;
    fields(bob.post(&format!("/api/v1/messages/{later}/read"), json!({"chatId": chat})).await);
    assert_eq!(read_of(&[sync(&ann, &[("cursor", &cursor)]).await]), BTreeSet::from([later.as_str()]));
}

#[tokio::test]
async fn a_reading_of_many_messages_is_told_in_pages() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let (chat, other) = (ann.friend(&bob).await, Mimu::new(&server, "cid").await);
    let also = other.friend(&bob).await;
    let last = post_many(&ann, &chat, 510).await;
    let told = other.post_text(&also, "Hello").await;
    let cursor = |answers: Vec<Value>| answers.last().unwrap()["cursor"].as_str().unwrap().to_owned();
    let (anns, bobs) = (cursor(answers(&ann, None, 500).await), cursor(answers(&bob, None, 500).await));
    for (chat, id) in [(&chat, &last), (&also, &told)] {
        fields(bob.post(&format!("/api/v1/messages/{id}/read"), json!({"chatId": chat})).await);
    }
    for (mimu, cursor, read) in [(&ann, anns, 510), (&bob, bobs, 511)] {
        let pages = answers(mimu, Some(&cursor), 500).await;
        assert!(pages.iter().all(|news| news["messages"].as_array().unwrap().len() <= 500));
        assert!(pages.len() > 1);
        assert_eq!(read_of(&pages).len(), read);
    }
}

#[tokio::test]
async fn without_a_cursor_all_chats_are_told_in_pages() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut expected = BTreeSet::new();
    for _ in 0..102 {
        expected.insert(ann.group("Team", &[]).await.to_string());
    }
    let mimu = Mimu::of(&ann);
    let pages = answers(&mimu, None, 500).await;
    assert!(pages[0]["chats"].as_array().unwrap().len() <= 100);
    let all = |what: &str, field: &str| -> Vec<String> {
        let told = pages.iter().flat_map(|news| news[what].as_array().unwrap().clone());
        told.map(|it| it[field].as_str().unwrap().to_owned()).collect()
    };
    let chats = all("chats", "chatId");
    assert_eq!(chats.len(), expected.len());
    assert_eq!(chats.into_iter().collect::<BTreeSet<_>>(), expected);
    // Each has messages: that it was created.
    assert_eq!(all("messages", "chatId").into_iter().collect::<BTreeSet<_>>(), expected);
    let cursor = pages.last().unwrap()["cursor"].as_str().unwrap();
    let nothing = sync(&mimu, &[("cursor", cursor)]).await;
    assert_eq!((texts(&nothing).len(), &nothing["hasMore"]), (0, &json!(false)));
    // One chat alone leaves the others for later.
    let first = expected.first().unwrap();
    let one = sync(&mimu, &[("cursor", pages[0]["cursor"].as_str().unwrap()), ("chatId", first)]).await;
    assert_eq!((texts(&one).len(), &one["hasMore"]), (0, &json!(false)));
    let rest = answers(&mimu, one["cursor"].as_str(), 500).await;
    assert_eq!(rest.iter().map(|news| news["chats"].as_array().unwrap().len()).sum::<usize>(), 2);
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
    for wrong in ["x", "~x", "~r1-2"] {
        refused(mimu.get(&format!("/api/v1/sync?cursor={wrong}")).await, 400, "invalid");
    }
}

#[tokio::test]
async fn a_chat_that_was_left_and_entered_again_is_not_removed() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let mimu = Mimu::of(&bob);
    let cursor = sync(&mimu, &[]).await["cursor"].as_str().unwrap().to_owned();
    let chat = ann.group("Team", &[&bob]).await;
    for _ in 0..2 {
        ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
        ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    }
    let id = json!(chat.to_string());
    for limit in 1..=12 {
        let mut is_there = false;
        for news in answers(&mimu, Some(&cursor), limit).await {
            let is_told = news["chats"].as_array().unwrap().iter().any(|it| it["chatId"] == id);
            let is_removed = news["removedChatIds"].as_array().unwrap().contains(&id);
            assert!(!(is_told && is_removed), "with pages of {limit}: {news}");
            is_there = if is_removed { false } else { is_there || is_told };
        }
        assert!(is_there, "with pages of {limit}");
    }
}
