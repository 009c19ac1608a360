//! `/ai`, `/chats/{id}/catch-up`: the assistant, asked of a model's server in the tests' own process.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::others::model::{end, says, stream, word};
use crate::others::{Answer, Other, Piece};
use crate::server::{Person, Reply, Socket, TestServer, fresh_key};

struct World {
    server: TestServer,
    model: Other,
    anna: Person,
    bob: Person,
    chat: i64,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(flags: &[&str]) -> Self {
        let model = Other::saying(says(&["Да", ", конечно."])).await;
        let url = format!("{}/v1/", model.url);
        let own = ["--rate-limits", "off", "--ai-url", &url, "--ai-model", "tiny", "--ai-key", "a key"];
        let server = TestServer::with(&[&own, flags].concat()).await;
        let (anna, bob) = (server.person("anna").await, server.person("bob").await);
        let chat = anna.group("Сад", &[&bob]).await;
        Self { server, model, anna, bob, chat }
    }

    async fn ask(&self, question: &str) -> Reply {
        self.anna.post("/ai/ask", json!({"chat_id": self.chat, "question": question})).await
    }

    async fn suggestions(&self) -> Value {
        let path = format!("/ai/suggestions?chat_id={}", self.chat);
        self.anna.get(&path).await.expect(200)["suggestions"].clone()
    }

