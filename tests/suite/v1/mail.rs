//! How mail is sent: what happens when the mail server refuses, and how addresses are written and told apart.

use std::time::Duration;

use besedka::messenger::Registration;
use serde_json::{Value, json};

use crate::others::{MailServer, code_in};
use crate::server::{PASSWORD, Reply, TestServer};

struct Api {
    server: TestServer,
    mail: MailServer,
}

impl Api {
    async fn new() -> Self {
        Self::with(MailServer::start().await, &[]).await
    }

    async fn with(mail: MailServer, flags: &[&str]) -> Self {
        let own = [
            "--rate-limits",
            "off",
            "--language",
            "en",
            "--smtp-url",
            &mail.url,
            "--mail-from",
            "chat@example.org",
        ];
        Self { server: TestServer::with(&[&own, flags].concat()).await, mail }
    }

    async fn ask_for_code(&self, address: &str) -> Reply {
        self.server.nobody().post("/auth/codes", json!({"email": address})).await
    }

    async fn sign_in(&self, address: &str, code: &str) -> Reply {
        self.server.nobody().post("/auth/codes/login", json!({"email": address, "code": code})).await
    }

    fn code(&self) -> String {
        let letter = self.mail.letters().pop().expect("a letter");
        code_in(letter.split_once("\r\n\r\n").unwrap().1)
    }

