//! `/chats/{id}/webhooks` and `/hooks`: programs that post, with the bodies that they really send.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, TestServer};

/// What a program is answered.
struct Told {
    status: u16,
    kind: String,
    text: String,
    retry_after: Option<u64>,
}

impl Told {
    async fn by(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (kind, retry_after) = (header("content-type").unwrap_or_default(), header("retry-after"));
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        Self { status, kind, text, retry_after: retry_after.map(|seconds| seconds.parse().unwrap()) }
    }

    #[track_caller]
    fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.text.as_str()), (status, text));
        assert!(self.kind.starts_with("text/plain"), "{}", self.kind);
    }
}

/// A chat with a webhook.
struct Api {
    server: TestServer,
    ann: Person,
    chat: i64,
    hook: Value,
    url: String,
}

impl Api {
    async fn new() -> Self {
        Self::on(TestServer::start().await).await
    }

    async fn on(server: TestServer) -> Self {
        let ann = server.person("ann").await;
        let chat = ann.group("Alerts", &[]).await;
        let hook =
            ann.post(&format!("/chats/{chat}/webhooks"), json!({"name": "Monitoring"})).await.expect(201);
        let url = hook["url"].as_str().unwrap().to_owned();
        Self { server, ann, chat, hook, url }
    }

    async fn send(&self, content_type: &str, body: &str) -> Told {
        let request = self.ann.http.post(&self.url).header("Content-Type", content_type);
        Told::by(request.body(body.to_owned())).await
    }

    async fn send_json(&self, body: Value) -> Told {
        self.send("application/json", &body.to_string()).await
    }

    /// What is posted of a body.
    async fn posted(&self, body: Value) -> Value {
        self.send_json(body).await.is(200, "ok");
        self.newest().await
    }

    async fn newest(&self) -> Value {
        self.ann.get(&format!("/messages?chat_id={}&limit=1", self.chat)).await.expect(200)[0].clone()
    }
}

#[tokio::test]
async fn apprise_posts_as_to_mattermost() {
    let api = Api::new().await;
    assert!(api.url.starts_with(&format!("{}/hooks/", api.server.url)), "{}", api.url);
    let message = api
        .posted(json!({"text": "# Backup\r\nIt is **done**.", "icon_url": null, "username": "Apprise"}))
        .await;
    assert_eq!(message["content"], "# Backup\nIt is **done**.");
    assert_eq!((&message["type"], &message["author_id"]), (&json!("text"), &api.hook["author_id"]));
    assert_eq!(message["payload"], json!({"sender_name": "Apprise"}));
    let author = api.ann.get(&format!("/users/{}", api.hook["author_id"])).await.expect(200);
    assert_eq!((&author["display_name"], &author["is_bot"]), (&json!("Monitoring"), &json!(true)));
    let plain = api.posted(json!({"text": "again", "username": "Monitoring"})).await;
    assert_eq!(plain["payload"], Value::Null, "a name that says nothing new is not kept");
}

#[tokio::test]
async fn alertmanager_posts_an_attachment_with_text_only_in_its_title() {
    let api = Api::new().await;
    let message = api
        .posted(json!({
            "channel": "#alerts", "username": "Alertmanager",
            "attachments": [{
                "title": "[FIRING:1] HighLoad (node1:9100 warning)",
                "title_link": "http://alertmanager:9093/#/alerts?receiver=besedka", "text": "",
                "fallback": "[FIRING:1] HighLoad | http://alertmanager:9093/#/alerts?receiver=besedka", "callback_id": "",
                "footer": "", "color": "danger", "mrkdwn_in": ["fallback", "pretext", "text"]
            }]
        }))
        .await;
    assert_eq!(
        message["content"],
        "**[(FIRING:1) HighLoad (node1:9100 warning)](http://alertmanager:9093/#/alerts?receiver=besedka)**"
    );
}

