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
struct World {
    server: TestServer,
    gateway: Other,
}

impl World {
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
    let world = World::new().await;
    let sent = world.server.nobody().post("/auth/codes", json!({"phone": "8 (999) 123-45-67"})).await;
    assert_eq!(sent.expect(200), json!({"expires_in": 600}));
    let asked = world.gateway.asked().pop().unwrap();
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

    let reply = world.sign_in(&code).await.expect(201);
    let user = &reply["user"];
    assert_eq!(
        (&user["phone"], &user["email"], &user["username"]),
        (&json!(PHONE), &Value::Null, &Value::Null)
    );
    assert_eq!(user["display_name"], "User 4567");
    let anna = somebody(&world.server, &reply);
    assert_eq!(anna.get("/users/me").await.expect(200)["id"], user["id"]);

    let code = world.sent().await;
    let again = world.sign_in(&code).await.expect(201);
    assert_eq!(again["user"]["id"], user["id"], "a number is somebody's");
    world.sign_in(&code).await.refused(400, "wrong_code");
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
    let world = World::new().await;
    for _ in 0..3 {
        world.send().await.expect(200);
        world.server.clock.advance(Duration::from_secs(60));
    }
    let refused = world.send().await;
    assert_eq!(refused.header("retry-after"), (60 * 57).to_string());
    refused.refused(429, "too_many_requests");
    assert_eq!(world.gateway.asked().len(), 3);

    let World { server, gateway } = world;
    let world = World { server: server.restart().await, gateway };
    world.send().await.refused(429, "too_many_requests");
    world.server.nobody().post("/auth/codes", json!({"phone": "+79990000000"})).await.expect(200);
    world.server.clock.advance(Duration::from_secs(57 * 60));
    world.send().await.expect(200);
    world.send().await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn only_the_newest_code_counts() {
    let world = World::new().await;
    let first = world.sent().await;
    let second = world.sent().await;
    if first != second {
        world.sign_in(&first).await.refused(400, "wrong_code");
    }
    world.sign_in(&second).await.expect(201);
}

#[tokio::test]
async fn five_wrong_tries_end_a_code_wherever_they_are_made() {
    let world = World::new().await;
    let code = world.sent().await;
    for left in [4, 3, 2] {
        let detail = world.sign_in(&wrong(&code)).await.refused(400, "wrong_code")["detail"].clone();
        assert!(detail.as_str().unwrap().contains(&left.to_string()), "{detail}");
    }
    let nobody = world.server.nobody();
    for _ in 0..2 {
        let body = json!({"phone": PHONE, "code": wrong(&code), "new_password": "password456"});
        nobody.post("/auth/codes/password", body).await.refused(400, "wrong_code");
    }
    world.sign_in(&code).await.refused(400, "wrong_code");
    let code = world.sent().await;
    world.sign_in(&code).await.expect(201);
}

#[tokio::test]
async fn many_tries_at_once_are_as_many_tries() {
    let world = World::new().await;
    let code = world.sent().await;
    let wrong = wrong(&code);
    let tries = futures_util::future::join_all((0..20).map(|_| world.sign_in(&wrong))).await;
    let left = |reply: &Reply| reply.body["detail"].as_str().unwrap().contains("left");
    assert_eq!(tries.iter().filter(|reply| left(reply)).count(), 4, "the fifth ends it");
    world.sign_in(&code).await.refused(400, "wrong_code");
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let world = World::new().await;
    let code = world.sent().await;
    world.server.clock.advance(Duration::from_secs(10 * 60 - 1));
    world.sign_in(&code).await.expect(201);
    let code = world.sent().await;
    world.server.clock.advance(Duration::from_secs(10 * 60));
    world.sign_in(&code).await.refused(400, "wrong_code");
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
    let world = World::new().await;
    world.gateway.always_says(Answer::new(500, "no"));
    for _ in 0..5 {
        world.send().await.refused(502, "bad_gateway");
    }
    world.gateway.always_says(Answer::new(204, ""));
    let code = world.sent().await;
    world.sign_in(&code).await.expect(201);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_all_sessions_end() {
    let world = World::new().await;
    let code = world.sent().await;
    let anna = somebody(&world.server, &world.sign_in(&code).await.expect(201));
    let nobody = world.server.nobody();
    let login = |password: &str| {
        let body = json!({"username": PHONE, "password": password});
        nobody.post("/auth/login", body)
    };
    login("").await.refused(401, "wrong_password");

    let code = world.sent().await;
    let body = |password: &str| json!({"phone": PHONE, "code": code, "new_password": password});
    nobody.post("/auth/codes/password", body("short")).await.refused(400, "invalid");
    assert_eq!(nobody.post("/auth/codes/password", body(PASSWORD)).await.status, 204);
    anna.get("/users/me").await.refused(401, "session_ended");
    login(PASSWORD).await.expect(200);
    nobody.post("/auth/codes/password", body("password456")).await.refused(400, "wrong_code");
}

#[tokio::test]
async fn where_nobody_comes_in_anew_a_stranger_gets_no_code() {
    let world = World::with(&["--registration", "closed"]).await;
    assert_eq!(world.send().await.expect(200), json!({"expires_in": 600}));
    assert!(world.gateway.asked().is_empty());
}

#[tokio::test]
async fn where_one_comes_by_invitation_a_code_alone_does_not_do() {
    let world = World::with(&["--registration", "invite"]).await;
    let code = world.sent().await;
    world.sign_in(&code).await.refused(400, "invalid");
    let invite = world.server.beside().await.invite(Duration::from_secs(60)).await.unwrap();
    let body = json!({"phone": PHONE, "code": code, "invite_code": invite});
    sign_in(&world.server, body).await.expect(201);
}
