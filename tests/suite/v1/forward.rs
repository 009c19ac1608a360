//! Passing messages on.

use serde_json::{Value, json};

use crate::server::{Person, TestServer, fresh_key};

async fn forward(person: &Person, message: &Value, chats: &[i64]) -> crate::server::Reply {
    person.post(&format!("/messages/{}/forward", message["id"]), json!({"chat_ids": chats})).await
}

#[tokio::test]
async fn a_message_goes_to_several_chats_and_keeps_where_it_comes_from() {
    let server = TestServer::start().await;
    let (anna, bob, carl) =
        (server.person("anna").await, server.person("bob").await, server.person("carl").await);
    let (first, second) = (anna.direct(&bob).await, bob.group("Сад", &[&carl]).await);
    let third = bob.direct(&carl).await;
    let original = anna.post_text(first, "приходите").await;
    let origin = json!({
        "chat_id": first, "message_id": original["id"], "author_id": anna.id, "author_name": "anna", "ts": original["ts"],
    });
    let mut socket = carl.socket().await;
    let sent = forward(&bob, &original, &[second, third, second]).await.expect(201);
    let chats: Vec<&Value> = sent.as_array().unwrap().iter().map(|message| &message["chat_id"]).collect();
    assert_eq!(chats, [&json!(second), &json!(third)], "each chat once");
    for message in sent.as_array().unwrap() {
        assert_eq!(message["forwarded_from"], origin);
        assert_eq!((&message["content"], &message["author_id"]), (&json!("приходите"), &json!(bob.id)));
        assert_eq!(socket.until("message.created").await["forwarded_from"], origin);
    }
    // Passed on again, it still says who sent it first.
    let own = carl.group("Копилка", &[]).await;
    let again = forward(&carl, &sent[1], &[own]).await.expect(201);
    assert_eq!(again[0]["forwarded_from"], origin);
}

#[tokio::test]
async fn a_file_goes_along_and_is_read_by_those_who_get_it() {
    let server = TestServer::start().await;
    let (anna, bob, carl) =
        (server.person("anna").await, server.person("bob").await, server.person("carl").await);
    let (first, second) = (anna.direct(&bob).await, bob.direct(&carl).await);
    let id = anna.upload("план.txt", "text/plain", b"plan".to_vec()).await;
    let body = json!({"chat_id": first, "type": "file", "payload": {"attachment_id": id}});
    let original = anna.post("/messages", body).await.expect(201);
    carl.get(&format!("/attachments/{id}/info")).await.refused(404, "not_found");
    let sent = forward(&bob, &original, &[second]).await.expect(201);
    assert_eq!(sent[0]["attachments"], original["attachments"]);
    carl.get(&format!("/attachments/{id}/info")).await.expect(200);
    anna.delete(&format!("/messages/{}", original["id"])).await.expect(204);
    carl.get(&format!("/attachments/{id}/info")).await.expect(200);
}

#[tokio::test]
async fn where_one_may_not_post_nothing_is_posted_anywhere() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let (first, second) = (anna.direct(&bob).await, anna.group("Сад", &[]).await);
    let foreign = bob.group("Чужое", &[]).await;
    let original = anna.post_text(first, "слово").await;
    forward(&anna, &original, &[second, foreign]).await.refused(403, "forbidden");
    forward(&anna, &original, &[second, 1]).await.refused(404, "not_found");
    forward(&anna, &original, &[]).await.refused(400, "invalid");
    forward(&anna, &original, &(0..21).collect::<Vec<i64>>()).await.refused(400, "invalid");
    assert_eq!(anna.texts(second).await, [""; 0]);
    assert_eq!(bob.texts(foreign).await, [""; 0]);
    // Nor can one pass on what one may not read, what is gone, or what the server sent.
    let secret = bob.post_text(foreign, "тайна").await;
    forward(&anna, &secret, &[second]).await.refused(403, "forbidden");
    let notice = anna.get(&format!("/messages?chat_id={second}")).await.expect(200)[0].clone();
    forward(&anna, &notice, &[first]).await.refused(403, "forbidden");
    anna.delete(&format!("/messages/{}", original["id"])).await.expect(204);
    forward(&anna, &original, &[second]).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_repeated_request_forwards_once() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let (first, second) = (anna.direct(&bob).await, anna.group("Сад", &[]).await);
    let original = anna.post_text(first, "раз").await;
    let (path, key) = (format!("/messages/{}/forward", original["id"]), fresh_key());
    let body = json!({"chat_ids": [second, first]});
    anna.send(reqwest::Method::POST, &path, Some(&key), Some(body.clone())).await.expect(201);
    anna.send(reqwest::Method::POST, &path, Some(&key), Some(body)).await.refused(409, "duplicate_request");
    assert_eq!(anna.texts(second).await, ["раз"]);
}