#[tokio::test]
async fn grafana_posts_an_attachment_with_markdown() {
    let api = Api::new().await;
    let message = api
        .posted(json!({
            "channel": "", "username": "Grafana", "icon_url": "https://grafana.com/static/assets/img/fav32.png",
            "text": "[FIRING:1] Disk Servers", "attachments": [{
                "title": "[FIRING:1] Disk Servers", "fallback": "[FIRING:1] Disk Servers",
                "fields": [], "footer": "Grafana v11.1.0", "footer_icon": "https://grafana.com/assets/img/fav32.png",
                "color": "#D63232", "ts": 1711454400,
                "text": "**Firing**\n\nValue: A=95.2, C=1\nLabels:\n - alertname = Disk\nSource: http://grafana:3000/a?b=1&amp;c=2\n",
                "title_link": "http://grafana:3000/alerting/list", "mrkdwn_in": ["pretext"]
            }]
        }))
        .await;
    assert_eq!(
        message["content"],
        "[FIRING:1] Disk Servers\n**[(FIRING:1) Disk Servers](http://grafana:3000/alerting/list)**\n\
         **Firing**\n\nValue: A=95.2, C=1\nLabels:\n - alertname = Disk\nSource: http://grafana:3000/a?b=1&c=2"
    );
}

#[tokio::test]
async fn slack_sdk_posts_blocks_and_mrkdwn() {
    let api = Api::new().await;
    let bob = api.server.person("bob").await;
    api.ann.post(&format!("/chats/{}/members", api.chat), json!({"user_id": bob.id})).await.expect(201);
    let message = api
        .posted(json!({
            "text": "fallback", "unfurl_links": false, "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": "Deploy &amp; done"}},
                {"type": "section", "text": {"type": "mrkdwn",
                    "text": format!("*api* is live, <https://ci.example.org/7|build 7> <!channel> <@{}>", bob.id)}}
            ]
        }))
        .await;
    assert_eq!(
        message["content"],
        format!("**Deploy & done**\n**api** is live, [build 7](https://ci.example.org/7) @all @{}", bob.id)
    );
    assert_eq!((&message["mentions"], &message["mentions_all"]), (&json!([bob.id]), &json!(true)));
}

#[tokio::test]
async fn forms_and_mislabelled_json_are_read() {
    let api = Api::new().await;
    let form = "application/x-www-form-urlencoded";
    for (kind, body, text) in [
        (form, "payload=%7B%22text%22%3A%22a+form%22%7D", "a form"),
        (form, "{\"text\": \"curl -d\"}", "curl -d"),
        ("text/plain", "{\"text\": \"plain\"}", "plain"),
        (
            "multipart/form-data; boundary=XyZ",
            "--XyZ\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{\"text\": \"curl -F\"}\r\n--XyZ--\r\n",
            "curl -F",
        ),
    ] {
        api.send(kind, body).await.is(200, "ok");
        assert_eq!(api.newest().await["content"], text);
    }
    let slash = Told::by(api.ann.http.post(format!("{}/", api.url)).body("{\"text\": \"slash\"}")).await;
    slash.is(200, "ok");
    assert_eq!(api.newest().await["content"], "slash");
}

#[tokio::test]
async fn what_is_wrong_is_sent_as_slack_says_it() {
    let api = Api::new().await;
    for body in ["", "hello", "[]", "{", r#"{"text": []}"#] {
        api.send("application/json", body).await.is(400, "invalid_payload");
    }
    for body in [
        json!({}),
        json!({"text": ""}),
        json!({"attachments": [{}]}),
        json!({"blocks": [{"type": "divider"}]}),
    ] {
        api.send_json(body).await.is(400, "no_text");
    }
    let many: Vec<Value> = (0..101).map(|_| json!({"text": "x"})).collect();
    api.send_json(json!({"attachments": many})).await.is(400, "too_many_attachments");
    api.send_json(json!({"text": "x".repeat(300_000)})).await.is(413, "payload_too_large");
    let compressed = api.ann.http.post(&api.url).header("Content-Encoding", "gzip").body("x");
    Told::by(compressed).await.is(415, "invalid_payload");
    for url in [
        format!("{}/hooks/{}", api.server.url, "a".repeat(32)),
        format!("{}/hooks/x", api.server.url),
        format!("{}/hooks", api.server.url),
        format!("{}/more", api.url),
    ] {
        Told::by(api.ann.http.post(url).body("{\"text\": \"x\"}")).await.is(404, "no_service");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let told = Told::by(api.ann.http.request(method, &api.url)).await;
        told.is(405, "method_not_allowed");
    }
    assert_eq!(Told::by(api.ann.http.head(&api.url)).await.status, 405);
    assert_eq!(api.ann.texts(api.chat).await, [""; 0]);
}

