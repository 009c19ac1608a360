//! The list of chats, and having read one.

use std::time::Duration;

use serde_json::json;

use super::{Friend, is_time, pair, refused};
use crate::server::{TestServer, fields};

#[tokio::test]
async fn chats_are_listed_by_what_was_sent_last() {
    let (server, ann, bob, garden) = pair().await;
    let house = ann.group("House", &[&bob]).await["id"].as_str().unwrap().to_owned();
    bob.post_text(&garden, "Последнее сообщение").await;
    let list = ann.get("/chats").await.expect(200);
    let chats = list["chats"].as_array().unwrap();
    assert_eq!([&chats[0]["id"], &chats[1]["id"]], [&json!(garden), &json!(house)]);
    let chat = &chats[0];
    assert_eq!(
        fields(chat),
        [
            "id",
            "name",
            "type",
            "participantIds",
            "inviteCode",
            "createdAt",
            "lastMessageAt",
            "lastMessage",
            "unreadCount"
        ]
    );
    assert_eq!((&chat["name"], &chat["type"]), (&json!("Garden"), &json!("group")));
    assert_eq!(chat["participantIds"], json!([ann.id, bob.id]));
    assert_eq!((&chat["lastMessage"], &chat["unreadCount"]), (&json!("Последнее сообщение"), &json!(1)));
    assert!(is_time(&chat["createdAt"]) && is_time(&chat["lastMessageAt"]), "{chat}");

    let (one, two) = (ann.elsewhere(&server), bob.elsewhere(&server));
    one.direct(&two).await;
    let list = bob.get("/chats").await.expect(200);
    let direct = list["chats"].as_array().unwrap().iter().find(|chat| chat["type"] == "direct").unwrap();
    assert_eq!(direct["name"], "ann");
    assert!(direct.get("inviteCode").is_none(), "groups only: {direct}");
    refused(Friend::nobody(&server).get("/chats").await, 401);
}

#[tokio::test]
async fn the_last_message_is_the_newest_that_was_not_deleted() {
    let (server, ann, _bob, garden) = pair().await;
    let here = ann.elsewhere(&server);
    let first = ann.post_text(&garden, "one").await;
    server.clock.advance(Duration::from_secs(5));
    let second = ann.post_text(&garden, "two").await;
    here.delete(&format!("/messages/{}", second["id"].as_str().unwrap())).await.expect(204);
    let chat = ann.get("/chats").await.expect(200)["chats"][0].clone();
    assert_eq!((&chat["lastMessage"], &chat["lastMessageAt"]), (&json!("one"), &first["createdAt"]));
    here.delete(&format!("/messages/{}", first["id"].as_str().unwrap())).await.expect(204);
    let chat = ann.get("/chats").await.expect(200)["chats"][0].clone();
    assert_eq!(chat["lastMessage"], "Создана группа «Garden»", "the history begins with it");
}

#[tokio::test]
async fn who_has_read_a_chat_has_nothing_unread() {
    let (_server, ann, bob, garden) = pair().await;
    bob.post_text(&garden, "one").await;
    bob.post_text(&garden, "two").await;
    assert_eq!(ann.get("/chats").await.expect(200)["chats"][0]["unreadCount"], 2);
    let read = ann.request(reqwest::Method::POST, &format!("/chats/{garden}/read")).send().await.unwrap();
    assert_eq!(read.status(), 200, "without a body");
    assert_eq!(ann.get("/chats").await.expect(200)["chats"][0]["unreadCount"], 0);
    refused(ann.post("/chats/1/read", json!({})).await, 403);
}

#[tokio::test]
async fn somebody_without_chats_has_an_empty_list() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    assert_eq!(ann.get("/chats").await.expect(200), json!({"chats": []}));
}
