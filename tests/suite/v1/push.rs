//! Pushes: what a push service is sent, what a device can read of it, and when there is none.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as VerifyingKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::server::{Person, Socket, TestServer};

pub const FLAGS: [&str; 4] = ["--rate-limits", "off", "--push-allow", "127.0.0.1"];

/// A push service that is told how to answer, and keeps what it was sent.
pub struct PushService {
    at: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Mutex<&'static str>>,
}

/// A request to the push service.
#[derive(Clone)]
struct Received {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

impl PushService {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let answer = Arc::new(Mutex::new("201 Created"));
        let (log, says) = (received.clone(), answer.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (log, says) = (log.clone(), says.clone());
                tokio::spawn(async move {
                    let mut socket = BufReader::new(socket);
                    while let Some(request) = receive(&mut socket).await {
                        log.lock().unwrap().push(request);
                        let answer = *says.lock().unwrap();
                        let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
                        if socket.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { at, received, answer }
    }

    /// Its next answers: a status, and perhaps headers.
    pub fn answers(&self, answer: &'static str) {
        *self.answer.lock().unwrap() = answer;
    }

    /// The requests for a device, once there are so many.
    async fn until(&self, device: &Device, count: usize) -> Vec<Received> {
        let there = async {
            loop {
                let found = self.of(device);
                if found.len() >= count {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), there).await.expect("the push comes")
    }

    fn of(&self, device: &Device) -> Vec<Received> {
        self.received.lock().unwrap().iter().filter(|one| one.path == device.path).cloned().collect()
    }

    /// What a device is told, once it was pushed so much.
    pub async fn told(&self, device: &Device, count: usize) -> Vec<Value> {
        self.until(device, count).await.iter().map(|request| device.read(&request.body)).collect()
    }
}

async fn receive(socket: &mut BufReader<tokio::net::TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let headers: Vec<(String, String)> = lines.iter().skip(1).filter_map(header).collect();
    let mut request = Received { path, headers, body: Vec::new() };
    let length = request.header("Content-Length").parse().unwrap_or(0);
    request.body.resize(length, 0);
    socket.read_exact(&mut request.body).await.ok()?;
    Some(request)
}

/// A browser or a phone: it alone can read its pushes. Written after RFC 8291 by itself, not with the server's code.
pub struct Device {
    key: PrivateKey,
    auth: [u8; 16],
    endpoint: String,
    path: String,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(salt: &[u8], secret: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let mut key = vec![0; length];
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length(length))
        .unwrap()
        .fill(&mut key)
        .unwrap();
    key
}

impl Device {
    pub fn at(service: &PushService, name: &str) -> Self {
        let path = format!("/{name}");
        let endpoint = format!("http://{}{path}", service.at);
        Self { key: PrivateKey::generate(&ECDH_P256).unwrap(), auth: [name.len() as u8; 16], endpoint, path }
    }

    fn public_key(&self) -> Vec<u8> {
        self.key.compute_public_key().unwrap().as_ref().to_vec()
    }

    fn subscription(&self) -> Value {
        let keys = json!({
            "p256dh": BASE64_URL_SAFE_NO_PAD.encode(self.public_key()),
            "auth": BASE64_URL_SAFE_NO_PAD.encode(self.auth),
        });
        json!({"endpoint": self.endpoint, "expirationTime": null, "keys": keys})
    }

    /// Subscribes for somebody's session.
    pub async fn of(service: &PushService, name: &str, person: &Person) -> Self {
        let device = Self::at(service, name);
        person.post("/users/me/push-subscriptions", device.subscription()).await.expect(201);
        device
    }

    /// Subscribes again, with other settings.
    async fn change(&self, person: &Person, settings: Value) -> Value {
        let mut body = self.subscription();
        body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        person.post("/users/me/push-subscriptions", body).await.expect(201)
    }

    fn read(&self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert!(u32::from_be_bytes(size.try_into().unwrap()) as usize >= body.len() - 86, "one record");
        assert!(body.len() <= 4_096, "push services take no more");
        let (sender, sealed) = rest[1..].split_at(rest[0].into());
        let peer = UnparsedPublicKey::new(&ECDH_P256, sender);
        let shared = agreement::agree(&self.key, peer, (), |secret| Ok(secret.to_vec())).unwrap();
        let info = [b"WebPush: info\0".as_slice(), &self.public_key(), sender].concat();
        let secret = derive(&self.auth, &shared, &info, 32);
        let key = derive(salt, &secret, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = derive(salt, &secret, b"Content-Encoding: nonce\0", 12);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut text = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let text = key.open_in_place(nonce, Aad::empty(), &mut text).unwrap();
        let end = text.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(text[end], 2, "the last record");
        serde_json::from_slice(&text[..end]).unwrap()
    }
}

/// Somebody who writes, and somebody with a device who is not there.
async fn start() -> (TestServer, PushService, Person, Person, Device) {
    let server = TestServer::with(&FLAGS).await;
    let service = PushService::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let device = Device::of(&service, "bob", &bob).await;
    (server, service, ann, bob, device)
}

/// What an administrator reads in the log, once there is so much.
async fn logged(admin: &Person, count: usize) -> Vec<Value> {
    let there = async {
        loop {
            let log = admin.get("/admin/push-deliveries").await.expect(200).as_array().unwrap().clone();
            if log.len() >= count {
                return log;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), there).await.expect("it is logged")
}

#[tokio::test]
async fn what_a_program_posts_by_a_webhook_is_pushed() {
    let (_server, service, ann, bob, device) = start().await;
    let chat = ann.group("Alerts", &[&bob]).await;
    let hook = ann.post(&format!("/chats/{chat}/webhooks"), json!({"name": "Monitoring"})).await.expect(201);
    let body = json!({"text": "<!channel> production is down"}).to_string();
    let post = ann.http.post(hook["url"].as_str().unwrap()).header("Content-Type", "application/json");
    assert_eq!(post.body(body).send().await.unwrap().status(), 200);
    let told = service.told(&device, 1).await.remove(0);
    assert_eq!((&told["chat_id"], &told["author_name"]), (&json!(chat), &json!("Monitoring")));
    assert_eq!(told["mention"], true);
}

#[tokio::test]
async fn a_message_is_pushed_encrypted_and_signed() {
    let (server, service, ann, bob, device) = start().await;
    let chat = ann.direct(&bob).await;
    let sent = ann.post_text(chat, "Привет!").await;
    let request = service.until(&device, 1).await.remove(0);
    let told = device.read(&request.body);
    let expected = json!({
        "type": "message", "chat_id": chat, "message_id": sent["id"], "chat_title": null,
        "author_id": ann.id, "author_name": "ann", "text": "Привет!", "mention": false,
    });
    assert_eq!(told, expected);
    assert_eq!(request.header("Content-Encoding"), "aes128gcm");
    assert_eq!(request.header("Urgency"), "high");
    let ttl: u64 = request.header("TTL").parse().unwrap();
    assert!((86_000..=86_400).contains(&ttl), "{ttl}");
    let topic = request.header("Topic").to_owned();
    assert!(
        topic.len() == 32 && topic.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c)),
        "{topic}"
    );

    // RFC 8292: signed for this push service with the key that browsers are given.
    let (token, key) =
        request.header("Authorization").strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(bob.get("/push/key").await.expect(200), json!({"public_key": key}));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let verifying = VerifyingKey::new(&ECDSA_P256_SHA256_FIXED, decode(key));
    verifying.verify(signed.as_bytes(), &decode(signature)).unwrap();
    let claims: Value = serde_json::from_slice(&decode(signed.split_once('.').unwrap().1)).unwrap();
    assert_eq!(claims["aud"], format!("http://{}", service.at));
    let left = claims["exp"].as_i64().unwrap() - server.clock.now().seconds();
    assert!((1..=86_400).contains(&left), "{left}");

    // Of what is sent in a group one knows where; the topic is another.
    let group = ann.group("Сад", &[&bob]).await;
    ann.post_text(group, "Всем привет").await;
    let request = service.until(&device, 2).await.remove(1);
    let told = device.read(&request.body);
    assert_eq!((&told["chat_title"], &told["mention"]), (&json!("Сад"), &json!(false)));
    assert_eq!(request.header("Urgency"), "normal");
    assert_ne!(request.header("Topic"), topic);
    ann.post_text(group, "@bob!").await;
    let request = service.until(&device, 3).await.remove(2);
    assert_eq!((&device.read(&request.body)["mention"], request.header("Urgency")), (&json!(true), "high"));

    let log = logged(&ann, 3).await;
    assert_eq!(log[2]["user_id"], bob.id);
    assert_eq!(
        (&log[2]["result"], &log[2]["status"], &log[2]["attempts"]),
        (&json!("sent"), &json!(201), &json!(1))
    );
    assert_eq!(log[2]["service"], service.at.to_string());
    assert!(!json!(log).to_string().contains("привет"), "nothing of what was sent");
    let page =
        ann.get(&format!("/admin/push-deliveries?limit=1&before_id={}", log[1]["id"])).await.expect(200);
    assert_eq!(page, json!([log[2]]));
    bob.get("/admin/push-deliveries").await.refused(403, "forbidden");
}

#[tokio::test]
async fn the_key_stays_when_the_server_restarts() {
    let server = TestServer::with(&FLAGS).await;
    let ann = server.person("ann").await;
    let key = ann.get("/push/key").await.expect(200);
    let server = server.restart().await;
    let ann = server.again(&Person { url: server.url.clone(), ..ann }, "ann").await;
    assert_eq!(ann.get("/push/key").await.expect(200), key);
}

#[tokio::test]
async fn only_what_somebody_wants_to_hear_is_pushed() {
    let (server, service, ann, bob, device) = start().await;
    let cat = server.person("cat").await;
    let marker = Device::of(&service, "marker", &cat).await;
    let marked = ann.direct(&cat).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let settings = async |settings: Value| {
        bob.patch(&format!("/chats/{chat}/settings"), settings).await.expect(200);
    };
    // Whoever is notified is decided soon after the commit, message by message: what was sent before the marker was
    // decided when the marker comes.
    let marks = AtomicUsize::new(0);
    let decided = async || {
        ann.post_text(marked, "marker").await;
        service.told(&marker, marks.fetch_add(1, Ordering::Relaxed) + 1).await;
    };
    let far = "2090-01-01T00:00:00";

    bob.post_text(chat, "their own").await;
    let silent = json!({"chat_id": chat, "type": "text", "content": "silent", "silent": true});
    ann.post("/messages", silent).await.expect(201);
    settings(json!({"muted_until": far})).await;
    ann.post_text(chat, "muted, @bob").await;
    decided().await;
    settings(json!({"muted_until": null, "notify": "mentions"})).await;
    ann.post_text(chat, "for others").await;
    ann.post_text(chat, "first: @bob").await;
    service.told(&device, 1).await;
    settings(json!({"notify": "none"})).await;
    ann.post_text(chat, "nothing, @bob").await;
    decided().await;
    settings(json!({"notify": "all"})).await;
    device.change(&bob, json!({"quiet_until": far})).await;
    ann.post_text(chat, "do not disturb").await;
    decided().await;
    device.change(&bob, json!({})).await;
    bob.put(&format!("/users/me/blocked/{}", ann.id), json!({})).await.expect(204);
    ann.post_text(chat, "blocked").await;
    decided().await;
    bob.delete(&format!("/users/me/blocked/{}", ann.id)).await.expect(204);
    ann.post_text(chat, "second").await;
    let told = service.told(&device, 2).await;
    let texts: Vec<&Value> = told.iter().map(|told| &told["text"]).collect();
    assert_eq!(texts, ["first: @bob", "second"]);
}

#[tokio::test]
async fn who_is_active_is_not_disturbed_and_who_has_turned_away_is() {
    let (server, service, ann, bob, device) = start().await;
    let cat = server.person("cat").await;
    let marker = Device::of(&service, "marker", &cat).await;
    let marked = ann.direct(&cat).await;
    let chat = ann.direct(&bob).await;
    let mut socket = bob.socket().await;
    ann.post_text(chat, "while active").await;
    ann.post_text(marked, "1").await;
    service.told(&marker, 1).await;
    assert!(service.of(&device).is_empty());
    // Half a minute later they are there still: it is dropped.
    server.clock.advance(Duration::from_secs(31));
    ann.post_text(marked, "2").await;
    service.told(&marker, 2).await;
    ann.post_text(chat, "read meanwhile").await;
    ann.post_text(marked, "3").await;
    service.told(&marker, 3).await;
    bob.post(&format!("/chats/{chat}/read"), json!({})).await.expect(200);
    ann.post_text(chat, "unread").await;
    ann.post_text(marked, "4").await;
    service.told(&marker, 4).await;
    away(&mut socket).await;
    server.clock.advance(Duration::from_secs(31));
    assert_eq!(service.told(&device, 1).await[0]["text"], "unread", "they left without reading it");
    ann.post_text(chat, "at once").await;
    assert_eq!(service.told(&device, 2).await[1]["text"], "at once");
    assert_eq!(service.of(&device).len(), 2);
}

async fn away(socket: &mut Socket) {
    socket.send(json!({"event": "presence", "data": {"status": "away"}})).await;
    socket.send(json!({"event": "ping", "data": {}})).await;
    socket.until("pong").await;
}

#[tokio::test]
async fn a_device_can_be_told_only_that_there_is_a_message() {
    let (_server, service, ann, bob, device) = start().await;
    let made = device.change(&bob, json!({"hide_content": true})).await;
    assert_eq!((&made["hide_content"], &made["current"]), (&json!(true), &json!(true)));
    let chat = ann.direct(&bob).await;
    let sent = ann.post_text(chat, "secret").await;
    let told = service.told(&device, 1).await.remove(0);
    assert_eq!(told, json!({"type": "message", "chat_id": chat, "message_id": sent["id"]}));
}

#[tokio::test]
async fn a_push_that_fails_is_tried_again_later_and_later_and_given_up() {
    let (server, service, ann, bob, device) = start().await;
    let chat = ann.direct(&bob).await;
    service.answers("503 Service Unavailable");
    ann.post_text(chat, "again").await;
    service.until(&device, 1).await;
    logged(&ann, 1).await;
    for (number, wait) in [10, 60, 300, 1_800, 7_200].into_iter().enumerate() {
        server.clock.advance(Duration::from_secs(wait - 5));
        assert_eq!(service.of(&device).len(), number + 1, "not before it is time");
        server.clock.advance(Duration::from_secs(5));
        service.until(&device, number + 2).await;
        let ann = server.again(&ann, "ann").await;
        logged(&ann, number + 2).await;
    }
    let ann = server.again(&ann, "ann").await;
    let log = logged(&ann, 6).await;
    let results: Vec<&Value> = log.iter().map(|entry| &entry["result"]).collect();
    assert_eq!(results, ["failed", "retried", "retried", "retried", "retried", "retried"]);
    assert_eq!((&log[0]["status"], &log[0]["attempts"]), (&json!(503), &json!(6)));
    assert_eq!(server.count("SELECT COUNT(*) FROM push_delivery").await, 0);

    // A push service says how long to wait.
    service.answers("429 Too Many Requests\r\nRetry-After: 120");
    ann.post_text(chat, "patience").await;
    service.until(&device, 7).await;
    logged(&ann, 7).await;
    server.clock.advance(Duration::from_secs(119));
    service.answers("201 Created");
    server.clock.advance(Duration::from_secs(2));
    let told = service.told(&device, 8).await;
    assert_eq!(told[7]["text"], "patience");
    assert_eq!(logged(&ann, 8).await[0]["result"], "sent");
}

#[tokio::test]
async fn a_device_that_the_push_service_no_longer_knows_is_removed() {
    for answer in ["410 Gone", "404 Not Found"] {
        let (_server, service, ann, bob, device) = start().await;
        let chat = ann.direct(&bob).await;
        service.answers(answer);
        ann.post_text(chat, "hello").await;
        service.until(&device, 1).await;
        let log = logged(&ann, 1).await;
        assert_eq!(log[0]["result"], "removed");
        assert_eq!(bob.get("/users/me/push-subscriptions").await.expect(200), json!([]));
    }
}

#[tokio::test]
async fn a_push_that_is_refused_is_not_tried_again() {
    let (server, service, ann, bob, device) = start().await;
    let chat = ann.direct(&bob).await;
    service.answers("413 Payload Too Large");
    ann.post_text(chat, "hello").await;
    service.until(&device, 1).await;
    assert_eq!(logged(&ann, 1).await[0]["result"], "failed");
    assert_eq!(server.count("SELECT COUNT(*) FROM push_delivery").await, 0);
    assert_eq!(bob.get("/users/me/push-subscriptions").await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn each_session_has_one_device_and_ends_with_it() {
    let (server, service, ann, bob, first) = start().await;
    let phone = server.again(&bob, "bob").await;
    let second = Device::of(&service, "phone", &phone).await;
    let list = bob.get("/users/me/push-subscriptions").await.expect(200);
    let current: Vec<(&Value, &Value)> =
        list.as_array().unwrap().iter().map(|one| (&one["endpoint"], &one["current"])).collect();
    assert_eq!(current, [(&json!(second.endpoint), &json!(false)), (&json!(first.endpoint), &json!(true))]);
    // Another endpoint of the same session replaces it.
    let third = Device::of(&service, "third", &bob).await;
    let chat = ann.direct(&bob).await;
    ann.post_text(chat, "to both").await;
    service.told(&second, 1).await;
    service.told(&third, 1).await;
    assert!(service.of(&first).is_empty());

    phone.post("/auth/logout", json!({})).await.expect(204);
    let list = bob.get("/users/me/push-subscriptions").await.expect(200);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    let id = list[0]["id"].clone();
    ann.delete(&format!("/users/me/push-subscriptions/{id}")).await.refused(404, "not_found");
    bob.delete(&format!("/users/me/push-subscriptions/{id}")).await.expect(204);
    assert_eq!(server.count("SELECT COUNT(*) FROM push_subscription").await, 0);

    // Whoever signs in later in the same browser takes its pushes over.
    let cat = server.person("cat").await;
    bob.post("/users/me/push-subscriptions", third.subscription()).await.expect(201);
    cat.post("/users/me/push-subscriptions", third.subscription()).await.expect(201);
    assert_eq!(bob.get("/users/me/push-subscriptions").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_session_that_was_not_used_for_a_week_is_pushed_nothing() {
    let (server, service, ann, bob, device) = start().await;
    let chat = ann.direct(&bob).await;
    server.clock.advance(Duration::from_secs(8 * 24 * 3_600));
    let ann = server.again(&ann, "ann").await;
    let cat = server.person("cat").await;
    let marker = Device::of(&service, "marker", &cat).await;
    let marked = ann.direct(&cat).await;
    ann.post_text(chat, "hello").await;
    ann.post_text(marked, "marker").await;
    service.told(&marker, 1).await;
    assert!(service.of(&device).is_empty());
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.count("SELECT COUNT(*) FROM push_subscription").await, 1, "only the marker's");
}

#[tokio::test]
async fn endpoints_and_keys_that_cannot_be_are_refused() {
    let server = TestServer::with(&FLAGS).await;
    let service = PushService::start().await;
    let ann = server.person("ann").await;
    let device = Device::at(&service, "ann");
    let refused = async |change: fn(&mut Value)| {
        let mut body = device.subscription();
        change(&mut body);
        ann.post("/users/me/push-subscriptions", body).await.refused(400, "invalid")["detail"].clone()
    };
    let endpoints: [fn(&mut Value); 6] = [
        |body| body["endpoint"] = json!("https://10.0.0.1/send"),
        |body| body["endpoint"] = json!("https://[::1]/send"),
        |body| body["endpoint"] = json!("http://push.example.org/send"),
        |body| body["endpoint"] = json!("https://push.example.org:22/"),
        |body| body["endpoint"] = json!("nonsense"),
        |body| body["endpoint"] = json!(format!("https://push.example.org/{}", "x".repeat(2_100))),
    ];
    for change in endpoints {
        let detail = refused(change).await;
        assert!(detail.as_str().unwrap().starts_with("endpoint: "), "{detail}");
    }
    let keys: [fn(&mut Value); 3] = [
        |body| body["keys"]["auth"] = json!("c2hvcnQ"),
        |body| body["keys"]["p256dh"] = json!("no base64!"),
        |body| body["keys"]["p256dh"] = json!(BASE64_URL_SAFE_NO_PAD.encode([4; 65])),
    ];
    for change in keys {
        let detail = refused(change).await;
        assert!(detail.as_str().unwrap().starts_with("keys: "), "{detail}");
    }
    let detail = refused(|body| body["quiet_until"] = json!("tomorrow")).await;
    assert!(detail.as_str().unwrap().starts_with("quiet_until: "), "{detail}");
    let token = ann.with_token(&["read"]).await;
    token
        .post("/users/me/push-subscriptions", device.subscription())
        .await
        .refused(403, "insufficient_scope");
    // Without the exception, what is not public is refused.
    let strict = TestServer::start().await;
    let ann = strict.person("ann").await;
    let body = device.subscription();
    ann.post("/users/me/push-subscriptions", body).await.refused(400, "invalid");
}

#[tokio::test]
async fn pushes_can_be_off() {
    let server = TestServer::with(&["--push", "off", "--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    ann.get("/push/key").await.refused(503, "not_configured");
    let device = Device::at(&PushService::start().await, "ann");
    let body = device.subscription();
    ann.post("/users/me/push-subscriptions", body).await.refused(503, "not_configured");
    assert_eq!(ann.get("/users/me/push-subscriptions").await.expect(200), json!([]));
}

#[tokio::test]
async fn what_is_deleted_in_time_is_not_pushed() {
    let (server, service, ann, bob, device) = start().await;
    let chat = ann.direct(&bob).await;
    let mut socket = bob.socket().await;
    let sent = ann.post_text(chat, "oops").await;
    ann.delete(&format!("/messages/{}", sent["id"])).await.expect(204);
    away(&mut socket).await;
    server.clock.advance(Duration::from_secs(40));
    ann.post_text(chat, "better").await;
    let told = service.told(&device, 1).await;
    assert_eq!(told[0]["text"], "better");
}