#[tokio::test]
async fn a_long_text_is_cut() {
    let api = Api::new().await;
    let message = api.posted(json!({"text": "я".repeat(20_000)})).await;
    let text = message["content"].as_str().unwrap();
    assert_eq!((text.chars().count(), text.chars().last()), (16_000, Some('…')));
}

#[tokio::test]
async fn a_webhook_that_is_too_fast_is_told_when_to_come_back() {
    let api = Api::on(TestServer::with(&["--rate-limits", "on"]).await).await;
    let mut told = api.send_json(json!({"text": "x"})).await;
    let mut sent = 1;
    while told.status == 200 {
        sent += 1;
        told = api.send_json(json!({"text": "x"})).await;
    }
    told.is(429, "rate_limited");
    assert!((30..60).contains(&sent), "{sent}");
    api.server.clock.advance(std::time::Duration::from_secs(told.retry_after.unwrap()));
    api.send_json(json!({"text": "x"})).await.is(200, "ok");
}

#[tokio::test]
async fn members_with_the_right_manage_webhooks_and_the_url_is_shown_once() {
    let api = Api::new().await;
    let (ann, bob) = (&api.ann, api.server.person("bob").await);
    ann.post(&format!("/chats/{}/members", api.chat), json!({"user_id": bob.id})).await.expect(201);
    let path = format!("/chats/{}/webhooks", api.chat);
    bob.get(&path).await.refused(403, "forbidden");
    bob.post(&path, json!({"name": "Mine"})).await.refused(403, "forbidden");
    let listed = ann.get(&path).await.expect(200);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["url"]), (1, &Value::Null));
    assert_eq!((&listed[0]["name"], &listed[0]["last_used_at"]), (&json!("Monitoring"), &Value::Null));

    api.send_json(json!({"text": "before"})).await.is(200, "ok");
    let one = format!("{path}/{}", api.hook["id"]);
    ann.patch(&one, json!({"name": " "})).await.refused(400, "invalid");
    assert_eq!(ann.patch(&one, json!({"name": "Alerts"})).await.expect(200)["name"], "Alerts");
    assert!(crate::server::is_time(&ann.get(&path).await.expect(200)[0]["last_used_at"]));
    let author = ann.get(&format!("/users/{}", api.hook["author_id"])).await.expect(200);
    assert_eq!(author["display_name"], "Alerts");

    let renewed = ann.post(&format!("{one}/rotate"), json!({})).await.expect(200);
    api.send_json(json!({"text": "old"})).await.is(404, "no_service");
    let new = renewed["url"].as_str().unwrap();
    Told::by(ann.http.post(new).body("{\"text\": \"new\"}")).await.is(200, "ok");
    ann.delete(&one).await.expect(204);
    Told::by(ann.http.post(new).body("{\"text\": \"gone\"}")).await.is(404, "no_service");
    assert_eq!(ann.texts(api.chat).await, ["new", "before"]);
    ann.delete(&one).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_deleted_chat_is_gone() {
    let api = Api::new().await;
    api.ann.delete(&format!("/chats/{}", api.chat)).await.expect(204);
    api.send_json(json!({"text": "x"})).await.is(410, "channel_is_archived");
}

#[tokio::test]
async fn the_secret_is_not_in_the_database() {
    let api = Api::new().await;
    api.send_json(json!({"text": "x"})).await.is(200, "ok");
    let secret = api.url.rsplit('/').next().unwrap().to_owned();
    let found = api
        .server
        .count(&format!(
            "SELECT COUNT(*) FROM incoming_webhook WHERE secret_hash = '{secret}' OR name = '{secret}'"
        ))
        .await;
    assert_eq!(found, 0);
    assert_eq!(api.server.count("SELECT LENGTH(secret_hash) FROM incoming_webhook").await, 32);
}
