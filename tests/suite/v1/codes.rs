//! `/auth/codes`: signing in, and getting back in, by a code.

use std::time::Duration;

use aws_lc_rs::hmac;
use besedka::messenger::Contact;
use besedka::model::Language;
use serde_json::{Value, json};

use crate::others::{Answer, MailServer, Other, code_in};
use crate::server::{PASSWORD, Person, Reply, TestServer};

const SECRET: &str = "a secret of two";
const PHONE: &str = "+79991234567";

/// A server with a gateway for short messages.
struct Api {
    server: TestServer,
    gateway: Other,
}

impl Api {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(flags: &[&str]) -> Self {
        let gateway = Other::saying(Answer::new(200, "")).await;
        let url = format!("{}/send?key=1", gateway.url);
        let own = ["--rate-limits", "off", "--sms-webhook", &url, "--sms-secret", SECRET];
        let server = TestServer::with(&[&own, flags].concat()).await;
        Self { server, gateway }
    }

    async fn send(&self) -> Reply {
        self.server.nobody().post("/auth/codes", json!({"phone": PHONE})).await
    }

    /// The newest code.
    async fn sent(&self) -> String {
        self.send().await.expect(200);
        self.gateway.asked().last().unwrap().json()["code"].as_str().unwrap().to_owned()
    }

    async fn sign_in(&self, code: &str) -> Reply {
        sign_in(&self.server, json!({"phone": PHONE, "code": code})).await
    }
}

async fn sign_in(server: &TestServer, body: Value) -> Reply {
    server.nobody().post("/auth/codes/login", body).await
}

/// Another code.
fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

fn somebody(server: &TestServer, reply: &Value) -> Person {
    Person { id: reply["user"]["id"].as_i64().unwrap(), ..server.nobody() }.with(&reply["tokens"])
}

#[tokio::test]
async fn a_code_comes_by_sms_and_signs_in_who_is_new() {
    let api = Api::new().await;
    let sent = api.server.nobody().post("/auth/codes", json!({"phone": "8 (999) 123-45-67"})).await;
    assert_eq!(sent.expect(200), json!({"expires_in": 600}));
    let asked = api.gateway.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/send?key=1"));
    let (body, code) = (asked.json(), code_in(&asked.text.replace(PHONE, "")));
    assert_eq!((&body["phone"], &body["code"]), (&json!(PHONE), &json!(code)));
    assert!(body["text"].as_str().unwrap().contains(&code), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 3);

    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = format!("{}.{}", asked.header("besedka-timestamp"), asked.text);
    let signature = hmac::sign(&key, signed.as_bytes());
    let signature: String = signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(asked.header("besedka-signature"), format!("sha256={signature}"));

    let reply = api.sign_in(&code).await.expect(201);
    let user = &reply["user"];
    assert_eq!(
        (&user["phone"], &user["email"], &user["username"]),
        (&json!(PHONE), &Value::Null, &Value::Null)
    );
    assert_eq!(user["display_name"], "User 4567");
    let anna = somebody(&api.server, &reply);
    assert_eq!(anna.get("/users/me").await.expect(200)["id"], user["id"]);

    let code = api.sent().await;
    let again = api.sign_in(&code).await.expect(201);
    assert_eq!(again["user"]["id"], user["id"], "a number is somebody's");
    api.sign_in(&code).await.refused(400, "wrong_code");
}

#[tokio::test]
async fn a_code_comes_by_mail_in_the_readers_language() {
    let mail = MailServer::start().await;
    let flags =
        ["--rate-limits", "off", "--smtp-url", &mail.url, "--mail-from", "Besedka <chat@example.org>"];
    let server = TestServer::with(&flags).await;
    let request = server.nobody().request(reqwest::Method::POST, "/auth/codes");
    let request = request.header("Idempotency-Key", "a").header("Accept-Language", "en-US,en;q=0.9");
    let sent = request.json(&json!({"email": "Ann@Example.com"})).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let letter = mail.letters().pop().unwrap();
    assert!(letter.contains("RCPT TO:<Ann@Example.com>") && letter.contains("Besedka"), "{letter}");
    assert!(letter.contains("is your code for Besedka"), "{letter}");
    let (_, text) = letter.split_once("\r\n\r\n").unwrap();
    let body = json!({"email": "ann@example.com", "code": code_in(text), "display_name": "Ann"});
    let user = sign_in(&server, body).await.expect(201)["user"].clone();
    assert_eq!((&user["email"], &user["display_name"]), (&json!("ann@example.com"), &json!("Ann")));
}

#[tokio::test]
async fn whoever_has_a_password_may_come_by_a_code_too() {
    let mail = MailServer::start().await;
    let flags = ["--rate-limits", "off", "--smtp-url", &mail.url, "--mail-from", "chat@example.org"];
    let server = TestServer::with(&flags).await;
    let anna = server.person("anna").await;
    let to = Contact::email("ANNA@example.com").unwrap();
    let visitor = server.running.messenger.visitor([127, 0, 0, 1].into());
    visitor.send_code(&to, Language::English).await.unwrap();
    let letter = mail.letters().pop().unwrap();
    let code = code_in(letter.split_once("\r\n\r\n").unwrap().1);
    let reply = sign_in(&server, json!({"email": "anna@example.com", "code": code})).await.expect(201);
    assert_eq!(reply["user"]["id"], anna.id);
}

