//! `/outgoing-webhooks`: programs that are told what happens in chats.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::others::{Answer, Asked, Other};
use crate::server::{Person, TestServer};

/// A chat with a webhook to a program.
struct Api {
    server: TestServer,
    program: Other,
    ann: Person,
    chat: i64,
    hook: Value,
}

impl Api {
    async fn new() -> Self {
        Self::telling(&["message.created"]).await
    }

    async fn telling(events: &[&str]) -> Self {
        let server = TestServer::with(&["--rate-limits", "off", "--webhook-allow", "127.0.0.1"]).await;
        let program = Other::saying(Answer::new(204, "")).await;
        let ann = server.person("ann").await;
        let chat = ann.group("Team", &[]).await;
        let body = json!({"name": "Archive", "url": format!("{}/in?key=1", program.url), "events": events});
        let hook = ann.post(&format!("/chats/{chat}/outgoing-webhooks"), body).await.expect(201);
        Self { server, program, ann, chat, hook }
    }

    fn path(&self, rest: &str) -> String {
        format!("/outgoing-webhooks/{}{rest}", self.hook["id"])
    }

    async fn shown(&self) -> Value {
        let all = self.ann.get(&format!("/chats/{}/outgoing-webhooks", self.chat)).await.expect(200);
        all[0].clone()
    }

    /// The newest delivery, once it is in a state.
    async fn delivery(&self, is: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let all = self.ann.get(&self.path("/deliveries")).await.expect(200);
                if is(&all[0]) {
                    return all[0].clone();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("it gets there")
    }
}

/// Whether one of the signatures is by this secret, as receivers verify it.
fn is_signed(asked: &Asked, secret: &Value) -> bool {
    let secret = secret.as_str().unwrap().strip_prefix("whsec_").unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).unwrap());
    let content =
        format!("{}.{}.{}", asked.header("webhook-id"), asked.header("webhook-timestamp"), asked.text);
    asked.header("webhook-signature").split(' ').any(|signature| {
        let signature = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        signature.is_some_and(|signature| hmac::verify(&key, content.as_bytes(), &signature).is_ok())
    })
}

#[tokio::test]
async fn a_message_is_told_with_a_signature() {
    let api = Api::new().await;
    let message = api.ann.post_text(api.chat, "Hello, program").await;
    let asked = api.program.until_asked(1).await.remove(0);
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/in?key=1"));
    assert_eq!(asked.header("content-type"), "application/json");
    assert!(asked.header("webhook-id").starts_with("msg_"));
    assert!(is_signed(&asked, &api.hook["secret"]));
    let other = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert!(!is_signed(&asked, &other));
    let event = asked.json();
    assert_eq!(event["type"], "message.created");
    assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(event["data"], message);
    assert_eq!(event["chat"], json!({"id": api.chat, "title": "Team"}));
    assert_eq!(event["author"], json!({"id": api.ann.id, "username": "ann", "display_name": "ann"}));
    let delivery = api.delivery(|delivery| delivery["state"] == "delivered").await;
    assert_eq!(
        (&delivery["message_id"], &delivery["status"], &delivery["attempts"]),
        (&json!(asked.header("webhook-id")), &json!(204), &json!(1))
    );
}

