//! `/ai`, `/chats/{id}/catch-up`: the assistant, asked of a model's server in the tests' own process.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::others::model::{end, says, stream, word};
use crate::others::{Answer, Other, Piece};
use crate::server::{Person, Reply, Socket, TestServer, fresh_key};

struct Api {
    server: TestServer,
    model: Other,
    anna: Person,
    bob: Person,
    chat: i64,
}

impl Api {
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

/// What a socket receives of messages, until one is of a kind.
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
    let api = Api::new().await;
    let Api { anna, bob, chat, .. } = &api;
    anna.post_text(*chat, "Поливаем по вторникам.").await;
    bob.post_text(*chat, "И по четвергам").await;
    let mut socket = bob.socket().await;
    let answer = api.ask(" Когда поливаем? ").await.expect(201);
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
    assert_eq!(api.answers().await, std::slice::from_ref(&answer));
    let author = &answer["author_id"];
    assert!(*author != anna.id && *author != bob.id);
    let person = anna.get(&format!("/users/{author}")).await.expect(200);
    assert_eq!(person["display_name"], "AI");
    assert_eq!(anna.get("/users/search?q=AI").await.expect(200), json!([]), "it is nobody to write to");

    let asked = api.model.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(asked.header("authorization"), "Bearer a key");
    let body = asked.json();
    assert_eq!((&body["model"], &body["stream"]), (&json!("tiny"), &json!(true)));
    assert_eq!(body["messages"][0]["role"], "system");
    let told = api.told();
    assert!(told.contains("anna: Поливаем по вторникам.\nbob: И по четвергам"), "{told}");
    assert!(told.ends_with("anna asks you: Когда поливаем?"), "{told}");

    api.ask("А теперь?").await.expect(201);
    assert!(api.told().contains("AI: Да, конечно."), "{}", api.told());
}

#[tokio::test]
async fn an_answer_grows_while_it_is_written() {
    let api = Api::new().await;
    let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    api.model.says(stream(vec![
        word("Раз"),
        Piece::Wait(first.clone()),
        word(", два"),
        Piece::Wait(second.clone()),
        word(", три."),
        end(),
    ]));
    let mut socket = api.bob.socket().await;
    let hear = async {
        let begun = until(&mut socket, "message.created", |data| data["type"] == "ai").await;
        assert_eq!((&begun["content"], &begun["payload"]["writing"]), (&json!("Раз"), &json!(true)));
        let elsewhere = json!({"chat_ids": [api.chat]});
        let path = format!("/messages/{}/forward", begun["id"]);
        api.bob.post(&path, elsewhere).await.refused(409, "conflict");
        first.notify_one();
        second.notify_one();
        let whole = until(&mut socket, "message.updated", |data| data["payload"]["writing"].is_null()).await;
        assert_eq!((&whole["id"], &whole["content"]), (&begun["id"], &json!("Раз, два, три.")));
        assert!(whole["edited_ts"].is_null());
    };
    let (answer, ()) = tokio::join!(api.ask("Сосчитай"), hear);
    assert_eq!(answer.expect(201)["content"], "Раз, два, три.");
    assert_eq!(api.server.count("SELECT COUNT(*) FROM unfinished_answer").await, 0);
}

#[tokio::test]
async fn what_breaks_off_leaves_no_half_message_and_does_not_count() {
    let api = Api::with(&["--ai-daily", "1", "--ai-timeout", "2"]).await;
    let mut socket = api.bob.socket().await;
    for pieces in [
        vec![word("Половина"), Piece::Cut],
        vec![word("Половина"), Piece::Hang],
        // It ends without saying that this is all.
        vec![word("Половина")],
        vec![word("Половина"), Piece::Say("data: {\"error\":{\"message\":\"overloaded\"}}\n\n".to_owned())],
        vec![word("Половина"), Piece::Say("data: <html>\n\n".to_owned())],
    ] {
        api.model.says(stream(pieces));
        api.ask("Что?").await.refused(502, "bad_gateway");
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
        api.model.says(answer);
        api.ask("Что?").await.refused(502, "bad_gateway");
    }
    assert!(api.answers().await.is_empty());
    assert_eq!(api.server.count("SELECT COUNT(*) FROM unfinished_answer").await, 0);
    api.ask("Что?").await.expect(201);
    api.ask("Что?").await.refused(429, "daily_limit");
}

#[tokio::test]
async fn what_a_killed_server_leaves_behind_is_taken_away() {
    let api = Api::with(&["--ai-timeout", "600"]).await;
    let go_on = Arc::new(Notify::new());
    api.model.says(stream(vec![word("Половина"), Piece::Wait(go_on.clone()), end()]));
    let mut socket = api.bob.socket().await;
    let hear = async {
        let begun = until(&mut socket, "message.created", |data| data["type"] == "ai").await;
        // As after a restart much later.
        api.server.change("UPDATE unfinished_answer SET until = 0").await;
        api.server.clock.advance(Duration::from_secs(11));
        until(&mut socket, "message.deleted", |data| data["id"] == begun["id"]).await;
        go_on.notify_one();
    };
    let (answer, ()) = tokio::join!(api.ask("Что?"), hear);
    answer.refused(409, "conflict");
    assert!(api.answers().await.is_empty());
}

#[tokio::test]
async fn everybody_has_so_many_questions_a_day() {
    let api = Api::with(&["--ai-daily", "2"]).await;
    for _ in 0..2 {
        api.ask("Что?").await.expect(201);
    }
    let refused = api.ask("Что?").await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 24 * 3_600);
    refused.refused(429, "daily_limit");
    let bobs = api.bob.post("/ai/ask", json!({"chat_id": api.chat, "question": "Что?"})).await;
    bobs.expect(201);
    api.server.clock.advance(Duration::from_secs(24 * 3_600));
    let api = Api { anna: api.anna.renewed().await, ..api };
    api.ask("Что?").await.expect(201);
}