#[tokio::test]
async fn three_codes_are_sent_within_an_hour_also_by_a_server_that_was_started_again() {
    let api = Api::new().await;
    for _ in 0..3 {
        api.send().await.expect(200);
        api.server.clock.advance(Duration::from_secs(60));
    }
    let refused = api.send().await;
    assert_eq!(refused.header("retry-after"), (60 * 57).to_string());
    refused.refused(429, "too_many_requests");
    assert_eq!(api.gateway.asked().len(), 3);

    let Api { server, gateway } = api;
    let api = Api { server: server.restart().await, gateway };
    api.send().await.refused(429, "too_many_requests");
    api.server.nobody().post("/auth/codes", json!({"phone": "+79990000000"})).await.expect(200);
    api.server.clock.advance(Duration::from_secs(57 * 60));
    api.send().await.expect(200);
    api.send().await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn only_the_newest_code_counts() {
    let api = Api::new().await;
    let first = api.sent().await;
    let second = api.sent().await;
    if first != second {
        api.sign_in(&first).await.refused(400, "wrong_code");
    }
    api.sign_in(&second).await.expect(201);
}

#[tokio::test]
async fn five_wrong_tries_end_a_code_wherever_they_are_made() {
    let api = Api::new().await;
    let code = api.sent().await;
    for left in [4, 3, 2] {
        let detail = api.sign_in(&wrong(&code)).await.refused(400, "wrong_code")["detail"].clone();
        assert!(detail.as_str().unwrap().contains(&left.to_string()), "{detail}");
    }
    let nobody = api.server.nobody();
    for _ in 0..2 {
        let body = json!({"phone": PHONE, "code": wrong(&code), "new_password": "password456"});
        nobody.post("/auth/codes/password", body).await.refused(400, "wrong_code");
    }
    api.sign_in(&code).await.refused(400, "wrong_code");
    let code = api.sent().await;
    api.sign_in(&code).await.expect(201);
}

#[tokio::test]
async fn many_tries_at_once_are_as_many_tries() {
    let api = Api::new().await;
    let code = api.sent().await;
    let wrong = wrong(&code);
    let tries = futures_util::future::join_all((0..20).map(|_| api.sign_in(&wrong))).await;
    let left = |reply: &Reply| reply.body["detail"].as_str().unwrap().contains("left");
    assert_eq!(tries.iter().filter(|reply| left(reply)).count(), 4, "the fifth ends it");
    api.sign_in(&code).await.refused(400, "wrong_code");
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let api = Api::new().await;
    let code = api.sent().await;
    api.server.clock.advance(Duration::from_secs(10 * 60 - 1));
    api.sign_in(&code).await.expect(201);
    let code = api.sent().await;
    api.server.clock.advance(Duration::from_secs(10 * 60));
    api.sign_in(&code).await.refused(400, "wrong_code");
}

#[tokio::test]
async fn without_a_way_to_send_it_the_server_says_so() {
    let server = TestServer::start().await;
    for body in [json!({"phone": PHONE}), json!({"email": "ann@example.com"})] {
        server.nobody().post("/auth/codes", body).await.refused(503, "not_configured");
    }
    for body in [
        json!({}),
        json!({"phone": "12"}),
        json!({"email": "ann"}),
        json!({"email": "a@b.c", "phone": PHONE}),
    ] {
        server.nobody().post("/auth/codes", body).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn what_the_gateway_refused_is_not_counted() {
    let api = Api::new().await;
    api.gateway.always_says(Answer::new(500, "no"));
    for _ in 0..5 {
        api.send().await.refused(502, "bad_gateway");
    }
    api.gateway.always_says(Answer::new(204, ""));
    let code = api.sent().await;
    api.sign_in(&code).await.expect(201);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_all_sessions_end() {
    let api = Api::new().await;
    let code = api.sent().await;
    let anna = somebody(&api.server, &api.sign_in(&code).await.expect(201));
    let nobody = api.server.nobody();
    let login = |password: &str| {
        let body = json!({"username": PHONE, "password": password});
        nobody.post("/auth/login", body)
    };
    login("").await.refused(401, "wrong_password");

    let code = api.sent().await;
    let body = |password: &str| json!({"phone": PHONE, "code": code, "new_password": password});
    nobody.post("/auth/codes/password", body("short")).await.refused(400, "invalid");
    assert_eq!(nobody.post("/auth/codes/password", body(PASSWORD)).await.status, 204);
    anna.get("/users/me").await.refused(401, "session_ended");
    login(PASSWORD).await.expect(200);
    nobody.post("/auth/codes/password", body("password456")).await.refused(400, "wrong_code");
}

#[tokio::test]
async fn where_nobody_comes_in_anew_a_stranger_gets_no_code() {
    let api = Api::with(&["--registration", "closed"]).await;
    assert_eq!(api.send().await.expect(200), json!({"expires_in": 600}));
    assert!(api.gateway.asked().is_empty());
}

#[tokio::test]
async fn where_one_comes_by_invitation_a_code_alone_does_not_do() {
    let api = Api::with(&["--registration", "invite"]).await;
    let code = api.sent().await;
    api.sign_in(&code).await.refused(400, "invalid");
    let invite = api.server.beside().await.invite(Duration::from_secs(60)).await.unwrap();
    let body = json!({"phone": PHONE, "code": code, "invite_code": invite});
    sign_in(&api.server, body).await.expect(201);
}