#[tokio::test]
async fn only_chosen_events_are_told_in_order_and_none_from_before() {
    let api = Api::telling(&["message.created", "message.deleted", "member.added", "chat.updated"]).await;
    let bob = api.server.person("bob").await;
    let path = format!("/chats/{}", api.chat);
    api.ann.post(&format!("{path}/members"), json!({"user_id": bob.id})).await.expect(201);
    let sent = api.ann.post_text(api.chat, "one").await;
    api.ann.patch(&format!("/messages/{}", sent["id"]), json!({"content": "two"})).await.expect(200);
    api.ann.patch(&path, json!({"title": "Crew"})).await.expect(200);
    api.ann.delete(&format!("/messages/{}", sent["id"])).await.expect(204);
    bob.post(&format!("{path}/read"), json!({})).await.expect(200);
    let elsewhere = api.ann.group("Elsewhere", &[]).await;
    api.ann.post_text(elsewhere, "not told").await;
    api.ann.post_text(api.chat, "last").await;
    let told = async {
        loop {
            let asked = api.program.asked();
            if asked.last().is_some_and(|asked| asked.json()["data"]["content"] == "last") {
                return asked;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
    let kinds: Vec<String> = told
        .iter()
        .map(Asked::json)
        .filter(|event| event["data"]["type"] != "system")
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        ["member.added", "message.created", "chat.updated", "message.deleted", "message.created"]
    );
    let before = told.iter().any(|asked| asked.text.contains("\"kind\":\"created\""));
    assert!(!before, "the chat was made before the webhook");
}

#[tokio::test]
async fn what_programs_post_is_not_told_to_programs() {
    let api = Api::new().await;
    let made =
        api.ann.post(&format!("/chats/{}/webhooks", api.chat), json!({"name": "In"})).await.expect(201);
    let request = api.ann.http.post(made["url"].as_str().unwrap()).body("{\"text\": \"from a program\"}");
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    api.ann.post_text(api.chat, "from a person").await;
    let asked = api.program.until_asked(1).await;
    assert_eq!(asked[0].json()["data"]["content"], "from a person");
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_with_the_same_id() {
    let api = Api::new().await;
    api.program.says(Answer::new(500, "oh"));
    api.program.says(Answer::new(302, ""));
    api.ann.post_text(api.chat, "Hello").await;
    api.program.until_asked(1).await;
    let failed = api.delivery(|delivery| delivery["status"] == 500).await;
    assert_eq!(
        (&failed["state"], &failed["failure"]),
        (&json!("waiting"), &json!("the receiver answered 500"))
    );
    assert!(crate::server::is_time(&api.shown().await["failing_since"]));
    api.server.clock.advance(Duration::from_secs(5));
    api.program.until_asked(2).await;
    let failed = api.delivery(|delivery| delivery["status"] == 302).await;
    assert!(failed["failure"].as_str().unwrap().contains("redirected"), "{failed}");
    api.server.clock.advance(Duration::from_secs(5 * 60));
    let asked = api.program.until_asked(3).await;
    let ann = api.ann.renewed().await;
    let api = Api { ann, ..api };
    let delivered = api.delivery(|delivery| delivery["state"] == "delivered").await;
    assert_eq!(delivered["attempts"], 3);
    assert_eq!(api.shown().await["failing_since"], Value::Null);
    let ids: Vec<&str> = asked.iter().map(|asked| asked.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(asked.iter().all(|asked| is_signed(asked, &api.hook["secret"])));
    assert_ne!(asked[0].header("webhook-timestamp"), asked[2].header("webhook-timestamp"));
}

#[tokio::test]
async fn a_delivery_is_sent_again_on_demand() {
    let api = Api::new().await;
    api.ann.post_text(api.chat, "Hello").await;
    let first = api.program.until_asked(1).await.remove(0);
    let delivery = api.delivery(|delivery| delivery["state"] == "delivered").await;
    let path = api.path(&format!("/deliveries/{}/replay", delivery["id"]));
    assert_eq!(api.ann.post(&path, json!({})).await.expect(200)["state"], "waiting");
    let again = api.program.until_asked(2).await.remove(1);
    assert_eq!((first.header("webhook-id"), &first.text), (again.header("webhook-id"), &again.text));
    api.ann.post(&api.path("/deliveries/1/replay"), json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more_until_it_is_switched_on() {
    let api = Api::new().await;
    api.program.says(Answer::new(410, ""));
    api.ann.post_text(api.chat, "Hello").await;
    api.delivery(|delivery| delivery["state"] == "failed").await;
    let shown = api.shown().await;
    assert_eq!(shown["enabled"], false);
    assert!(shown["disabled_reason"].as_str().unwrap().contains("410"), "{shown}");
    let delivery = api.delivery(|_| true).await;
    let path = api.path(&format!("/deliveries/{}/replay", delivery["id"]));
    api.ann.post(&path, json!({})).await.refused(409, "conflict");
    api.ann.post_text(api.chat, "not told").await;
    api.ann.patch(&api.path(""), json!({"enabled": true})).await.expect(200);
    api.ann.post_text(api.chat, "told").await;
    assert_eq!(api.program.until_asked(2).await[1].json()["data"]["content"], "told");
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_told_nothing_more() {
    let mut api = Api::new().await;
    api.program.always_says(Answer::new(503, ""));
    api.ann.post_text(api.chat, "Hello?").await;
    for (tries, wait) in
        [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].into_iter().enumerate()
    {
        api.program.until_asked(tries + 1).await;
        api.delivery(|delivery| delivery["attempts"] == tries + 1 && delivery["status"] == 503).await;
        api.server.clock.advance(Duration::from_secs(wait));
        api.ann = api.server.again(&api.ann, "ann").await;
    }
    api.program.until_asked(10).await;
    api.delivery(|delivery| delivery["state"] == "failed").await;
    let shown = api.shown().await;
    assert_eq!(shown["enabled"], false);
    assert!(shown["disabled_reason"].as_str().unwrap().contains("10 tries"), "{shown}");
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_for_a_day() {
    let api = Api::new().await;
    let renewed = api.ann.post(&api.path("/rotate"), json!({})).await.expect(200);
    assert_ne!(renewed["secret"], api.hook["secret"]);
    api.ann.post_text(api.chat, "one").await;
    let asked = api.program.until_asked(1).await;
    assert!(is_signed(&asked[0], &api.hook["secret"]) && is_signed(&asked[0], &renewed["secret"]));
    api.server.clock.advance(Duration::from_secs(24 * 3_600));
    let ann = api.server.again(&api.ann, "ann").await;
    ann.post_text(api.chat, "two").await;
    let asked = api.program.until_asked(2).await;
    assert!(!is_signed(&asked[1], &api.hook["secret"]) && is_signed(&asked[1], &renewed["secret"]));
}

#[tokio::test]
async fn inner_addresses_are_not_told() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let chat = ann.group("Team", &[]).await;
    let path = format!("/chats/{chat}/outgoing-webhooks");
    for url in [
        "http://127.0.0.1/",
        "http://127.0.0.1:9000/x",
        "http://[::1]:80/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "ftp://example.org/",
        "https://user:password@example.org/",
        "example.org",
        "",
    ] {
        let refused = ann.post(&path, json!({"name": "x", "url": url})).await.refused(400, "invalid");
        assert!(refused["detail"].as_str().unwrap().starts_with("url: "), "{url}");
    }
    // A name is looked up when it is requested.
    let made = ann.post(&path, json!({"name": "x", "url": "http://localhost:9/"})).await.expect(201);
    ann.post_text(chat, "Hello").await;
    let path = format!("/outgoing-webhooks/{}/deliveries", made["id"]);
    let failure = async {
        loop {
            let all = ann.get(&path).await.expect(200);
            if let Some(failure) = all[0]["failure"].as_str() {
                return failure.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let failure = tokio::time::timeout(Duration::from_secs(20), failure).await.unwrap();
    assert!(failure.contains("it is not a public address"), "{failure}");
}

#[tokio::test]
async fn only_those_who_manage_the_chat_see_and_change_a_webhook() {
    let api = Api::new().await;
    let (bob, eve) = (api.server.person("bob").await, api.server.person("eve").await);
    api.ann.post(&format!("/chats/{}/members", api.chat), json!({"user_id": bob.id})).await.expect(201);
    for (person, status, code) in [(&bob, 403, "forbidden"), (&eve, 404, "not_found")] {
        person.patch(&api.path(""), json!({"enabled": false})).await.refused(status, code);
        person.get(&api.path("/deliveries")).await.refused(status, code);
        person.post(&api.path("/rotate"), json!({})).await.refused(status, code);
        person.delete(&api.path("")).await.refused(status, code);
    }
    assert_eq!(api.shown().await["secret"], Value::Null);
    let path = format!("/chats/{}/outgoing-webhooks", api.chat);
    let command = json!({"name": "x", "url": api.program.url, "events": ["command.invoked"]});
    api.ann.post(&path, command).await.refused(400, "invalid");
    let unknown = json!({"name": "x", "url": api.program.url, "events": ["message.burned"]});
    api.ann.post(&path, unknown).await.refused(400, "invalid");
    let changed = api.ann.patch(&api.path(""), json!({"name": "Log", "enabled": false})).await.expect(200);
    assert_eq!((&changed["name"], &changed["enabled"]), (&json!("Log"), &json!(false)));
    api.ann.delete(&api.path("")).await.expect(204);
    api.ann.get(&api.path("/deliveries")).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_bot_is_told_of_all_its_chats_from_when_it_joined() {
    let api = Api::new().await;
    let (ann, program) = (&api.ann, &api.program);
    ann.delete(&api.path("")).await.expect(204);
    let id = ann.post("/bots", json!({"display_name": "Bot"})).await.expect(201)["user"]["id"].clone();
    let body = json!({"name": "x", "url": program.url});
    ann.post(&format!("/bots/{id}/outgoing-webhooks"), body).await.expect(201);
    let other = ann.group("Other", &[]).await;
    for chat in [api.chat, other] {
        ann.post_text(chat, "before").await;
        ann.post(&format!("/chats/{chat}/members"), json!({"user_id": id})).await.expect(201);
        ann.post_text(chat, &format!("to {chat}")).await;
    }
    let told = async {
        loop {
            let asked = program.asked();
            let texts: Vec<Value> =
                asked.iter().map(|asked| asked.json()["data"]["content"].clone()).collect();
            if [api.chat, other].iter().all(|chat| texts.contains(&json!(format!("to {chat}")))) {
                return texts;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let texts = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
    assert!(!texts.contains(&json!("before")), "{texts:?}");
    ann.delete(&format!("/chats/{other}/members/{id}")).await.expect(204);
    ann.post_text(other, "after").await;
    ann.post_text(api.chat, "last").await;
    let told = async {
        loop {
            let asked = program.asked();
            if asked.iter().any(|asked| asked.json()["data"]["content"] == "last") {
                return asked;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
    assert!(!told.iter().any(|asked| asked.json()["data"]["content"] == "after"));
}

#[tokio::test]
async fn waiting_deliveries_survive_a_restart_and_old_ones_are_deleted() {
    let api = Api::new().await;
    api.program.says(Answer::new(500, ""));
    api.ann.post_text(api.chat, "Hello").await;
    api.delivery(|delivery| delivery["status"] == 500).await;
    let server = api.server.restart().await;
    server.clock.advance(Duration::from_secs(5));
    let asked = api.program.until_asked(2).await;
    assert_eq!(asked[0].header("webhook-id"), asked[1].header("webhook-id"));
    let ann = Person { url: server.url.clone(), ..api.ann };
    let path = format!("/outgoing-webhooks/{}/deliveries", api.hook["id"]);
    let done = async {
        while ann.get(&path).await.expect(200)[0]["state"] != "delivered" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();
    server.clock.advance(Duration::from_secs(7 * 24 * 3_600 + 60));
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.count("SELECT COUNT(*) FROM webhook_delivery").await, 0);
}
