//! Section `dialects`: what a send costs by each API, beside what it costs by our own.

use serde_json::{Value, json};

use crate::crowd::{Crowd, Person};
use crate::http::Connection;
use crate::post::{Post, sentence};
use crate::report::Table;
use crate::server::Server;
use crate::{Bench, Result, sends};

const CHATS: usize = 8;
const PEOPLE: usize = 64;
const SENDERS: usize = 16;

/// An API by which something can be said.
#[derive(Clone, Copy)]
enum Door {
    V1,
    Kyte,
    Mimu,
    Unet,
    Desktop,
}

impl Door {
    const ALL: [(Self, &'static str); 5] = [
        (Self::V1, "v1"),
        (Self::Kyte, "Kyte"),
        (Self::Mimu, "Mimu"),
        (Self::Unet, "unet"),
        (Self::Desktop, "desktop"),
    ];

    /// Where a message is sent, and what is sent.
    fn post(self, chat: &Chat, person: &Person) -> (String, Value) {
        let id = chat.id;
        match self {
            Self::V1 => {
                let body = json!({"chat_id": id, "type": "text", "content": sentence()});
                ("/api/v1/messages".to_owned(), body)
            }
            Self::Kyte => (format!("/kyte/chats/{id}/messages"), json!({"content": sentence()})),
            Self::Mimu => {
                let body = json!({
                    "chatId": id.to_string(), "type": "text", "text": sentence(), "replyToMessageId": null,
                    "timestamp": "2024-03-26T12:05:00",
                });
                ("/mimu/api/v1/messages".to_owned(), body)
            }
            Self::Unet => {
                let body = json!({
                    "conversation_id": chat.uuid, "sender_id": person.id, "text": sentence(), "reply_to": null,
                });
                ("/api/unet-chat/messages/".to_owned(), body)
            }
            Self::Desktop => (format!("/desktop/api/chats/{id}/messages"), json!({"content": sentence()})),
        }
    }

    /// What an answer to it has as its status.
    fn status(self) -> u16 {
        match self {
            Self::Mimu => 200,
            Self::V1 | Self::Kyte | Self::Unet | Self::Desktop => 201,
        }
    }
}

/// A chat, by its number and as unet calls it.
struct Chat {
    id: u64,
    uuid: String,
}

pub(crate) async fn measure(bench: &Bench, crowd: &mut Crowd) -> Result<Table> {
    let server = bench.start(&crowd.data).await?;
    crowd.gather(&server, PEOPLE).await?;
    let mut chats = Vec::new();
    for number in 0..CHATS {
        let members: Vec<_> = crowd.people[..PEOPLE].iter().skip(number).step_by(CHATS).collect();
        let title = format!("Door {number}");
        let id = Crowd::chat(&server, &title, &members).await?;
        chats.push(Chat { id, uuid: uuid(&server, members[0], &title).await? });
    }
    let mut table = Table::new("Durable sends by each API, 16 senders", &sends::columns("API"));
    for (door, name) in Door::ALL {
        eprintln!("dialects: {name} …");
        let posts = crowd.people[..SENDERS].iter().enumerate().map(|(number, person)| {
            let (path, body) = door.post(&chats[number % CHATS], person);
            Post::of(&path, &person.token, &body, number)
        });
        let mut row = sends::run(bench, &server, posts.collect(), door.status()).await?;
        row[0] = name.into();
        table.row(row);
    }
    server.stop()?;
    Ok(table)
}

/// What unet calls a chat.
async fn uuid(server: &Server, person: &Person, title: &str) -> Result<String> {
    let mut connection = Connection::open(server.address).await?;
    let path = ("GET", "/api/unet-chat/conversations/");
    let list = connection.call(path, Some(&person.token), &Value::Null, 200).await?;
    let found = list.as_array().into_iter().flatten().find(|chat| chat["title"] == title);
    let id = found.and_then(|chat| chat["id"].as_str()).ok_or("unet does not list the chat")?;
    Ok(id.to_owned())
}
