//! One chat, used at once from v1, Kyte, Mimu, unet and the desktop messenger.

mod marks;
mod talk;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::server::{Person, Reply, Socket, TestServer};

/// An API by which people are in the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    V1,
    Kyte,
    Mimu,
    Unet,
    Desktop,
}

use Api::{Desktop, Kyte, Mimu, Unet, V1};

const APIS: [Api; 5] = [V1, Kyte, Mimu, Unet, Desktop];

/// Somebody with a client of one API.
struct Client {
    api: Api,
    person: Person,
    /// The chat, as this API calls it.
    chat: String,
}

impl Client {
    async fn new(api: Api, person: &Person, chat: i64) -> Self {
        let mut client = Self { api, person: person.clone(), chat: chat.to_string() };
        if api == Unet {
            let list = client.ask(Method::GET, "/api/unet-chat/conversations/", None).await.expect(200);
            let list = list.as_array().unwrap();
            client.chat =
                list.iter().find(|one| one["type"] == "group").unwrap()["id"].as_str().unwrap().to_owned();
        }
        client
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let url = format!("{}{path}", self.person.url);
        let request = self.person.http.request(method, url).bearer_auth(&self.person.token);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        Reply::to(request).await
    }

    async fn post_text(&self, text: &str) {
        let chat = &self.chat;
        let (path, body, status) = match self.api {
            V1 => {
                self.person.post_text(chat.parse().unwrap(), text).await;
                return;
            }
            Kyte => (format!("/kyte/chats/{chat}/messages"), json!({"content": text}), 201),
            Mimu => {
                let body =
                    json!({"chatId": chat, "type": "text", "text": text, "timestamp": "2024-03-26T12:05:00"});
                ("/mimu/api/v1/messages".to_owned(), body, 200)
            }
            Unet => {
                let body = json!({"conversation_id": chat, "sender_id": self.person.id, "text": text});
                ("/api/unet-chat/messages/".to_owned(), body, 201)
            }
            Desktop => (format!("/desktop/api/chats/{chat}/messages"), json!({"content": text}), 201),
        };
        self.ask(Method::POST, &path, Some(body)).await.expect(status);
    }

    /// What is in the chat, the oldest first, as this API shows it; without what the server sent.
    async fn history(&self) -> Vec<Value> {
        let chat = &self.chat;
        let path = match self.api {
            V1 => format!("/api/v1/messages?chat_id={chat}&limit=200"),
            Kyte => format!("/kyte/chats/{chat}/messages?limit=200"),
            Mimu => format!("/mimu/api/v1/messages?chatId={chat}&limit=200"),
            Unet => format!("/api/unet-chat/messages/{chat}?limit=200&offset=0"),
            Desktop => format!("/desktop/api/chats/{chat}/messages?limit=200"),
        };
        let mut page = self.ask(Method::GET, &path, None).await.expect(200);
        if let Some(inner) = page.get_mut("messages") {
            page = inner.take();
        }
        let mut page = page.as_array().unwrap().clone();
        if self.api == V1 {
            page.reverse();
        }
        // To Mimu's clients the server's words are a text like others.
        let is_notice = |message: &Value| self.text(message).starts_with("Создана группа");
        page.retain(|message| {
            message["type"] != "system" && message["deleted"] != true && !is_notice(message)
        });
        page
    }

    /// The newest message.
    async fn newest(&self) -> Value {
        self.history().await.pop().unwrap()
    }

    /// The link to the file of a message; in v1 one needs a token as well.
    async fn link(&self, message: &Value) -> String {
        let link = match self.api {
            V1 => {
                let id = message["payload"]["attachment_id"].as_str().unwrap();
                return format!("{}/api/v1/attachments/{id}", self.person.url);
            }
            Kyte => &message["fileUrl"],
            Mimu => &message["mediaUrl"],
            Unet => &message["attachments"][0]["file_url"],
            Desktop => &message["attachment_url"],
        };
        link.as_str().unwrap_or_else(|| panic!("{:?}: {message}", self.api)).to_owned()
    }

    /// What is behind the link to the file of a message.
    async fn download(&self, message: &Value) -> Vec<u8> {
        let mut request = self.person.http.get(self.link(message).await);
        if self.api == V1 {
            request = request.bearer_auth(&self.person.token);
        }
        request.send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// Uploads by Mimu's form; answers the file's id.
    async fn upload(&self, kind: &'static str, name: &'static str, bytes: &'static [u8]) -> String {
        let part = Part::bytes(bytes).file_name(name).mime_str("application/octet-stream").unwrap();
        let form = Form::new().text("type", kind).part("file", part);
        let request = self.person.http.post(format!("{}/mimu/api/v1/upload", self.person.url));
        let sent = request.bearer_auth(&self.person.token).multipart(form).send().await.unwrap();
        Reply::of(sent).await.expect(200)["fileId"].as_str().unwrap().to_owned()
    }

    /// What a message says, as this API shows it.
    fn text(&self, message: &Value) -> String {
        let field = match self.api {
            V1 | Kyte | Desktop => "content",
            Mimu | Unet => "text",
        };
        message[field].as_str().unwrap_or_default().to_owned()
    }

    async fn texts(&self) -> Vec<String> {
        self.history().await.iter().map(|message| self.text(message)).collect()
    }

    /// The socket of the chat; Mimu's clients have none.
    async fn socket(&self) -> Option<Socket> {
        let (chat, token) = (&self.chat, &self.person.token);
        let path = match self.api {
            V1 => return Some(self.person.socket().await),
            Kyte => format!("/kyte/ws/chat/{chat}?token={token}"),
            Mimu => return None,
            Unet => format!("/api/unet-chat/ws/conversations/{chat}/?Authorization=Bearer%20{token}"),
            Desktop => format!("/desktop/ws/chat/{chat}?token={token}"),
        };
        let url = format!("{}{path}", self.person.url.replace("http://", "ws://"));
        Some(Socket::with_request(url.into_client_request().unwrap()).await.unwrap())
    }

    /// The next message that a socket tells as new.
    async fn receives(&self, socket: &mut Socket) -> Value {
        loop {
            let frame = socket.next().await.expect("the socket stays open");
            let message = match self.api {
                V1 if frame["event"] == "message.created" => &frame["data"],
                Kyte => &frame,
                Unet if frame["type"] == "message:new" => &frame["payload"],
                Desktop if frame["type"] == "message" => &frame["data"],
                _ => continue,
            };
            if message["type"] != "system" {
                return message.clone();
            }
        }
    }
}

/// Five people in one group, each with a client of another api.
async fn gathered(server: &TestServer) -> Vec<Client> {
    let mut people = Vec::new();
    for name in ["ann", "bob", "cid", "dan", "eve"] {
        people.push(server.person(name).await);
    }
    let others: Vec<&Person> = people[1..].iter().collect();
    let chat = people[0].group("Garden", &others).await;
    let mut clients = Vec::new();
    for (api, person) in APIS.into_iter().zip(&people) {
        clients.push(Client::new(api, person, chat).await);
    }
    clients
}