    /// What was sent to the model the last time.
    fn told(&self) -> String {
        let body = self.model.asked().pop().unwrap().json();
        let parts = body["messages"].as_array().unwrap().iter();
        parts.map(|part| part["content"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
    }

    /// Messages that are not deleted, of the assistant.
    async fn answers(&self) -> Vec<Value> {
        let page = self.bob.get(&format!("/messages?chat_id={}", self.chat)).await.expect(200);
        let is_answer = |message: &&Value| message["type"] == "ai" && !message["content"].is_null();
        page.as_array().unwrap().iter().filter(is_answer).cloned().collect()
    }
}

/// What a socket hears of messages, until one is of a kind.
async fn until(socket: &mut Socket, event: &str, holds: impl Fn(&Value) -> bool) -> Value {
    loop {
        let data = socket.until(event).await;
        if holds(&data) {
            return data;
        }
    }
}

#[tokio::test]
async fn the_assistant_answers_in_the_chat_and_says_what_was_sent_where() {
    let world = World::new().await;
    let World { anna, bob, chat, .. } = &world;
    anna.say(*chat, "Поливаем по вторникам.").await;
    bob.say(*chat, "И по четвергам").await;
    let mut socket = bob.socket().await;
    let answer = world.ask(" Когда поливаем? ").await.expect(201);
    assert_eq!((&answer["type"], &answer["content"]), (&json!("ai"), &json!("Да, конечно.")));
    assert!(answer["edited_ts"].is_null(), "{answer}");
    assert_eq!(
        answer["payload"],
        json!({
            "question": "Когда поливаем?", "asked_by": anna.id, "model": "tiny", "sent_to": "127.0.0.1",
            "sent_messages": 2,
        })
    );
    assert_eq!(until(&mut socket, "message.created", |data| data["id"] == answer["id"]).await["type"], "ai");
    assert_eq!(world.answers().await, std::slice::from_ref(&answer));
    let author = &answer["author_id"];
    assert!(*author != anna.id && *author != bob.id);
    let person = anna.get(&format!("/users/{author}")).await.expect(200);
    assert_eq!(person["display_name"], "AI");
    assert_eq!(anna.get("/users/search?q=AI").await.expect(200), json!([]), "it is nobody to write to");

    let asked = world.model.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(asked.header("authorization"), "Bearer a key");
    let body = asked.json();
    assert_eq!((&body["model"], &body["stream"]), (&json!("tiny"), &json!(true)));
    assert_eq!(body["messages"][0]["role"], "system");
    let told = world.told();
    assert!(told.contains("anna: Поливаем по вторникам.\nbob: И по четвергам"), "{told}");
    assert!(told.ends_with("anna asks you: Когда поливаем?"), "{told}");

    world.ask("А теперь?").await.expect(201);
    assert!(world.told().contains("AI: Да, конечно."), "{}", world.told());
}

#[tokio::test]
async fn an_answer_grows_while_it_is_written() {
    let world = World::new().await;
    let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    world.model.says(stream(vec![
        word("Раз"),
        Piece::Wait(first.clone()),
        word(", два"),
        Piece::Wait(second.clone()),
        word(", три."),
        end(),
    ]));
    let mut socket = world.bob.socket().await;
    let hear = async {
        let begun = until(&mut socket, "message.created", |data| data["type"] == "ai").await;
        assert_eq!((&begun["content"], &begun["payload"]["writing"]), (&json!("Раз"), &json!(true)));
        let elsewhere = json!({"chat_ids": [world.chat]});
        let path = format!("/messages/{}/forward", begun["id"]);
        world.bob.post(&path, elsewhere).await.refused(409, "conflict");
        first.notify_one();
        second.notify_one();
        let whole = until(&mut socket, "message.updated", |data| data["payload"]["writing"].is_null()).await;
        assert_eq!((&whole["id"], &whole["content"]), (&begun["id"], &json!("Раз, два, три.")));
        assert!(whole["edited_ts"].is_null());
    };
    let (answer, ()) = tokio::join!(world.ask("Сосчитай"), hear);
    assert_eq!(answer.expect(201)["content"], "Раз, два, три.");
    assert_eq!(world.server.count("SELECT COUNT(*) FROM unfinished_answer").await, 0);
}

#[tokio::test]
async fn what_breaks_off_leaves_no_half_message_and_does_not_count() {
    let world = World::with(&["--ai-daily", "1", "--ai-timeout", "2"]).await;
    let mut socket = world.bob.socket().await;
    for pieces in [
        vec![word("Половина"), Piece::Cut],
        vec![word("Половина"), Piece::Hang],
        // It ends without saying that this is all.
        vec![word("Половина")],
        vec![word("Половина"), Piece::Say("data: {\"error\":{\"message\":\"overloaded\"}}\n\n".to_owned())],
        vec![word("Половина"), Piece::Say("data: <html>\n\n".to_owned())],
    ] {
        world.model.says(stream(pieces));
        world.ask("Что?").await.refused(502, "bad_gateway");
        let id = until(&mut socket, "message.created", |data| data["type"] == "ai").await["id"].clone();
        until(&mut socket, "message.deleted", |data| data["id"] == id).await;
    }
    for answer in [
        stream(vec![Piece::Hang]),
        stream(vec![end()]),
        stream(vec![word(" \n "), end()]),
        Answer::new(500, "no"),
        Answer::new(401, "{}"),
    ] {
        world.model.says(answer);
        world.ask("Что?").await.refused(502, "bad_gateway");
    }
    assert!(world.answers().await.is_empty());
    assert_eq!(world.server.count("SELECT COUNT(*) FROM unfinished_answer").await, 0);
    world.ask("Что?").await.expect(201);
    world.ask("Что?").await.refused(429, "daily_limit");
}

#[tokio::test]
async fn what_a_killed_server_leaves_behind_is_taken_away() {
    let world = World::with(&["--ai-timeout", "600"]).await;
    let go_on = Arc::new(Notify::new());
    world.model.says(stream(vec![word("Половина"), Piece::Wait(go_on.clone()), end()]));
    let mut socket = world.bob.socket().await;
    let hear = async {
        let begun = until(&mut socket, "message.created", |data| data["type"] == "ai").await;
        // As after a restart much later.
        world.server.change("UPDATE unfinished_answer SET until = 0").await;
        world.server.clock.advance(Duration::from_secs(11));
        until(&mut socket, "message.deleted", |data| data["id"] == begun["id"]).await;
        go_on.notify_one();
    };
    let (answer, ()) = tokio::join!(world.ask("Что?"), hear);
    answer.refused(409, "conflict");
    assert!(world.answers().await.is_empty());
}

#[tokio::test]
async fn everybody_has_so_many_questions_a_day() {
    let world = World::with(&["--ai-daily", "2"]).await;
    for _ in 0..2 {
        world.ask("Что?").await.expect(201);
    }
    let refused = world.ask("Что?").await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 24 * 3_600);
    refused.refused(429, "daily_limit");
    let bobs = world.bob.post("/ai/ask", json!({"chat_id": world.chat, "question": "Что?"})).await;
    bobs.expect(201);
    world.server.clock.advance(Duration::from_secs(24 * 3_600));
    let world = World { anna: world.anna.renewed().await, ..world };
    world.ask("Что?").await.expect(201);
}

#[tokio::test]
async fn a_question_that_is_repeated_is_asked_once() {
    let world = World::new().await;
    let body = json!({"chat_id": world.chat, "question": "Что?"});
    let key = fresh_key();
    let ask = || world.anna.send(reqwest::Method::POST, "/ai/ask", Some(&key), Some(body.clone()));
    let answer = ask().await.expect(201);
    let again = ask().await.refused(409, "duplicate_request");
    assert_eq!(again["original"]["body"]["id"], answer["id"]);
    assert_eq!(world.model.asked().len(), 1);
}

#[tokio::test]
async fn a_chat_can_switch_the_assistant_off() {
    let world = World::new().await;
    let path = format!("/chats/{}", world.chat);
    assert_eq!(world.bob.get(&path).await.expect(200)["assistant"], true);
    world.bob.patch(&path, json!({"assistant": false})).await.refused(403, "forbidden");
    let mut socket = world.bob.socket().await;
    assert_eq!(world.anna.patch(&path, json!({"assistant": false})).await.expect(200)["assistant"], false);
    assert_eq!(socket.until("chat.updated").await["assistant"], false);
    world.ask("Что?").await.refused(403, "forbidden");
    world.anna.post(&format!("{path}/catch-up"), json!({})).await.refused(403, "forbidden");
    assert_eq!(world.suggestions().await, json!([]));
    assert!(world.model.asked().is_empty(), "nothing was sent");

    let direct = world.anna.direct(&world.bob).await;
    let path = format!("/chats/{direct}");
    assert_eq!(world.bob.patch(&path, json!({"assistant": false})).await.expect(200)["assistant"], false);
}

#[tokio::test]
async fn without_a_model_the_server_says_so_and_strangers_ask_nothing() {
    let server = TestServer::start().await;
    let (anna, eve) = (server.person("anna").await, server.person("eve").await);
    let chat = anna.group("Сад", &[]).await;
    let body = json!({"chat_id": chat, "question": "Что?"});
    anna.post("/ai/ask", body.clone()).await.refused(503, "not_configured");
    anna.post(&format!("/chats/{chat}/catch-up"), json!({})).await.refused(503, "not_configured");
    let path = format!("/ai/suggestions?chat_id={chat}");
    assert_eq!(anna.get(&path).await.expect(200), json!({"suggestions": []}));
    eve.post("/ai/ask", body).await.refused(403, "forbidden");
    eve.get(&path).await.refused(403, "forbidden");

    let world = World::new().await;
    for question in ["", " ", &"я".repeat(4_001)] {
        world.ask(question).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn what_is_to_disappear_is_not_sent() {
    let world = World::new().await;
    world.anna.say(world.chat, "Это останется").await;
    let path = format!("/chats/{}", world.chat);
    world.anna.patch(&path, json!({"message_life": 3_600})).await.expect(200);
    world.anna.say(world.chat, "Это исчезнет").await;
    let answer = world.ask("Что?").await.expect(201);
    assert!(world.told().contains("Это останется") && !world.told().contains("исчезнет"));
    assert_eq!(answer["payload"]["sent_messages"], 1);
    assert!(answer["expires_at"].is_string(), "answers disappear as well: {answer}");
}

#[tokio::test]
async fn an_answer_that_proposes_to_meet_says_so() {
    let world = World::new().await;
    world.model.says(says(&["Предлагаю созвониться", " завтра."]));
    assert_eq!(world.ask("Как быть?").await.expect(201)["payload"]["suggest_meet"], true);
    assert!(world.ask("А так?").await.expect(201)["payload"]["suggest_meet"].is_null());
}

#[tokio::test]
async fn there_are_suggestions_once_something_was_said() {
    let world = World::new().await;
    for text in ["раз", "два", "три", "четыре"] {
        world.bob.say(world.chat, text).await;
        assert_eq!(world.suggestions().await, json!([]));
    }
    assert!(world.model.asked().is_empty());
    world.bob.say(world.chat, "пять").await;
    world.model.says(says(&["```json\n[\"Хорошо\", ", "\"Нет\"]\n```"]));
    assert_eq!(world.suggestions().await, json!(["Хорошо", "Нет"]));
    assert_eq!(world.suggestions().await, json!(["Хорошо", "Нет"]));
    assert_eq!(world.model.asked().len(), 1, "nothing new was said");
    world.bob.say(world.chat, "шесть").await;
    world.model.says(Answer::new(500, "no"));
    assert_eq!(world.suggestions().await, json!([]));
    assert_eq!(world.answers().await.len(), 0, "nothing is posted");
}

#[tokio::test]
async fn one_catches_up_with_what_one_has_not_read() {
    let world = World::new().await;
    let path = format!("/chats/{}", world.chat);
    let old = world.bob.say(world.chat, "старое").await;
    let mark = json!({"message_id": old["id"]});
    world.anna.post(&format!("{path}/read"), mark).await.expect(200);
    let asking = format!("{path}/catch-up");
    let catch_up = || world.anna.post(&asking, json!({}));
    let none = catch_up().await.expect(200);
    assert_eq!((&none["summary"], &none["sent_messages"]), (&Value::Null, &json!(0)));
    assert!(world.model.asked().is_empty());

    world.bob.say(world.chat, "новое").await;
    world.bob.say(world.chat, "новейшее").await;
    world.model.says(says(&["Боб сказал", " новое."]));
    let summary = catch_up().await.expect(200);
    assert_eq!(
        summary,
        json!({
            "summary": "Боб сказал новое.", "sent_messages": 2, "partial": false, "model": "tiny",
            "sent_to": "127.0.0.1",
        })
    );
    let told = world.told();
    assert!(told.contains("bob: новое\nbob: новейшее") && !told.contains("старое"), "{told}");
    assert_eq!(world.anna.get(&path).await.expect(200)["unread_count"], 2, "nothing becomes read");
    assert!(world.answers().await.is_empty());
    world.model.says(Answer::new(503, "no"));
    catch_up().await.refused(502, "bad_gateway");
}
