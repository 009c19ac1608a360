//! Chats, and the names that clients give them.

use serde_json::{Value, json};

use super::{Mimu, fields, refused, two};
use crate::server::TestServer;

#[tokio::test]
async fn a_new_name_makes_a_chat_of_ones_own() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    assert!(ann.messages("friend-chat").await.is_empty());
    assert!(
        fields(ann.get("/api/v1/chats").await)["chats"].as_array().unwrap().is_empty(),
        "asking makes none"
    );
    ann.post_text("friend-chat", "Анна").await;
    bob.post_text("friend-chat", "Борис").await;
    assert_eq!(ann.texts("friend-chat").await, ["Анна"]);
    assert_eq!(bob.texts("friend-chat").await, ["Борис"]);
    let chats = fields(ann.get("/api/v1/chats").await);
    let chat = &chats["chats"][0];
    assert_eq!((&chat["chatId"], &chat["id"]), (&json!("friend-chat"), &json!("friend-chat")));
    assert_eq!(chat["memberIds"], json!([ann.id]));
    assert_eq!(chat["lastMessage"]["text"], "Анна");
    // Bob does not find it by its number either.
    let number = chat["serverId"].as_str().unwrap();
    refused(bob.get(&format!("/api/v1/messages?chatId={number}")).await, 403, "forbidden");
    assert_eq!(ann.texts(number).await, ["Анна"]);
}

#[tokio::test]
async fn names_made_at_once_are_one_chat() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let say = |text: &'static str| {
        let ann = ann.clone();
        tokio::spawn(async move { ann.post_text("chat-1", text).await })
    };
    for sent in [say("a"), say("b"), say("c"), say("d")] {
        sent.await.unwrap();
    }
    assert_eq!(ann.messages("chat-1").await.len(), 4);
    assert_eq!(fields(ann.get("/api/v1/chats").await)["chats"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_chat_is_made_with_others() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let body = json!({"chatId": "chat-1", "title": "Друзья", "memberIds": [bob.id]});
    let made = fields(ann.post("/api/v1/chats", body.clone()).await);
    assert_eq!(
        (&made["chatId"], &made["title"], &made["type"]),
        (&json!("chat-1"), &json!("Друзья"), &json!("group"))
    );
    assert_eq!(
        fields(ann.post("/api/v1/chats", body).await)["serverId"],
        made["serverId"],
        "it is there already"
    );
    ann.post_text("chat-1", "Привет!").await;
    // Bob's client has not called it anything.
    let chats = fields(bob.get("/api/v1/chats").await);
    assert_eq!(chats["chats"][0]["chatId"], made["serverId"]);
    assert_eq!(chats["chats"][0]["unreadCount"], 1);
    assert_eq!(bob.texts(made["serverId"].as_str().unwrap()).await, ["Привет!"]);
}

#[tokio::test]
async fn one_member_without_a_title_is_a_private_chat() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let body = json!({"chatId": "friend-chat", "memberIds": [bob.id]});
    let made = fields(ann.post("/api/v1/chats", body).await);
    assert_eq!(
        (&made["chatId"], &made["type"], &made["title"]),
        (&json!("friend-chat"), &json!("private"), &json!("bob"))
    );
    let theirs = fields(bob.post("/api/v1/chats", json!({"memberIds": [ann.id]})).await);
    assert_eq!((&theirs["chatId"], &theirs["title"]), (&made["serverId"], &json!("ann")));
    ann.post_text("friend-chat", "Привет!").await;
    assert_eq!(bob.texts(theirs["chatId"].as_str().unwrap()).await, ["Привет!"]);
}

#[tokio::test]
async fn a_chat_made_on_the_server_has_its_number() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let made = fields(ann.post("/api/v1/chats", json!({"title": "Проект"})).await);
    assert_eq!(made["chatId"], made["serverId"]);
    assert!(ann.messages(made["chatId"].as_str().unwrap()).await.is_empty(), "nobody sent anything");
}

#[tokio::test]
async fn the_last_message_is_the_newest_that_was_not_deleted() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let (first, second) = (ann.post_text(&chat, "1").await, ann.post_text(&chat, "2").await);
    let last = async |path: &str| fields(bob.get(path).await)["chats"][0]["lastMessage"].clone();
    assert_eq!(last("/api/v1/chats").await["id"], second.as_str());
    fields(ann.delete(&format!("/api/v1/messages/{second}"), &chat).await);
    assert_eq!(last("/api/v1/chats").await["text"], "1");
    assert_eq!(last("/api/v1/sync").await["text"], "1");
    fields(ann.delete(&format!("/api/v1/messages/{first}"), &chat).await);
    assert_eq!(last("/api/v1/chats").await, Value::Null);
}

#[tokio::test]
async fn what_can_be_no_chat_is_refused() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    for (body, status, code) in [
        (json!({}), 400, "invalid"),
        (json!({"title": "x", "memberIds": ["bob"]}), 400, "invalid"),
        (json!({"title": "x", "memberIds": ["1"]}), 400, "invalid"),
        (json!({"memberIds": ["1"]}), 400, "invalid"),
        (json!({"chatId": "x".repeat(101)}), 400, "invalid"),
        (json!({"chatId": "123", "title": "x"}), 404, "not_found"),
    ] {
        refused(ann.post("/api/v1/chats", body).await, status, code);
    }
    let body = json!({"chatId": "99999999999999999999", "type": "text", "text": "x"});
    refused(ann.post("/api/v1/messages", body).await, 404, "not_found");
    assert!(fields(ann.get("/api/v1/chats").await)["chats"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_chat_leaves_its_name_free() {
    let server = TestServer::start().await;
    let person = server.person("ann").await;
    let ann = Mimu::of(&person);
    ann.post_text("chat-1", "a").await;
    let number = fields(ann.get("/api/v1/chats").await)["chats"][0]["serverId"].as_str().unwrap().to_owned();
    person.delete(&format!("/chats/{number}")).await.expect(204);
    assert!(ann.messages("chat-1").await.is_empty());
    ann.post_text("chat-1", "b").await;
    assert_eq!(ann.texts("chat-1").await, ["b"]);
}