    /// Lets time pass and due jobs run until there are so many letters.
    async fn has_letters(&self, count: usize) {
        for _ in 0..2_000 {
            if self.mail.letters().len() == count {
                return;
            }
            self.server.running.messenger.run_due_jobs().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("there are {} letters, not {count}", self.mail.letters().len());
    }

    async fn waiting(&self) -> i64 {
        self.server.count("SELECT COUNT(*) FROM outgoing_mail").await
    }

    async fn nothing_waits(&self) {
        for _ in 0..2_000 {
            if self.waiting().await == 0 {
                return;
            }
            self.server.running.messenger.run_due_jobs().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} letters wait", self.waiting().await);
    }
}

#[tokio::test]
async fn a_code_that_is_refused_for_now_is_sent_later() {
    let api = Api::new().await;
    api.mail.refuses(Some("450 4.2.0 greylisted, come back later"));
    api.ask_for_code("ann@example.com").await.expect(200);
    assert_eq!((api.mail.letters().len(), api.waiting().await), (0, 1));
    api.mail.refuses(None);
    api.server.clock.advance(Duration::from_secs(30));
    api.has_letters(1).await;
    api.sign_in("ann@example.com", &api.code()).await.expect(201);
    api.nothing_waits().await;
}

#[tokio::test]
async fn a_code_waits_while_the_mail_server_is_away_and_across_a_restart() {
    // Nobody listens at this port.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("smtp://{closed}");
    let flags =
        ["--rate-limits", "off", "--language", "en", "--smtp-url", &url, "--mail-from", "chat@example.org"];
    let server = TestServer::with(&flags).await;
    server.nobody().post("/auth/codes", json!({"email": "ann@example.com"})).await.expect(200);
    assert_eq!(server.count("SELECT COUNT(*) FROM outgoing_mail").await, 1);
    let server = server.restart().await;
    let mail = MailServer::at(&closed.to_string()).await;
    server.clock.advance(Duration::from_secs(60));
    let api = Api { server, mail };
    api.has_letters(1).await;
    api.sign_in("ann@example.com", &api.code()).await.expect(201);
}

#[tokio::test]
async fn only_the_newest_code_of_an_address_waits_and_no_longer_than_it_is_valid() {
    let api = Api::new().await;
    api.mail.refuses(Some("451 4.3.0 try again"));
    api.ask_for_code("ann@example.com").await.expect(200);
    api.ask_for_code("Ann@Example.com").await.expect(200);
    assert_eq!(api.waiting().await, 1);
    for _ in 0..12 {
        api.server.clock.advance(Duration::from_secs(60));
        api.server.running.messenger.run_due_jobs().await;
    }
    api.nothing_waits().await;
    assert_eq!(api.mail.letters().len(), 0);
}

#[tokio::test]
async fn a_code_that_is_refused_for_good_is_told_and_not_counted() {
    let api = Api::new().await;
    api.mail.refuses(Some("550 5.1.1 no such user"));
    for _ in 0..5 {
        let refused = api.ask_for_code("ann@example.com").await.refused(502, "bad_gateway");
        assert!(refused["detail"].as_str().unwrap().contains("address"), "{refused}");
    }
    assert_eq!(api.waiting().await, 0);
    api.mail.refuses(None);
    api.ask_for_code("ann@example.com").await.expect(200);
}

#[tokio::test]
async fn where_registration_is_closed_members_are_answered_like_strangers() {
    let api = Api::with(MailServer::start().await, &["--registration", "closed"]).await;
    let operator = api.server.beside().await;
    let email = Some("ann@example.com".to_owned());
    let ann = Registration { email, password: PASSWORD.to_owned(), ..Registration::default() };
    operator.add_user(ann).await.unwrap();
    operator.close().await;
    api.mail.refuses(Some("550 5.1.1 no such user"));
    let stranger = api.ask_for_code("eve@example.com").await.expect(200);
    assert_eq!(api.ask_for_code("ann@example.com").await.expect(200), stranger);
    api.nothing_waits().await;
    api.mail.refuses(None);
    api.ask_for_code("ann@example.com").await.expect(200);
    api.has_letters(1).await;
}

#[tokio::test]
async fn a_code_in_the_queue_cannot_be_read_in_the_database() {
    let api = Api::new().await;
    api.mail.refuses(Some("450 later"));
    api.ask_for_code("ann@example.com").await.expect(200);
    let readable = "SELECT COUNT(*) FROM outgoing_mail WHERE sealed LIKE '%Besedka%'";
    assert_eq!(api.server.count(readable).await, 0);
}

#[tokio::test]
async fn domains_are_written_in_a_labels() {
    let api = Api::new().await;
    api.ask_for_code("Анна@Пример.рф").await.refused(502, "bad_gateway");
    api.ask_for_code("ann@Пример.рф").await.expect(200);
    let letter = api.mail.letters().pop().unwrap();
    assert!(letter.contains("RCPT TO:<ann@xn--e1afmkfd.xn--p1ai>"), "{letter}");
    assert!(letter.contains("\r\nTo: ann@xn--e1afmkfd.xn--p1ai\r\n"), "{letter}");
    assert!(letter.lines().take_while(|line| !line.is_empty()).all(str::is_ascii), "{letter}");
}

#[tokio::test]
async fn an_address_is_one_however_its_domain_is_written() {
    let api = Api::new().await;
    let register = async |email: &str, name: &str| {
        let body = json!({"email": email, "password": PASSWORD, "display_name": name});
        api.server.nobody().post("/auth/register", body).await
    };
    register("ann@пример.рф", "Ann").await.expect(201);
    for same in ["ann@xn--e1afmkfd.xn--p1ai", "ANN@ПРИМЕР.РФ", "Ann@XN--E1AFMKFD.xn--p1ai"] {
        register(same, "Eve").await.refused(400, "taken");
        let login = json!({"email": same, "password": PASSWORD});
        api.server.nobody().post("/auth/login", login).await.expect(200);
    }
    api.ask_for_code("ann@xn--e1afmkfd.xn--p1ai").await.expect(200);
    let user = api.sign_in("ann@пример.рф", &api.code()).await.expect(201)["user"].clone();
    assert_eq!((&user["email"], &user["display_name"]), (&json!("ann@пример.рф"), &json!("Ann")));
}

#[tokio::test]
async fn an_address_of_an_earlier_version_is_found_after_the_start() {
    let api = Api::new().await;
    let body = json!({"email": "ann@müller.de", "password": PASSWORD, "display_name": "Ann"});
    api.server.nobody().post("/auth/register", body).await.expect(201);
    api.server.change("UPDATE user SET email_folded = 'ann@muller.de'").await;
    let login = json!({"email": "ann@xn--mller-kva.de", "password": PASSWORD});
    api.server.nobody().post("/auth/login", login.clone()).await.refused(401, "wrong_password");
    let server = api.server.restart().await;
    server.nobody().post("/auth/login", login).await.expect(200);
}

#[tokio::test]
async fn an_address_that_cannot_be_is_refused_at_once() {
    let api = Api::new().await;
    for wrong in ["ann@example..org", "ann@-example.org", "a..n@example.org", "ann@exa mple.org", "ann@[::1]"]
    {
        let refused = api.ask_for_code(wrong).await.refused(400, "invalid");
        assert!(refused["detail"].as_str().unwrap().starts_with("email"), "{refused}");
        let body = json!({"email": wrong, "password": PASSWORD, "display_name": "Ann"});
        api.server.nobody().post("/auth/register", body).await.refused(400, "invalid");
    }
    assert!(api.mail.greetings().is_empty());
}

#[tokio::test]
async fn mail_servers_are_greeted_by_the_public_name() {
    let flags = ["--public-url", "https://чат.example.org/talk"];
    let api = Api::with(MailServer::start().await, &flags).await;
    api.ask_for_code("ann@example.com").await.expect(200);
    assert_eq!(api.mail.greetings(), ["xn--80a0bn.example.org"]);
    let api = Api::new().await;
    api.ask_for_code("ann@example.com").await.expect(200);
    assert_eq!(api.mail.greetings(), ["example.org"]);
}

#[tokio::test]
async fn a_mail_server_may_have_an_address_of_ipv6() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        crate::skip::skip("there is no IPv6 here");
        return;
    }
    let api = Api::with(MailServer::at("[::1]:0").await, &[]).await;
    assert!(api.mail.url.starts_with("smtp://[::1]:"));
    api.ask_for_code("ann@example.com").await.expect(200);
    assert_eq!(api.mail.letters().len(), 1);
}

