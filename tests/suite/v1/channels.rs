//! Public channels, saved messages and chats that are read-only.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, names};

async fn channel(owner: &Person, title: &str) -> i64 {
    let body = json!({"title": title, "kind": "channel", "description": "Что нового"});
    owner.post("/chats", body).await.expect(201)["id"].as_i64().unwrap()
}

/// The titles of the channels that some words find.
async fn found(person: &Person, words: &str) -> Vec<String> {
    let q: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let found = person.get(&format!("/channels?q={q}")).await.expect(200);
    found.as_array().unwrap().iter().map(|channel| channel["title"].as_str().unwrap().to_owned()).collect()
}

async fn join(person: &Person, chat: i64) -> Reply {
    person.post(&format!("/chats/{chat}/join"), Value::Null).await
}

#[tokio::test]
async fn a_channel_is_found_and_joined_by_whoever_likes() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = channel(&ann, "Новости").await;
    let mut socket = ann.socket().await;
    let seen = &bob.get("/channels?q=%D0%BD%D0%BE%D0%B2").await.expect(200)[0];
    let shown = json!({
        "id": chat, "kind": "channel", "title": "Новости", "description": "Что нового", "avatar_url": null,
        "read_only": false, "member_count": 1, "is_member": false,
    });
    assert_eq!(*seen, shown);
    bob.get(&format!("/chats/{chat}")).await.refused(403, "forbidden");

    let joined = join(&bob, chat).await.expect(200);
    assert_eq!((&joined["role"], &joined["member_count"]), (&json!("member"), &json!(2)));
    assert_eq!((&joined["is_group"], &joined["kind"]), (&json!(true), &json!("channel")));
    let told = socket.until("member.added").await;
    assert_eq!(told["member"]["user"]["id"], bob.id);
    let notice = socket.until("message.created").await;
    assert_eq!(notice["payload"], json!({"kind": "member.joined", "name": "bob"}));
    assert_eq!(told["member"]["last_read_message_id"], notice["id"], "live as it is later");
    assert_eq!(bob.get("/channels").await.expect(200)[0]["is_member"], true);
    join(&bob, chat).await.refused(409, "conflict");

    bob.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    join(&bob, chat).await.expect(200);
}

#[tokio::test]
async fn nothing_but_a_channel_is_joined_without_being_asked() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let group = ann.group("Ours", &[]).await;
    join(&bob, group).await.refused(403, "forbidden");
    join(&ann, group).await.refused(409, "conflict");
    join(&bob, 1).await.refused(404, "not_found");
    let gone = channel(&ann, "Gone").await;
    ann.delete(&format!("/chats/{gone}")).await.expect(204);
    join(&bob, gone).await.refused(404, "not_found");
    assert!(found(&bob, "").await.is_empty());
}

#[tokio::test]
async fn of_those_who_join_at_once_everybody_is_in_once() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = channel(&ann, "Tide").await;
    let replies = join_all((0..6).map(|_| join(&bob, chat))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 409)));
    assert_eq!(ann.get(&format!("/chats/{chat}")).await.expect(200)["member_count"], 2);
}

#[tokio::test]
async fn channels_are_found_by_parts_of_words_and_signs_mean_themselves() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for title in ["Ёлка и снег", "100% хлопок", "a_b", "axb", "Back\\slash"] {
        channel(&ann, title).await;
    }
    assert_eq!(found(&ann, "елк").await, ["Ёлка и снег"]);
    assert_eq!(found(&ann, "СНЕГ ёл").await, ["Ёлка и снег"]);
    assert_eq!(found(&ann, "0%").await, ["100% хлопок"]);
    assert_eq!(found(&ann, "a_b").await, ["a_b"]);
    assert_eq!(found(&ann, "k\\s").await, ["Back\\slash"]);
    assert!(found(&ann, "'; --").await.is_empty());
    ann.get(&format!("/channels?q={}", "x".repeat(101))).await.refused(400, "invalid");
}

