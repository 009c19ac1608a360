//! Answers, threads, mentions, and what a message sent before.

use serde_json::{Value, json};

use crate::server::{Person, TestServer, names};

async fn three() -> (TestServer, Person, Person, Person, i64) {
    let server = TestServer::start().await;
    let (anna, bob, carl) =
        (server.person("anna").await, server.person("bob").await, server.person("carl").await);
    let chat = anna.group("Сад", &[&bob, &carl]).await;
    (server, anna, bob, carl, chat)
}

async fn answer(person: &Person, chat: i64, text: &str, to: Value) -> Value {
    let mut body = json!({"chat_id": chat, "content": text});
    body.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
    person.post("/messages", body).await.expect(201)
}

async fn message(person: &Person, id: &Value) -> Value {
    person.get(&format!("/messages/{id}")).await.expect(200)
}

#[tokio::test]
async fn an_answer_shows_what_it_answers_as_it_is_now() {
    let (_server, anna, bob, _, chat) = three().await;
    let question = anna.post_text(chat, "Когда сажаем яблони?").await;
    let reply = answer(&bob, chat, "В апреле", json!({"reply_to": question["id"]})).await;
    let quote = json!({
        "id": question["id"], "author_id": anna.id, "type": "text", "text": "Когда сажаем яблони?",
    });
    assert_eq!(reply["reply_to"], quote);
    assert_eq!(message(&anna, &reply["id"]).await["reply_to"], quote);

    let path = format!("/messages/{}", question["id"]);
    anna.patch(&path, json!({"content": "Когда сажаем груши?"})).await.expect(200);
    assert_eq!(message(&anna, &reply["id"]).await["reply_to"]["text"], "Когда сажаем груши?");
    anna.delete(&path).await.expect(204);
    let quote = message(&anna, &reply["id"]).await["reply_to"].clone();
    assert_eq!((&quote["id"], &quote["text"]), (&question["id"], &Value::Null));
}

#[tokio::test]
async fn a_long_message_is_quoted_by_its_beginning() {
    let (_server, anna, bob, _, chat) = three().await;
    let long = anna.post_text(chat, &"🌳я".repeat(300)).await;
    let reply = answer(&bob, chat, "да", json!({"reply_to": long["id"]})).await;
    assert_eq!(reply["reply_to"]["text"], "🌳я".repeat(100));
}

#[tokio::test]
async fn only_what_is_there_can_be_answered() {
    let (server, anna, bob, _, chat) = three().await;
    let elsewhere = anna.direct(&bob).await;
    let other = anna.post_text(elsewhere, "между нами").await;
    let gone = anna.post_text(chat, "оговорилась").await;
    anna.delete(&format!("/messages/{}", gone["id"])).await.expect(204);
    for (field, id) in [
        ("reply_to", &other["id"]),
        ("reply_to", &gone["id"]),
        ("thread_id", &other["id"]),
        ("reply_to", &json!(1)),
    ] {
        let body = json!({"chat_id": chat, "content": "?", field: id});
        let refusal = bob.post("/messages", body).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
    }
    assert_eq!(bob.texts(chat).await, [""; 0], "nothing of it was sent");
    drop(server);
}

#[tokio::test]
async fn answers_of_a_thread_stand_together_and_are_counted() {
    let (_server, anna, bob, carl, chat) = three().await;
    let root = anna.post_text(chat, "Обед?").await;
    let aside = bob.post_text(chat, "кстати, дождь").await;
    let first = answer(&bob, chat, "суп", json!({"thread_id": root["id"]})).await;
    assert_eq!((&first["thread_id"], first.get("reply_to")), (&root["id"], None));
    // Answering within a thread, or naming any message of it, is being in it.
    let second = answer(&carl, chat, "и хлеб", json!({"reply_to": first["id"]})).await;
    let third = answer(&anna, chat, "в час", json!({"thread_id": second["id"]})).await;
    for reply in [&second, &third] {
        assert_eq!(reply["thread_id"], root["id"]);
    }
    let shown = message(&carl, &root["id"]).await;
    assert_eq!(shown["thread"], json!({"count": 3, "last_ts": third["ts"]}));
    let thread = carl.get(&format!("/messages?chat_id={chat}&thread_id={}", root["id"])).await.expect(200);
    let ids: Vec<&Value> = thread.as_array().unwrap().iter().map(|message| &message["id"]).collect();
    assert_eq!(ids, [&third["id"], &second["id"], &first["id"]]);

    carl.delete(&format!("/messages/{}", second["id"])).await.expect(204);
    assert_eq!(message(&carl, &root["id"]).await["thread"]["count"], 2);
    let body = json!({"chat_id": chat, "content": "?", "reply_to": aside["id"], "thread_id": root["id"]});
    bob.post("/messages", body).await.refused(400, "invalid");
}