#[tokio::test]
async fn an_account_can_demand_a_proved_address_first() {
    let api = Api::with(MailServer::start().await, &["--registration", "verified"]).await;
    let nobody = api.server.nobody();
    let body = |code: Value| json!({"email": "ann@example.com", "password": PASSWORD, "display_name": "Ann", "email_code": code});
    let names = |refused: Value, field: &str| {
        assert!(refused["detail"].as_str().unwrap().starts_with(field), "{refused}");
    };
    names(nobody.post("/auth/register", body(Value::Null)).await.refused(400, "invalid"), "email_code");
    let by_name = json!({"username": "ann", "password": PASSWORD, "display_name": "Ann"});
    names(nobody.post("/auth/register", by_name).await.refused(400, "invalid"), "email");
    nobody.post("/auth/register", body(json!("000000"))).await.refused(400, "wrong_code");
    api.ask_for_code("ann@example.com").await.expect(200);
    let code = api.code();
    let other =
        json!({"email": "bob@example.com", "password": PASSWORD, "display_name": "Bob", "email_code": code});
    nobody.post("/auth/register", other).await.refused(400, "wrong_code");
    nobody.post("/auth/register", body(json!(code))).await.expect(201);
    nobody.post("/auth/register", body(json!(code))).await.refused(400, "wrong_code");
    // The address counts as proved: a code says nothing of earlier access.
    api.ask_for_code("ann@example.com").await.expect(200);
    let reply = api.sign_in("ann@example.com", &api.code()).await.expect(201);
    assert_eq!(reply["earlier_access"], Value::Null);
    // The other APIs too, and signing in by a code makes an account.
    for (path, body) in [
        ("/kyte/auth/register", json!({"email": "eve@example.com", "password": PASSWORD})),
        ("/mimu/auth/register", json!({"email": "eve@example.com", "password": PASSWORD})),
        (
            "/desktop/api/auth/register",
            json!({"username": "eve", "email": "eve@example.com", "password": PASSWORD}),
        ),
    ] {
        let sent = nobody.http.post(format!("{}{path}", api.server.url)).json(&body).send().await.unwrap();
        let status = sent.status();
        let text = sent.text().await.unwrap();
        assert!(status == 400 && text.contains("code"), "{path}: {status} {text}");
    }
    api.ask_for_code("eve@example.com").await.expect(200);
    api.sign_in("eve@example.com", &api.code()).await.expect(201);
}
