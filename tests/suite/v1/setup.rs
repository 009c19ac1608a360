//! The first start: the administrator's link, and who may register.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};

use crate::others::{MailServer, code_in};
use crate::server::{PASSWORD, Person, Reply, TestServer, fields};

fn account(name: &str) -> Value {
    json!({"username": name, "password": PASSWORD, "display_name": name})
}

async fn set_up(server: &TestServer, token: &str, name: &str) -> Reply {
    let mut body = account(name);
    body["token"] = json!(token);
    server.nobody().post("/auth/setup", body).await
}

async fn check(server: &TestServer, token: &str) -> Reply {
    server.nobody().post("/auth/setup/check", json!({"token": token})).await
}

async fn registration(server: &TestServer, name: &str) -> Reply {
    server.nobody().post("/auth/register", account(name)).await
}

fn signed_in(server: &TestServer, reply: &Value) -> Person {
    server.nobody().with(&reply["tokens"])
}

#[tokio::test]
async fn nobody_administers_by_being_first() {
    let server = TestServer::start().await;
    for name in ["first", "second"] {
        assert_eq!(registration(&server, name).await.expect(201)["user"]["is_admin"], false);
    }
    let operator = server.beside().await;
    let added = besedka::messenger::Registration {
        username: Some("third".to_owned()),
        password: PASSWORD.to_owned(),
        ..Default::default()
    };
    assert!(!operator.add_user(added).await.unwrap().is_admin);
    operator.close().await;
}

#[tokio::test]
async fn the_link_makes_one_administrator_and_works_once() {
    let server = TestServer::start().await;
    registration(&server, "stranger").await.expect(201);
    let token = server.setup_token().unwrap();
    let offered = check(&server, &token).await.expect(200);
    assert_eq!(offered, json!({"registration": "open", "is_fixed": false, "sends_mail": false}));
    let (one, other) = join(set_up(&server, &token, "ann"), set_up(&server, &token, "bob")).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let made = if one.status == 201 { one } else { other }.expect(201);
    assert_eq!(fields(&made), ["user", "tokens"]);
    assert_eq!(made["user"]["is_admin"], true);
    signed_in(&server, &made).get("/admin/users").await.expect(200);
    set_up(&server, &token, "eve").await.refused(409, "conflict");
    check(&server, &token).await.refused(409, "conflict");
    let operator = server.beside().await;
    assert!(operator.setup_token().await.unwrap().is_none());
    operator.close().await;
    let server = server.restart().await;
    assert_eq!(server.setup_token(), None, "a server with an administrator prints no link");
}

#[tokio::test]
async fn a_link_that_is_wrong_or_late_does_nothing_and_another_can_be_had() {
    let server = TestServer::start().await;
    let token = server.setup_token().unwrap();
    let (until, signature) = token.split_once('-').unwrap();
    let longer = format!("{:x}-{signature}", i64::from_str_radix(until, 16).unwrap() + 1);
    for wrong in
        ["", "-", "a-b", until, &longer, &format!("{token}a"), &format!("{until}-{}", "A".repeat(32))]
    {
        set_up(&server, wrong, "ann").await.refused(403, "forbidden");
        check(&server, wrong).await.refused(403, "forbidden");
    }
    server.clock.advance(Duration::from_secs(24 * 3_600));
    set_up(&server, &token, "ann").await.refused(403, "forbidden");
    let operator = server.beside().await;
    let another = operator.setup_token().await.unwrap().unwrap();
    operator.close().await;
    assert_ne!(another.token, token);
    let server = server.restart().await;
    assert!(server.setup_token().is_some(), "a restart prints one, too");
    set_up(&server, &another.token, "a").await.refused(400, "invalid");
    assert_eq!(set_up(&server, &another.token, "ann").await.expect(201)["user"]["username"], "ann");
}

#[tokio::test]
async fn guesses_are_limited() {
    let server = TestServer::with(&[]).await;
    for _ in 0..10 {
        check(&server, "1-a").await.refused(403, "forbidden");
    }
    check(&server, "1-a").await.refused(429, "too_many_requests");
    set_up(&server, &server.setup_token().unwrap(), "ann").await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn who_may_register_is_chosen_there_and_later() {
    let server = TestServer::start().await;
    let mut body = account("ann");
    body["token"] = json!(server.setup_token().unwrap());
    body["registration"] = json!("mail");
    server.nobody().post("/auth/setup", body.clone()).await.refused(400, "invalid");
    body["registration"] = json!("closed");
    let made = server.nobody().post("/auth/setup", body).await.expect(201);
    let ann = signed_in(&server, &made);
    registration(&server, "bob").await.refused(403, "registration_closed");
    let server = server.restart().await;
    registration(&server, "bob").await.refused(403, "registration_closed");
    let ann = Person { url: server.url.clone(), ..ann };
    let setting = ann.get("/admin/registration").await.expect(200);
    assert_eq!(setting, json!({"registration": "closed", "is_fixed": false, "sends_mail": false}));
    ann.put("/admin/registration", json!({"registration": "open"})).await.expect(204);
    let bob = signed_in(&server, &registration(&server, "bob").await.expect(201));
    bob.get("/admin/registration").await.refused(403, "forbidden");
    bob.put("/admin/registration", json!({"registration": "closed"})).await.refused(403, "forbidden");
    ann.put("/admin/registration", json!({"registration": "sometimes"})).await.refused(400, "invalid");
    ann.put("/admin/registration", json!({"registration": "invite"})).await.expect(204);
    let refusal = registration(&server, "eve").await.refused(400, "invalid");
    assert!(refusal["detail"].as_str().unwrap().starts_with("invite_code"), "{refusal}");
}

#[tokio::test]
async fn the_command_line_overrides_what_was_chosen() {
    let server = TestServer::with(&["--rate-limits", "off", "--registration", "closed"]).await;
    let token = server.setup_token().unwrap();
    let offered = check(&server, &token).await.expect(200);
    assert_eq!((&offered["registration"], &offered["is_fixed"]), (&json!("closed"), &json!(true)));
    let mut body = account("ann");
    (body["token"], body["registration"]) = (json!(token), json!("open"));
    server.nobody().post("/auth/setup", body.clone()).await.refused(400, "invalid");
    body["registration"] = json!("closed");
    let ann = signed_in(&server, &server.nobody().post("/auth/setup", body).await.expect(201));
    ann.put("/admin/registration", json!({"registration": "open"})).await.refused(400, "invalid");
    registration(&server, "bob").await.refused(403, "registration_closed");
}

#[tokio::test]
async fn by_mail_an_account_needs_a_proved_address() {
    let mail = MailServer::start().await;
    let flags =
        ["--rate-limits", "off", "--language", "en", "--smtp-url", &mail.url, "--mail-from", "b@example.org"];
    let server = TestServer::with(&[&flags[..], &["--registration", "mail"]].concat()).await;
    server.person("ann").await;
    registration(&server, "bob").await.refused(400, "invalid");
    server.nobody().post("/auth/codes", json!({"email": "bob@example.org"})).await.expect(200);
    let code = code_in(mail.letters().pop().unwrap().split_once("\r\n\r\n").unwrap().1);
    let body = json!({"email": "bob@example.org", "code": code});
    let reply = server.nobody().post("/auth/codes/login", body).await.expect(201);
    assert_eq!(
        (&reply["user"]["email"], &reply["user"]["is_admin"]),
        (&json!("bob@example.org"), &json!(false))
    );
}
