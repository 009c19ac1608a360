//! Saying, reading and liking, and how what other clients say looks here.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Friend, is_time, pair, refused};
use crate::server::fields;

async fn history(friend: &Friend, chat: &str, query: &str) -> Vec<Value> {
    let reply = friend.get(&format!("/chats/{chat}/messages{query}")).await.expect(200);
    reply["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_was_sent_is_read_oldest_first() {
    let (server, ann, bob, garden) = pair().await;
    let sent = ann.post_text(&garden, "  Message text \n").await;
    assert_eq!(fields(&sent), ["id", "chatId", "userId", "userName", "content", "type", "createdAt"]);
    assert_eq!((&sent["chatId"], &sent["userId"]), (&json!(garden), &json!(ann.id)));
    assert_eq!((&sent["userName"], &sent["content"]), (&json!("ann"), &json!("Message text")), "trimmed");
    assert_eq!(sent["type"], "text");
    assert!(sent["id"].is_string() && is_time(&sent["createdAt"]));
    bob.post_text(&garden, "two").await;
    ann.post_text(&garden, "three").await;
    assert_eq!(ann.texts(&garden).await, ["Message text", "two", "three"]);
    let all = history(&ann, &garden, "").await;
    assert_eq!(all[0]["type"], "system");
    assert_eq!(all[1], sent);
    let newest = history(&ann, &garden, "?limit=2").await;
    assert_eq!([&newest[0]["content"], &newest[1]["content"]], [&json!("two"), &json!("three")]);

    ann.put("/user/profile", json!({"name": "Anna"})).await.expect(200);
    assert_eq!(history(&bob, &garden, "?limit=1").await[0]["userName"], "Anna");
    let eve = Friend::new(&server, "eve").await;
    for chat in [garden.as_str(), "1", "chat-id", "99999999999999999999"] {
        refused(eve.get(&format!("/chats/{chat}/messages?limit=100")).await, 403);
        refused(eve.post(&format!("/chats/{chat}/messages"), json!({"content": "hello"})).await, 403);
    }
    refused(Friend::nobody(&server).get(&format!("/chats/{garden}/messages")).await, 401);
}

#[tokio::test]
async fn the_newest_hundred_come_without_being_asked_for() {
    let (_server, ann, _bob, garden) = pair().await;
    for number in 0..101 {
        ann.post_text(&garden, &number.to_string()).await;
    }
    let hundred = history(&ann, &garden, "").await;
    assert_eq!(hundred.len(), 100);
    assert_eq!((&hundred[0]["content"], &hundred[99]["content"]), (&json!("1"), &json!("100")));
}

#[tokio::test]
async fn what_is_blank_is_not_sent() {
    let (_server, ann, _bob, garden) = pair().await;
    let path = format!("/chats/{garden}/messages");
    for body in [json!({}), json!({"content": ""}), json!({"content": " \n"}), json!({"content": null})] {
        refused(ann.post(&path, body).await, 400);
    }
    refused(ann.post(&path, json!({"content": [1]})).await, 400);
    assert!(ann.texts(&garden).await.is_empty());
}

#[tokio::test]
async fn a_link_to_a_file_is_sent_with_it() {
    let (server, ann, bob, garden) = pair().await;
    let path = format!("/chats/{garden}/messages");
    let url = "https://files.example.com/plan.pdf";
    let body =
        json!({"content": "", "type": "file", "fileUrl": url, "fileName": "plan.pdf", "fileSize": 2048});
    let sent = ann.post(&path, body).await.expect(201)["message"].clone();
    assert_eq!((&sent["content"], &sent["type"]), (&json!("plan.pdf"), &json!("text")));
    assert_eq!(
        (&sent["fileUrl"], &sent["fileName"], &sent["fileSize"]),
        (&json!(url), &json!("plan.pdf"), &json!(2048))
    );
    let body =
        json!({"content": "Our plan", "fileUrl": url, "fileName": null, "fileSize": null, "type": null});
    let sent = ann.post(&path, body).await.expect(201)["message"].clone();
    assert_eq!((&sent["content"], &sent["fileName"]), (&json!("Our plan"), &json!("plan.pdf")));
    assert_eq!(bob.texts(&garden).await, ["plan.pdf", "Our plan"]);
    let texts = bob.elsewhere(&server).texts(garden.parse().unwrap()).await;
    assert_eq!(texts, [format!("Our plan\n{url}"), format!("plan.pdf\n{url}")], "others get the link too");

    let ours = format!("{}/help", server.url);
    ann.post(&path, json!({"content": "ours", "fileUrl": ours})).await.expect(201);
    for url in ["http://example.com/a", "javascript:alert(1)", "file.pdf", "https://"] {
        assert!(refused(ann.post(&path, json!({"fileUrl": url})).await, 400).starts_with("fileUrl"), "{url}");
    }
    let plain = json!({"content": "plain", "fileUrl": null, "fileName": null, "fileSize": null});
    ann.post(&path, plain).await.expect(201);
}

/// For an hour, as its description says.
#[tokio::test]
async fn a_link_to_a_file_here_is_valid_for_an_hour() {
    let (server, ann, bob, garden) = pair().await;
    let elsewhere = bob.elsewhere(&server);
    let file = elsewhere.upload("notes.txt", "text/plain", b"some notes".to_vec()).await;
    let chat: i64 = garden.parse().unwrap();
    let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": file}});
    elsewhere.post("/messages", body).await.expect(201);
    let link = history(&ann, &garden, "?limit=1").await[0]["fileUrl"].as_str().unwrap().to_owned();
    for (minutes, status) in [(59, 200), (2, 403)] {
        server.clock.advance(Duration::from_secs(minutes * 60));
        assert_eq!(server.nobody().http.get(&link).send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn a_link_to_an_upload_attaches_the_file() {
    let (server, ann, bob, garden) = pair().await;
    let path = format!("/chats/{garden}/messages");
    let link = |id: &str| format!("{}/api/v1/attachments/{id}", server.url);
    let here = ann.elsewhere(&server);
    let plan = here.upload("plan.pdf", "application/pdf", b"%PDF-1.7 a plan".to_vec()).await;
    let notes = here.upload("notes.txt", "text/plain", b"some notes".to_vec()).await;
    let sent = ann.post(&path, json!({"content": " ", "fileUrl": link(&plan)})).await.expect(201);
    let sent = &sent["message"];
    assert_eq!((&sent["content"], &sent["fileName"]), (&json!("plan.pdf"), &json!("plan.pdf")));
    assert_eq!((&sent["type"], &sent["fileSize"]), (&json!("text"), &json!(15)));
    let signed = format!("{}?expires=1&reader=1&signature=x", link(&notes));
    ann.post(&path, json!({"content": "Our notes", "fileUrl": signed})).await.expect(201);
    assert_eq!(bob.texts(&garden).await, ["plan.pdf", "Our notes"]);
    let bobs = history(&bob, &garden, "?limit=1").await[0]["fileUrl"].as_str().unwrap().to_owned();

    // Long after each link has expired, there are new ones.
    server.clock.advance(Duration::from_secs(2 * 3_600));
    let renew = json!({"refreshToken": bob.refresh});
    let renewed = Friend::nobody(&server).post("/auth/refresh", renew).await.expect(200);
    let bob = Friend { token: renewed["accessToken"].as_str().unwrap().to_owned(), ..bob.clone() };
    let shown = bob.elsewhere(&server).get(&format!("/messages?chat_id={garden}")).await.expect(200);
    assert_eq!((&shown[0]["type"], &shown[0]["content"]), (&json!("file"), &json!("Our notes")));
    let fetch = async |url: &str| server.nobody().http.get(url).send().await.unwrap();
    assert_eq!(fetch(&bobs).await.status(), 403);
    let fresh = history(&bob, &garden, "?limit=1").await[0]["fileUrl"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&fresh).await.bytes().await.unwrap(), "some notes");

    // One attaches one's own files alone.
    for url in [fresh, link("00000000-0000-4000-8000-000000000000")] {
        let reason = refused(bob.post(&path, json!({"fileUrl": url})).await, 400);
        assert!(reason.starts_with("fileUrl: "), "{reason}");
    }
}

#[tokio::test]
async fn a_like_comes_and_goes() {
    let (server, ann, bob, garden) = pair().await;
    let sent = ann.post_text(&garden, "hello").await;
    let path = format!("/messages/{}/like", sent["id"].as_str().unwrap());
    assert_eq!(bob.post(&path, json!({})).await.expect(200), json!({"liked": true, "likesCount": 1}));
    assert_eq!(ann.post(&path, json!({})).await.expect(200), json!({"liked": true, "likesCount": 2}));
    let id = sent["id"].as_str().unwrap();
    let seen = ann.elsewhere(&server).get(&format!("/messages/{id}")).await.expect(200);
    assert_eq!(seen["reactions"][0]["emoji"], "❤️");
    assert_eq!(bob.post(&path, json!({})).await.expect(200), json!({"liked": false, "likesCount": 1}));
    assert_eq!(ann.post(&path, json!({})).await.expect(200), json!({"liked": false, "likesCount": 0}));
    let eve = Friend::new(&server, "eve").await;
    refused(eve.post(&path, json!({})).await, 403);
    refused(ann.post("/messages/1/like", json!({})).await, 404);
    refused(ann.post("/messages/message-id/like", json!({})).await, 404);
}

#[tokio::test]
async fn what_others_say_is_there_in_words() {
    let (server, ann, bob, garden) = pair().await;
    let other = bob.elsewhere(&server);
    let chat: i64 = garden.parse().unwrap();
    let poll = json!({"chat_id": chat, "type": "poll", "content": "When?", "payload": {"options": ["now", "later"]}});
    other.post("/messages", poll).await.expect(201);
    let place = json!({"latitude": 55.75, "longitude": 37.61, "name": "Bench"});
    other.post("/messages", json!({"chat_id": chat, "type": "location", "payload": place})).await.expect(201);
    assert_eq!(ann.texts(&garden).await, ["📊 When? (now / later)", "📍 55.75000, 37.61000 Bench"]);
    let all = history(&ann, &garden, "").await;
    assert!(all.iter().all(|sent| ["text", "ai", "system"].contains(&sent["type"].as_str().unwrap())));

    let sent = other.post_text(chat, "first").await["id"].as_i64().unwrap();
    other.patch(&format!("/messages/{sent}"), json!({"content": "second"})).await.expect(200);
    assert_eq!(ann.texts(&garden).await[2], "second", "an edit is seen");
    other.delete(&format!("/messages/{sent}")).await.expect(204);
    assert_eq!(ann.texts(&garden).await.len(), 2, "what was deleted is gone");
}