#[tokio::test]
async fn pages_of_channels_have_each_once() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut ids = Vec::new();
    // Some of the same title.
    for number in 0..5 {
        ids.push(channel(&ann, &format!("Channel {}", number / 2)).await);
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = ann.get(&format!("/channels?limit=2{after}")).await.expect(200);
        let page: Vec<i64> = page.as_array().unwrap().iter().map(|c| c["id"].as_i64().unwrap()).collect();
        let Some(last) = page.last() else { break };
        after = format!("&after_id={last}");
        seen.extend(page);
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn in_a_read_only_chat_owner_and_admins_post() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let body = json!({"title": "News", "kind": "channel", "read_only": true, "member_ids": [bob.id, eve.id]});
    let chat = ann.post("/chats", body).await.expect(201);
    assert_eq!(chat["read_only"], true);
    let id = chat["id"].as_i64().unwrap();
    let say = json!({"chat_id": id, "content": "hello"});
    bob.post("/messages", say.clone()).await.refused(403, "forbidden");
    let role = json!({"role": "admin"});
    ann.patch(&format!("/chats/{id}/members/{}", bob.id), role).await.expect(200);
    let sent = bob.post("/messages", say.clone()).await.expect(201)["id"].clone();
    // Who may not post may still answer with a sign.
    eve.put(&format!("/messages/{sent}/reactions/%F0%9F%91%8D"), Value::Null).await.expect(200);
    let mut socket = eve.socket().await;
    ann.patch(&format!("/chats/{id}"), json!({"read_only": false})).await.expect(200);
    assert_eq!(socket.until("chat.updated").await["read_only"], false);
    eve.post("/messages", say).await.expect(201);
}

#[tokio::test]
async fn everybody_has_one_place_for_what_they_save() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let open = || ann.post("/chats", json!({"kind": "saved"}));
    let replies = join_all((0..6).map(|_| open())).await;
    let chat = replies[0]["id"].as_i64().unwrap();
    for reply in &replies {
        assert_eq!((reply.status, reply["id"].as_i64()), (201, Some(chat)), "{}", reply.body);
    }
    let shown = open().await.expect(201);
    assert_eq!(
        (&shown["kind"], &shown["title"], &shown["peer"]),
        (&json!("saved"), &json!("ann"), &Value::Null)
    );
    assert_eq!((&shown["is_group"], &shown["member_count"]), (&json!(false), &json!(1)));
    ann.post_text(chat, "milk").await;
    assert_eq!(ann.get(&format!("/chats/{chat}")).await.expect(200)["unread_count"], 0);
    bob.get(&format!("/chats/{chat}")).await.refused(403, "forbidden");
    let members = format!("/chats/{chat}/members");
    ann.post(&members, json!({"user_id": bob.id})).await.refused(403, "forbidden");
    ann.patch(&format!("/chats/{chat}"), json!({"title": "Mine"})).await.refused(403, "forbidden");
    ann.post("/chats", json!({"kind": "saved", "member_ids": [bob.id]})).await.refused(400, "invalid");
    ann.delete(&format!("/chats/{chat}")).await.expect(204);
    assert_eq!(ann.get("/chats").await.expect(200), json!([]));
    assert_eq!(open().await.expect(201)["id"], chat, "nothing was lost");
    assert_eq!(ann.texts(chat).await, ["milk"]);
}

#[tokio::test]
async fn a_kind_and_is_group_that_are_at_odds_are_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for body in [
        json!({"kind": "saved", "is_group": true}),
        json!({"kind": "group", "is_group": false, "title": "a"}),
        json!({"kind": "party", "title": "a"}),
        json!({"kind": "channel", "title": "a", "description": "x".repeat(1_001)}),
    ] {
        ann.post("/chats", body).await.refused(400, "invalid");
    }
    assert_eq!(ann.get("/chats").await.expect(200), json!([]));
}

#[tokio::test]
async fn all_of_a_chat_is_told_when_some_of_it_changes() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let path = format!("/chats/{chat}");
    let mut socket = bob.socket().await;
    let changed = ann.patch(&path, json!({"description": " Про сад \n и огород ", "read_only": true})).await;
    let changed = changed.expect(200);
    assert_eq!((&changed["read_only"], &changed["title"]), (&json!(true), &json!("Garden")));
    let told = socket.until("chat.updated").await;
    assert_eq!((&told["description"], &told["title"]), (&changed["description"], &json!("Garden")));
    // What is so already is told to nobody.
    ann.patch(&path, json!({"read_only": true})).await.expect(200);
    let gone = ann.patch(&path, json!({"description": null})).await.expect(200);
    assert_eq!(gone["description"], Value::Null);
    assert_eq!(names(&bob.receives(&mut socket).await), ["chat.updated"]);
    for wrong in
        [json!({"title": "\u{200b}"}), json!({"description": "x".repeat(1_001)}), json!({"message_life": 1})]
    {
        ann.patch(&path, wrong).await.refused(400, "invalid");
    }
}
