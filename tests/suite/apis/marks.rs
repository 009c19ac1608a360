//! Files, reactions, and what is read.

use reqwest::Method;
use serde_json::{Value, json};

use super::Api::{Desktop, Kyte, Mimu, Unet, V1};
use super::{Client, gathered};
use crate::server::TestServer;

const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0 a voice";
const PLAN: &[u8] = b"%PDF-1.7 a plan";

#[tokio::test]
async fn a_file_from_one_api_is_behind_a_link_in_all_of_them() {
    let server = TestServer::start().await;
    let clients = gathered(&server).await;
    let [v1, kyte, mimu, unet, desktop] = &clients[..] else { panic!("there are five") };
    let chat: i64 = v1.chat.parse().unwrap();
    let everywhere = async |bytes: &[u8], whose: &str| {
        for client in &clients {
            let shown = client.newest().await;
            assert_eq!(client.download(&shown).await, bytes, "{whose} in {:?}", client.api);
        }
    };

    let plan = v1.person.upload("plan.pdf", "application/pdf", PLAN.to_vec()).await;
    let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": plan}});
    v1.person.post("/messages", body).await.expect(201);
    everywhere(PLAN, "a file of v1").await;

    let voice = mimu.upload("voice", "a.ogg", OGG).await;
    let body = json!({"chatId": mimu.chat, "type": "voice", "fileId": voice, "durationSeconds": 1,
        "timestamp": "2024-03-26T12:05:00"});
    mimu.ask(Method::POST, "/mimu/api/v1/messages", Some(body)).await.expect(200);
    everywhere(OGG, "a voice message of Mimu").await;
    assert_eq!(v1.newest().await["type"], "voice", "the web client plays it");

    let plan = desktop.person.upload("plan.pdf", "application/pdf", PLAN.to_vec()).await;
    let body = json!({"content": "the plan", "attachment": plan});
    desktop.ask(Method::POST, &format!("/desktop/api/chats/{chat}/messages"), Some(body)).await.expect(201);
    everywhere(PLAN, "a file of the desktop").await;

    // Those two know files elsewhere.
    let url = "https://files.example.com/plan.pdf";
    let body = json!({"content": "", "type": "file", "fileUrl": url, "fileName": "plan.pdf", "fileSize": 15});
    kyte.ask(Method::POST, &format!("/kyte/chats/{chat}/messages"), Some(body)).await.expect(201);
    for client in [kyte, mimu, unet, desktop] {
        assert_eq!(client.link(&client.newest().await).await, url, "Kyte's in {:?}", client.api);
    }
    assert!(v1.text(&v1.newest().await).ends_with(url));
    // Its author edits the text with Mimu's client, which knows the file too.
    let on_mimu = Client { api: Mimu, person: kyte.person.clone(), chat: mimu.chat.clone() };
    let id = v1.newest().await["id"].clone();
    let body = json!({"chatId": on_mimu.chat, "text": "Our plan", "editedAt": "2024-03-26T12:06:00"});
    on_mimu.ask(Method::PUT, &format!("/mimu/api/v1/messages/{id}"), Some(body)).await.expect(200);
    assert_eq!(v1.text(&v1.newest().await), format!("Our plan\n{url}"));
    for client in [kyte, mimu, unet, desktop] {
        let shown = client.newest().await;
        assert_eq!(client.link(&shown).await, url, "Kyte's, edited, in {:?}", client.api);
        assert_eq!(client.text(&shown), "Our plan", "{:?}", client.api);
    }
    unet.post_text("and another").await;
    let url = "https://files.example.com/other.pdf";
    let body = json!({"message_id": unet.newest().await["id"], "file_url": url, "file_type": "file", "file_size": 15});
    unet.ask(Method::POST, "/api/unet-chat/attachments/", Some(body)).await.expect(201);
    for client in [kyte, mimu, unet, desktop] {
        assert_eq!(client.link(&client.newest().await).await, url, "unet's in {:?}", client.api);
    }
    assert!(v1.text(&v1.newest().await).ends_with(url));
    let id = unet.newest().await["id"].as_str().unwrap().to_owned();
    let body = json!({"text": "and a third"});
    unet.ask(Method::PUT, &format!("/api/unet-chat/messages/{id}"), Some(body)).await.expect(200);
    assert_eq!(v1.text(&v1.newest().await), format!("and a third\n{url}"));
    for client in [kyte, mimu, unet, desktop] {
        let shown = client.newest().await;
        assert_eq!(client.link(&shown).await, url, "unet's, edited, in {:?}", client.api);
        assert_eq!(client.text(&shown), "and a third", "{:?}", client.api);
    }
}