#[tokio::test]
async fn those_whom_a_text_names_are_meant() {
    let (server, anna, bob, carl, chat) = three().await;
    let stranger = server.person("stranger").await;
    let sent = anna.post_text(chat, "@Bob, @CARL. @stranger anna@bob.org @anna @nobody").await;
    let mut both = vec![bob.id, carl.id];
    both.sort_unstable();
    assert_eq!(sent["mentions"], json!(both), "not those outside, not oneself");
    assert_eq!(sent.get("mentions_all"), None);
    let body = json!({"chat_id": chat, "content": "и ты", "mentions": [carl.id, stranger.id, anna.id, 5]});
    assert_eq!(anna.post("/messages", body).await.expect(201)["mentions"], json!([carl.id]));
    let all = anna.post_text(chat, "@все, за стол!").await;
    assert_eq!((&all["mentions_all"], all.get("mentions")), (&json!(true), None));
}

#[tokio::test]
async fn an_edit_changes_who_is_meant() {
    let (_server, anna, bob, carl, chat) = three().await;
    let sent = anna.post_text(chat, "@bob").await;
    let path = format!("/messages/{}", sent["id"]);
    let edited = anna.patch(&path, json!({"content": "@carl @all"})).await.expect(200);
    assert_eq!((&edited["mentions"], &edited["mentions_all"]), (&json!([carl.id]), &json!(true)));
    let edited = anna.patch(&path, json!({"content": "никто"})).await.expect(200);
    assert_eq!((edited.get("mentions"), edited.get("mentions_all")), (None, None));
    drop(bob);
}

#[tokio::test]
async fn who_was_chosen_by_id_stays_mentioned_after_an_edit() {
    let (_server, anna, bob, carl, chat) = three().await;
    let body = json!({"chat_id": chat, "content": "@bob и ты", "mentions": [carl.id]});
    let sent = anna.post("/messages", body).await.expect(201);
    let path = format!("/messages/{}", sent["id"]);
    let edited = anna.patch(&path, json!({"content": "@bob и ты!"})).await.expect(200);
    assert_eq!(edited["mentions"], sent["mentions"]);
    let edited = anna.patch(&path, json!({"content": "и ты!"})).await.expect(200);
    assert_eq!(edited["mentions"], json!([carl.id]), "who was named is no longer");
    drop(bob);
}

#[tokio::test]
async fn everything_a_message_sent_is_there() {
    let (_server, anna, bob, _, chat) = three().await;
    let mut socket = bob.socket().await;
    let sent = anna.post_text(chat, "раз").await;
    let path = format!("/messages/{}", sent["id"]);
    for text in ["два", "два", "три"] {
        anna.patch(&path, json!({"content": text})).await.expect(200);
    }
    let edits = bob.get(&format!("{path}/edits")).await.expect(200);
    let texts: Vec<&Value> = edits.as_array().unwrap().iter().map(|edit| &edit["content"]).collect();
    assert_eq!(texts, ["раз", "два"]);
    assert_eq!(edits[0]["ts"], sent["ts"]);
    let frames = bob.receives(&mut socket).await;
    assert_eq!(
        names(&frames),
        ["message.created", "message.updated", "message.updated"],
        "saying the same changes nothing"
    );
    anna.delete(&path).await.expect(204);
    assert_eq!(bob.get(&format!("{path}/edits")).await.expect(200), json!([]), "what was deleted is nowhere");
}

#[tokio::test]
async fn a_silent_message_says_so() {
    let (_server, anna, bob, _, chat) = three().await;
    let mut socket = bob.socket().await;
    let sent = answer(&anna, chat, "тихо", json!({"silent": true})).await;
    assert_eq!(sent["silent"], true);
    assert_eq!(socket.until("message.created").await["silent"], true);
    assert_eq!(anna.post_text(chat, "громко").await.get("silent"), None);
}
