//! Changing the e-mail address, and proving one: what leads to a password needs more than an access token.

use besedka::messenger::Contact;
use besedka::model::Language;
use serde_json::{Value, json};

use crate::others::{MailServer, code_in};
use crate::server::{PASSWORD, Person, TestServer};

struct Api {
    server: TestServer,
    mail: MailServer,
}

impl Api {
    async fn new() -> Self {
        let mail = MailServer::start().await;
        let flags = ["--rate-limits", "off", "--smtp-url", &mail.url, "--mail-from", "chat@example.org"];
        Self { server: TestServer::with(&flags).await, mail }
    }

    /// The newest code that was sent to an address.
    fn code_to(&self, address: &str) -> String {
        let recipient = format!("RCPT TO:<{address}>");
        let letters = self.mail.letters();
        let letter = letters.iter().rev().find(|letter| letter.contains(&recipient)).expect("a letter");
        code_in(letter.split_once("\r\n\r\n").unwrap().1)
    }

    async fn send_code(&self, address: &str) -> String {
        let visitor = self.server.running.messenger.visitor([127, 0, 0, 1].into());
        visitor.send_code(&Contact::email(address).unwrap(), Language::English).await.unwrap();
        self.code_to(address)
    }

    async fn by_code(&self, address: &str) -> Value {
        let code = self.send_code(address).await;
        self.server
            .nobody()
            .post("/auth/codes/login", json!({"email": address, "code": code}))
            .await
            .expect(201)
    }