#[tokio::test]
async fn hearts_from_several_apis_are_counted_together() {
    let server = TestServer::start().await;
    let [v1, kyte, mimu, _, desktop] = &gathered(&server).await[..] else { panic!("there are five") };
    desktop.post_text("It is done").await;
    let id = v1.newest().await["id"].clone();
    let heart = "%E2%9D%A4%EF%B8%8F";
    v1.person.put(&format!("/messages/{id}/reactions/{heart}"), Value::Null).await.expect(200);
    let body = json!({"chatId": mimu.chat, "emoji": "❤️"});
    let path = format!("/mimu/api/v1/messages/{id}/reactions");
    mimu.ask(Method::POST, &path, Some(body)).await.expect(200);
    let like = format!("/kyte/messages/{id}/like");
    let liked = kyte.ask(Method::POST, &like, Some(json!({}))).await.expect(200);
    assert_eq!(liked, json!({"liked": true, "likesCount": 3}));
    assert_eq!(v1.newest().await["reactions"][0]["count"], 3);
    assert_eq!(mimu.newest().await["reactions"], json!({"❤️": 3}));
    v1.person.delete(&format!("/messages/{id}/reactions/{heart}")).await.expect(204);
    assert_eq!(mimu.newest().await["reactions"], json!({"❤️": 2}));
    let liked = kyte.ask(Method::POST, &like, Some(json!({}))).await.expect(200);
    assert_eq!(liked, json!({"liked": false, "likesCount": 1}));
}

#[tokio::test]
async fn what_is_read_in_one_api_is_read_in_the_others() {
    let server = TestServer::start().await;
    let [v1, kyte, mimu, _, desktop] = &gathered(&server).await[..] else { panic!("there are five") };
    let chat = &v1.chat;
    // Each says something, and somebody in another api reads it.
    for (author, field, reader) in [
        (mimu, "isRead", kyte),
        (desktop, "is_read", mimu),
        (mimu, "isRead", desktop),
        (desktop, "is_read", v1),
    ] {
        author.post_text("Read this").await;
        let sent = author.newest().await;
        assert_eq!(sent[field], false, "{:?} to {:?}", author.api, reader.api);
        let id = v1.newest().await["id"].clone();
        let (path, body) = match reader.api {
            V1 => (format!("/api/v1/chats/{chat}/read"), json!({"message_id": id})),
            Kyte => (format!("/kyte/chats/{chat}/read"), json!({})),
            Mimu => (format!("/mimu/api/v1/messages/{id}/read"), json!({"chatId": chat})),
            Desktop => (format!("/desktop/api/chats/{chat}/read"), json!({})),
            Unet => panic!("unet's clients do not say what was read"),
        };
        let unread =
            async || reader.person.get(&format!("/chats/{chat}")).await.expect(200)["unread_count"].clone();
        assert_ne!(unread().await, 0, "{:?}", reader.api);
        if reader.api == V1 {
            reader.person.post(&format!("/chats/{chat}/read"), body).await.expect(200);
        } else {
            assert_eq!(reader.ask(Method::POST, &path, Some(body)).await.status, 200);
        }
        assert_eq!(unread().await, 0, "{:?}", reader.api);
        assert_eq!(author.newest().await[field], true, "{:?} to {:?}", author.api, reader.api);
        let receipts = author.person.get(&format!("/messages/{id}/receipts")).await.expect(200);
        assert_eq!(receipts["read_count"], 1, "{receipts}");
    }
}
