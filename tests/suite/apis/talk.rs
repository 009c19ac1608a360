//! What is sent, edited, deleted and answered.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, gathered};
use crate::server::TestServer;

#[tokio::test]
async fn what_is_sent_in_one_api_is_received_once_in_all_of_them() {
    let server = TestServer::start().await;
    let clients = gathered(&server).await;
    let mut sockets = Vec::new();
    for client in &clients {
        sockets.push(client.socket().await);
    }
    let mut sent = Vec::new();
    for round in 0..3 {
        for client in &clients {
            sent.push(format!("{round} from {:?}", client.api));
            client.post_text(sent.last().unwrap()).await;
        }
    }
    for (client, socket) in clients.iter().zip(&mut sockets) {
        assert_eq!(client.texts().await, sent, "{:?}", client.api);
        let Some(socket) = socket else { continue };
        for text in &sent {
            let received = client.receives(socket).await;
            assert_eq!(client.text(&received), *text, "{:?}", client.api);
        }
    }
    // By sockets as well, each by its own words.
    let frames = [
        (1, json!({"type": "message", "content": "on Kyte's socket"}), "on Kyte's socket"),
        (3, json!({"type": "message:new", "payload": {"text": "on unet's socket"}}), "on unet's socket"),
        (4, json!({"type": "message", "content": "on the desktop's socket"}), "on the desktop's socket"),
    ];
    for (speaker, frame, text) in frames {
        sockets[speaker].as_mut().unwrap().send(frame).await;
        for (client, socket) in clients.iter().zip(&mut sockets) {
            let Some(socket) = socket else { continue };
            let received = client.receives(socket).await;
            assert_eq!(client.text(&received), text, "{:?}", client.api);
        }
    }
    assert_eq!(clients[2].texts().await.len(), sent.len() + 3);
}

#[tokio::test]
async fn an_edit_and_a_deletion_are_seen_everywhere_whoever_made_them() {
    let server = TestServer::start().await;
    let clients = gathered(&server).await;
    for client in &clients {
        client.post_text(&format!("{:?}", client.api)).await;
    }
    let own = async |client: &Client| {
        let mine = format!("{:?}", client.api);
        let history = client.history().await;
        history.into_iter().find(|message| client.text(message) == mine).unwrap()["id"].clone()
    };
    let [v1, kyte, mimu, unet, desktop] = &clients[..] else { panic!("there are five") };
    let id = own(v1).await;
    v1.person.patch(&format!("/messages/{id}"), json!({"content": "V1, edited"})).await.expect(200);
    let id = own(mimu).await.as_str().unwrap().to_owned();
    let body = json!({"chatId": mimu.chat, "text": "Mimu, edited", "editedAt": "2024-03-26T12:06:00"});
    mimu.ask(Method::PUT, &format!("/mimu/api/v1/messages/{id}"), Some(body)).await.expect(200);
    let id = own(unet).await.as_str().unwrap().to_owned();
    unet.ask(Method::PUT, &format!("/api/unet-chat/messages/{id}"), Some(json!({"text": "Unet, edited"})))
        .await
        .expect(200);
    let edited = ["V1, edited", "Kyte", "Mimu, edited", "Unet, edited", "Desktop"];
    for client in &clients {
        assert_eq!(client.texts().await, edited, "{:?}", client.api);
    }
    unet.ask(Method::DELETE, &format!("/api/unet-chat/messages/{id}"), None).await.expect(204);
    // The owner of the group may delete what others sent.
    for other in [kyte, desktop] {
        let id = own(other).await;
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        v1.person.delete(&format!("/messages/{id}")).await.expect(204);
    }
    for client in &clients {
        assert_eq!(client.texts().await, ["V1, edited", "Mimu, edited"], "{:?}", client.api);
    }
}