    /// Waits for a letter to an address that says this.
    async fn is_told(&self, address: &str, words: &str) {
        let recipient = format!("RCPT TO:<{address}>");
        for _ in 0..2_000 {
            let letters = self.mail.letters();
            if letters.iter().any(|letter| letter.contains(&recipient) && letter.contains(words)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("no letter to {address} says {words:?}: {:?}", self.mail.letters());
    }
}

#[tokio::test]
async fn a_token_alone_does_not_change_the_address() {
    let api = Api::new().await;
    let anna = api.server.person("anna").await;
    let change = json!({"email": "new@example.com"});
    let refused = anna.put("/users/me", change.clone()).await.refused(400, "invalid");
    assert!(refused["detail"].as_str().unwrap().starts_with("password"), "{refused}");
    let wrong = json!({"email": "new@example.com", "password": "not the password"});
    anna.put("/users/me", wrong).await.refused(400, "invalid");
    let wrong = json!({"email": "new@example.com", "code": "000000"});
    anna.put("/users/me", wrong).await.refused(400, "wrong_code");
    assert!(api.mail.letters().is_empty(), "no code is sent before that");

    let program = anna.with_token(&["account", "read", "write"]).await;
    let change = json!({"email": "new@example.com", "password": PASSWORD});
    program.put("/users/me", change).await.refused(403, "forbidden");
    let passwords = json!({"old_password": PASSWORD, "new_password": "another password"});
    program.put("/users/me/password", passwords).await.refused(403, "forbidden");
    assert_eq!(anna.get("/users/me").await.expect(200)["email"], "anna@example.com");
}

#[tokio::test]
async fn a_new_address_counts_when_its_code_came_back_and_the_old_one_is_told() {
    let api = Api::new().await;
    let anna = api.server.person("anna").await;
    anna.put("/users/me", json!({"language": "en"})).await.expect(200);
    let body = json!({"email": "new@example.com", "password": PASSWORD, "display_name": "Anna A."});
    let reply = anna.put("/users/me", body).await.expect(200);
    assert_eq!(
        (&reply["email"], &reply["pending_email"]),
        (&json!("anna@example.com"), &json!("new@example.com"))
    );
    assert_eq!(reply["display_name"], "Anna A.");
    let code = api.code_to("new@example.com");
    let sign_in = json!({"email": "new@example.com", "code": code});
    api.server.nobody().post("/auth/codes/login", sign_in).await.refused(400, "wrong_code");
    let bob = api.server.person("bob").await;
    let body = json!({"email": "new@example.com", "email_code": code});
    bob.put("/users/me", body.clone()).await.refused(400, "wrong_code");
    let reply = anna.put("/users/me", body.clone()).await.expect(200);
    assert_eq!((&reply["email"], &reply["pending_email"]), (&json!("new@example.com"), &Value::Null));
    anna.put("/users/me", json!({"email": "third@example.com", "email_code": code}))
        .await
        .refused(400, "wrong_code");
    api.is_told("anna@example.com", "another e-mail address").await;
    let login = json!({"email": "new@example.com", "password": PASSWORD});
    api.server.nobody().post("/auth/login", login).await.expect(200);
}

#[tokio::test]
async fn a_code_from_the_current_address_stands_for_the_password() {
    let api = Api::new().await;
    let reply = api.by_code("eve@example.com").await;
    assert_eq!(reply["earlier_access"], Value::Null);
    let eve =
        Person { id: reply["user"]["id"].as_i64().unwrap(), ..api.server.nobody() }.with(&reply["tokens"]);
    eve.put("/users/me", json!({"language": "en"})).await.expect(200);
    let code = api.send_code("eve@example.com").await;
    let body = json!({"email": "eve@example.net", "code": code});
    eve.put("/users/me", body.clone()).await.expect(200);
    eve.put("/users/me", body).await.refused(400, "wrong_code");
    let code = api.code_to("eve@example.net");
    let body = json!({"email": "eve@example.net", "email_code": code});
    assert_eq!(eve.put("/users/me", body).await.expect(200)["email"], "eve@example.net");
}

#[tokio::test]
async fn the_desktops_profile_asks_for_the_password_too() {
    let api = Api::new().await;
    let anna = api.server.person("anna").await;
    anna.put("/users/me", json!({"language": "en"})).await.expect(200);
    let change = async |body: Value| {
        let url = format!("{}/desktop/api/users/me", anna.url);
        let sent = anna.http.patch(url).bearer_auth(&anna.token).json(&body).send().await.unwrap();
        crate::server::Reply::of(sent).await
    };
    assert_eq!(change(json!({"email": "new@example.com"})).await.status, 400);
    let pending = change(json!({"email": "new@example.com", "password": PASSWORD})).await.expect(200);
    assert_eq!(pending["email"], "anna@example.com");
    let code = api.code_to("new@example.com");
    let changed = change(json!({"email": "new@example.com", "email_code": code})).await.expect(200);
    assert_eq!(changed["email"], "new@example.com");
}

#[tokio::test]
async fn whoever_proves_an_address_first_can_end_earlier_access_and_is_told() {
    let api = Api::new().await;
    // Somebody registers with an address that is not theirs.
    let thief = api.server.person("anna").await;
    let program = thief.with_token(&["read"]).await;
    let reply = api.by_code("anna@example.com").await;
    assert!(reply["earlier_access"].as_str().unwrap().contains("password"), "{reply}");
    api.is_told("anna@example.com", "Subject:").await;
    let owner = thief.with(&reply["tokens"]);
    thief.delete("/users/me/earlier-access").await.refused(403, "forbidden");
    assert_eq!(owner.delete("/users/me/earlier-access").await.status, 204);
    thief.get("/users/me").await.refused(401, "session_ended");
    program.get("/users/me").await.refused(401, "unauthorized");
    let login = json!({"email": "anna@example.com", "password": PASSWORD});
    api.server.nobody().post("/auth/login", login).await.refused(401, "wrong_password");
    assert_eq!(owner.get("/users/me").await.expect(200)["id"], thief.id);
    owner.delete("/users/me/earlier-access").await.refused(403, "forbidden");
    assert_eq!(api.by_code("anna@example.com").await["earlier_access"], Value::Null);
}

#[tokio::test]
async fn earlier_access_can_be_ended_together_with_signing_in() {
    let api = Api::new().await;
    let thief = api.server.person("anna").await;
    let code = api.send_code("anna@example.com").await;
    let body = json!({"email": "anna@example.com", "code": code, "end_earlier_access": true});
    let reply = api.server.nobody().post("/auth/codes/login", body).await.expect(201);
    assert_eq!(reply["earlier_access"], Value::Null);
    thief.get("/users/me").await.refused(401, "session_ended");
    let owner = thief.with(&reply["tokens"]);
    owner.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_code_goes_to_the_accounts_own_mailbox() {
    let api = Api::new().await;
    api.server.person("jose").await;
    let visitor = api.server.running.messenger.visitor([127, 0, 0, 1].into());
    visitor.send_code(&Contact::email("josé@example.com").unwrap(), Language::English).await.unwrap();
    let letters = api.mail.letters();
    assert!(letters.iter().all(|letter| letter.contains("RCPT TO:<jose@example.com>")), "{letters:?}");
}

#[tokio::test]
async fn a_changed_password_ends_tokens_but_those_that_are_kept() {
    let api = Api::new().await;
    let anna = api.server.person("anna").await;
    let (kept, ended) = (anna.with_token(&["read"]).await, anna.with_token(&["read"]).await);
    let tokens = anna.get("/tokens").await.expect(200);
    let id = tokens[1]["id"].clone();
    let body = |tokens: Value| json!({"old_password": PASSWORD, "new_password": "another password", "keep_tokens": tokens});
    anna.put("/users/me/password", body(json!([1]))).await.refused(400, "invalid");
    assert_eq!(anna.put("/users/me/password", body(json!([id]))).await.status, 204);
    kept.get("/users/me").await.expect(200);
    ended.get("/users/me").await.refused(401, "unauthorized");
}