#[tokio::test]
async fn a_question_that_is_repeated_is_asked_once() {
    let api = Api::new().await;
    let body = json!({"chat_id": api.chat, "question": "Что?"});
    let key = fresh_key();
    let ask = || api.anna.send(reqwest::Method::POST, "/ai/ask", Some(&key), Some(body.clone()));
    let answer = ask().await.expect(201);
    let again = ask().await.refused(409, "duplicate_request");
    assert_eq!(again["original"]["body"]["id"], answer["id"]);
    assert_eq!(api.model.asked().len(), 1);
}

#[tokio::test]
async fn a_chat_can_switch_the_assistant_off() {
    let api = Api::new().await;
    let path = format!("/chats/{}", api.chat);
    assert_eq!(api.bob.get(&path).await.expect(200)["assistant"], true);
    api.bob.patch(&path, json!({"assistant": false})).await.refused(403, "forbidden");
    let mut socket = api.bob.socket().await;
    assert_eq!(api.anna.patch(&path, json!({"assistant": false})).await.expect(200)["assistant"], false);
    assert_eq!(socket.until("chat.updated").await["assistant"], false);
    api.ask("Что?").await.refused(403, "forbidden");
    api.anna.post(&format!("{path}/catch-up"), json!({})).await.refused(403, "forbidden");
    assert_eq!(api.suggestions().await, json!([]));
    assert!(api.model.asked().is_empty(), "nothing was sent");

    let direct = api.anna.direct(&api.bob).await;
    let path = format!("/chats/{direct}");
    assert_eq!(api.bob.patch(&path, json!({"assistant": false})).await.expect(200)["assistant"], false);
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

    let api = Api::new().await;
    for question in ["", " ", &"я".repeat(4_001)] {
        api.ask(question).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn what_is_to_disappear_is_not_sent() {
    let api = Api::new().await;
    api.anna.post_text(api.chat, "Это останется").await;
    let path = format!("/chats/{}", api.chat);
    api.anna.patch(&path, json!({"message_life": 3_600})).await.expect(200);
    api.anna.post_text(api.chat, "Это исчезнет").await;
    let answer = api.ask("Что?").await.expect(201);
    assert!(api.told().contains("Это останется") && !api.told().contains("исчезнет"));
    assert_eq!(answer["payload"]["sent_messages"], 1);
    assert!(answer["expires_at"].is_string(), "answers disappear as well: {answer}");
}

#[tokio::test]
async fn an_answer_that_proposes_to_meet_says_so() {
    let api = Api::new().await;
    api.model.says(says(&["Предлагаю созвониться", " завтра."]));
    assert_eq!(api.ask("Как быть?").await.expect(201)["payload"]["suggest_meet"], true);
    assert!(api.ask("А так?").await.expect(201)["payload"]["suggest_meet"].is_null());
}

#[tokio::test]
async fn there_are_suggestions_once_something_was_sent() {
    let api = Api::new().await;
    for text in ["раз", "два", "три", "четыре"] {
        api.bob.post_text(api.chat, text).await;
        assert_eq!(api.suggestions().await, json!([]));
    }
    assert!(api.model.asked().is_empty());
    api.bob.post_text(api.chat, "пять").await;
    api.model.says(says(&["```json\n[\"Хорошо\", ", "\"Нет\"]\n```"]));
    assert_eq!(api.suggestions().await, json!(["Хорошо", "Нет"]));
    assert_eq!(api.suggestions().await, json!(["Хорошо", "Нет"]));
    assert_eq!(api.model.asked().len(), 1, "nothing new was sent");
    api.bob.post_text(api.chat, "шесть").await;
    api.model.says(Answer::new(500, "no"));
    assert_eq!(api.suggestions().await, json!([]));
    assert_eq!(api.answers().await.len(), 0, "nothing is posted");
}

#[tokio::test]
async fn one_catches_up_with_what_one_has_not_read() {
    let api = Api::new().await;
    let path = format!("/chats/{}", api.chat);
    let old = api.bob.post_text(api.chat, "старое").await;
    let mark = json!({"message_id": old["id"]});
    api.anna.post(&format!("{path}/read"), mark).await.expect(200);
    let asking = format!("{path}/catch-up");
    let catch_up = || api.anna.post(&asking, json!({}));
    let none = catch_up().await.expect(200);
    assert_eq!((&none["summary"], &none["sent_messages"]), (&Value::Null, &json!(0)));
    assert!(api.model.asked().is_empty());

    api.bob.post_text(api.chat, "новое").await;
    api.bob.post_text(api.chat, "новейшее").await;
    api.model.says(says(&["Боб сказал", " новое."]));
    let summary = catch_up().await.expect(200);
    assert_eq!(
        summary,
        json!({
            "summary": "Боб сказал новое.", "sent_messages": 2, "partial": false, "model": "tiny",
            "sent_to": "127.0.0.1",
        })
    );
    let told = api.told();
    assert!(told.contains("bob: новое\nbob: новейшее") && !told.contains("старое"), "{told}");
    assert_eq!(api.anna.get(&path).await.expect(200)["unread_count"], 2, "nothing becomes read");
    assert!(api.answers().await.is_empty());
    api.model.says(Answer::new(503, "no"));
    catch_up().await.refused(502, "bad_gateway");
}