#[tokio::test]
async fn what_a_api_has_no_words_for_it_shows_as_well_as_it_can() {
    let server = TestServer::start().await;
    let clients = gathered(&server).await;
    let (v1, unet) = (&clients[0], &clients[3]);
    let chat: i64 = v1.chat.parse().unwrap();
    let post = async |body: Value| v1.person.post("/messages", body).await.expect(201);
    let poll = json!({"options": ["six", "seven"]});
    post(json!({"chat_id": chat, "type": "poll", "content": "When?", "payload": poll})).await;
    let place = json!({"latitude": 55.75, "longitude": 37.61, "name": "The garden"});
    post(json!({"chat_id": chat, "type": "location", "payload": place})).await;
    let root = v1.person.post_text(chat, "A thread").await;
    post(json!({"chat_id": chat, "type": "text", "content": "Below it", "thread_id": root["id"]})).await;
    for client in [&clients[1], unet, &clients[4]] {
        let texts = client.texts().await;
        assert!(texts[0].contains("When?") && texts[0].contains("six / seven"), "{texts:?}");
        assert!(texts[1].contains("55.75") && texts[1].contains("The garden"), "{texts:?}");
        assert_eq!(texts[2..], ["A thread", "Below it"], "{:?}", client.api);
    }
    let history = unet.history().await;
    assert_eq!(history[3]["reply_to"], history[2]["id"], "a thread's answer is an answer");
}

#[tokio::test]
async fn an_answer_is_one_in_every_api_that_knows_answers() {
    let server = TestServer::start().await;
    let [v1, _, mimu, unet, _] = &gathered(&server).await[..] else { panic!("there are five") };
    let chat: i64 = v1.chat.parse().unwrap();
    v1.post_text("Who comes?").await;
    let [root, shown, called] = [v1.newest().await, mimu.newest().await, unet.newest().await];
    let body = json!({"chat_id": chat, "type": "text", "content": "by v1", "reply_to": root["id"]});
    v1.person.post("/messages", body).await.expect(201);
    let body = json!({"chatId": mimu.chat, "type": "text", "text": "by Mimu", "replyToMessageId": shown["id"],
        "timestamp": "2024-03-26T12:05:00"});
    mimu.ask(Method::POST, "/mimu/api/v1/messages", Some(body)).await.expect(200);
    let body = json!({"conversation_id": unet.chat, "sender_id": unet.person.id, "text": "by unet",
        "reply_to": called["id"]});
    unet.ask(Method::POST, "/api/unet-chat/messages/", Some(body)).await.expect(201);
    for answer in &v1.history().await[1..] {
        assert_eq!(answer["reply_to"]["id"], root["id"], "{answer}");
    }
    for answer in &mimu.history().await[1..] {
        assert_eq!(answer["replyToMessageId"], shown["id"], "{answer}");
    }
    for answer in &unet.history().await[1..] {
        assert_eq!(answer["reply_to"], called["id"], "{answer}");
    }
}

#[tokio::test]
async fn what_one_has_hidden_is_told_on_no_socket() {
    let server = TestServer::start().await;
    let clients = gathered(&server).await;
    let author = server.person("fay").await;
    let chat: i64 = clients[0].chat.parse().unwrap();
    clients[0]
        .person
        .post(&format!("/chats/{chat}/members"), json!({"user_ids": [author.id]}))
        .await
        .expect(201);
    let hidden = author.post_text(chat, "secret").await["id"].clone();
    let post = async |text: &str, reply_to: &Value| {
        let body = json!({"chat_id": chat, "type": "text", "content": text, "reply_to": reply_to});
        author.post("/messages", body).await.expect(201)["id"].clone()
    };
    let answer = post("answer", &hidden).await;
    let mut sockets = vec![(author.socket().await, true)];
    for client in &clients {
        client.person.delete(&format!("/messages/{hidden}?for=me")).await.expect(204);
        sockets.extend(client.socket().await.map(|socket| (socket, false)));
    }
    author.patch(&format!("/messages/{hidden}"), json!({"content": "secret, edited"})).await.expect(200);
    author.put(&format!("/messages/{hidden}/reactions/👍"), json!({})).await.expect(200);
    author.patch(&format!("/messages/{answer}"), json!({"content": "answer, edited"})).await.expect(200);
    post("another answer", &hidden).await;
    author.post_text(chat, "the end").await;
    for (mut socket, sees) in sockets {
        let mut told = Vec::new();
        while !told.last().is_some_and(|frame: &String| frame.contains("the end")) {
            told.push(socket.next().await.unwrap().to_string());
        }
        assert!(told.iter().any(|frame| frame.contains("another answer")), "{told:?}");
        assert_eq!(told.iter().any(|frame| frame.contains("secret")), sees, "{told:?}");
    }
}
