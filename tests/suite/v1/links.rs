//! Signed links to files end with the right to read the file, in every API.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer};

const PLAN: &[u8] = b"%PDF-1.7 a plan";

struct Api {
    server: TestServer,
    anna: Person,
    bob: Person,
    chat: i64,
    message: Value,
}

async fn api() -> Api {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Garden", &[&bob]).await;
    let plan = anna.upload("plan.pdf", "application/pdf", PLAN.to_vec()).await;
    let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": plan}});
    let message = anna.post("/messages", body).await.expect(201);
    Api { server, anna, bob, chat, message }
}

impl Api {
    /// Links to the file that every API gives to somebody.
    async fn links(&self, reader: &Person) -> Vec<String> {
        let ask = async |path: String| {
            let request = reader.http.request(Method::GET, format!("{}{path}", reader.url));
            Reply::of(request.bearer_auth(&reader.token).send().await.unwrap()).await.expect(200)
        };
        let chat = self.chat;
        let id = self.message["payload"]["attachment_id"].as_str().unwrap();
        let v1 = ask(format!("/api/v1/attachments/{id}/info")).await["url"].clone();
        let kyte = ask(format!("/kyte/chats/{chat}/messages")).await;
        let mimu = ask(format!("/mimu/api/v1/messages?chatId={chat}")).await;
        let desktop = ask(format!("/desktop/api/chats/{chat}/messages")).await;
        let rooms = ask("/api/unet-chat/conversations/".to_owned()).await;
        let room = rooms.as_array().unwrap().iter().find(|room| room["type"] == "group").unwrap();
        let unet = ask(format!("/api/unet-chat/messages/{}", room["id"].as_str().unwrap())).await;
        let newest = |list: &Value, field: &str| {
            let list = list.as_array().unwrap();
            list.iter().rev().find_map(|message| message[field].as_str().map(str::to_owned)).unwrap()
        };
        let in_unet = unet
            .as_array()
            .unwrap()
            .iter()
            .find_map(|message| message["attachments"][0]["file_url"].as_str().map(str::to_owned));
        vec![
            v1.as_str().unwrap().to_owned(),
            newest(&kyte["messages"], "fileUrl"),
            newest(&mimu["messages"], "mediaUrl"),
            newest(&desktop, "attachment_url"),
            in_unet.unwrap(),
        ]
    }

    async fn statuses(&self, links: &[String]) -> Vec<u16> {
        let mut all = Vec::new();
        for link in links {
            all.push(self.anna.http.get(link).send().await.unwrap().status().as_u16());
        }
        all
    }
}

#[tokio::test]
async fn links_end_when_the_message_is_deleted_for_all() {
    let api = api().await;
    let mut links = api.links(&api.bob).await;
    links.extend(api.links(&api.anna).await);
    assert_eq!(api.statuses(&links).await, [200; 10]);
    api.anna.delete(&format!("/messages/{}?for=all", api.message["id"])).await.expect(204);
    assert_eq!(api.statuses(&links).await, [404; 10]);
}

#[tokio::test]
async fn links_end_for_whoever_is_removed_from_the_chat() {
    let api = api().await;
    let (mine, yours) = (api.links(&api.anna).await, api.links(&api.bob).await);
    api.anna.delete(&format!("/chats/{}/members/{}", api.chat, api.bob.id)).await.expect(204);
    assert_eq!(api.statuses(&yours).await, [404; 5]);
    assert_eq!(api.statuses(&mine).await, [200; 5]);
}

#[tokio::test]
async fn links_end_with_the_account_of_their_reader() {
    let api = api().await;
    let links = api.links(&api.bob).await;
    let body = json!({"password": crate::server::PASSWORD});
    assert_eq!(api.bob.post("/users/me/deactivate", body).await.status, 204);
    assert_eq!(api.statuses(&links).await, [404; 5]);
}

#[tokio::test]
async fn a_link_is_for_whom_it_was_made() {
    let api = api().await;
    let links = api.links(&api.bob).await;
    let eve = api.server.person("eve").await;
    for link in &links {
        let changed = link.replace(&format!("reader={}", api.bob.id), &format!("reader={}", api.anna.id));
        assert_ne!(&changed, link);
        assert_eq!(eve.http.get(&changed).send().await.unwrap().status(), 403, "{changed}");
    }
}

#[tokio::test]
async fn links_of_kyte_and_the_desktop_are_valid_for_an_hour() {
    let api = api().await;
    let links = api.links(&api.bob).await;
    api.server.clock.advance(Duration::from_secs(3_599));
    assert_eq!(api.statuses(&links).await, [403, 200, 200, 200, 200]);
    api.server.clock.advance(Duration::from_secs(2));
    assert_eq!(api.statuses(&links).await, [403, 403, 403, 403, 200]);
}

#[tokio::test]
async fn the_upload_form_of_a_deactivated_or_deleted_account_is_refused() {
    let api = api().await;
    if api.server.is_direct() {
        return;
    }
    let form = async |person: &Person| {
        let body = json!({"filename": "a.pdf", "content_type": "application/pdf"});
        person.post("/attachments", body).await.expect(200)
    };
    let of_bob = form(&api.bob).await;
    let password = json!({"password": crate::server::PASSWORD});
    assert_eq!(api.bob.post("/users/me/deactivate", password).await.status, 204);
    api.bob.send_form(&of_bob, PLAN.to_vec()).await.refused(403, "forbidden");

    let eve = api.server.person("eve").await;
    let of_eve = form(&eve).await;
    let body = json!({"password": crate::server::PASSWORD, "messages": "keep"});
    assert_eq!(eve.post("/users/me/deletion", body).await.status, 204);
    eve.send_form(&of_eve, PLAN.to_vec()).await.refused(403, "forbidden");
}
