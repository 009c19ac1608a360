//! Uses the generated Rust client of v1 against the server that BESEDKA_URL names.

use std::env;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::multipart::{Form, Part};
use v1::{Client, types};

#[allow(warnings, reason = "it is generated")]
mod v1 {
    include!(concat!(env!("OUT_DIR"), "/v1.rs"));
}

type Answer<T> = Result<v1::ResponseValue<T>, v1::Error<types::Problem>>;

fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn base() -> String {
    format!("{}/api/v1", env::var("BESEDKA_URL").unwrap())
}

async fn person(name: &str) -> (Client, i64) {
    let name = format!("{name}-{}", &key()[..8]);
    let new = types::Register::builder()
        .username(name.clone())
        .display_name(name)
        .password("password123".to_owned());
    let registered = Client::new(&base()).register().idempotency_key(key()).body(new).send().await.unwrap();
    let mut headers = HeaderMap::new();
    let token = format!("Bearer {}", registered.tokens.access_token);
    headers.insert(AUTHORIZATION, token.parse().unwrap());
    let http = reqwest::Client::builder().default_headers(headers).build().unwrap();
    (Client::new_with_client(&base(), http), registered.user.id)
}

/// The problem with which the server refused.
fn refused<T: std::fmt::Debug>(answer: Answer<T>, status: u16) -> types::Problem {
    match answer {
        Err(v1::Error::ErrorResponse(problem)) if problem.status() == status => problem.into_inner(),
        other => panic!("{other:?} is not refused with {status}"),
    }
}

#[tokio::main]
async fn main() {
    let (anna, anna_id) = person("anna").await;
    let (boris, boris_id) = person("boris").await;
    assert_eq!(anna.me().send().await.unwrap().id, anna_id);
    let cursor = boris.sync().send().await.unwrap().cursor.clone();

    let new = types::NewChat::builder().title("Garden".to_owned()).is_group(true).member_ids(vec![boris_id]);
    let chat = anna.create_chat().idempotency_key(key()).body(new).send().await.unwrap();
    assert_eq!(chat.title, "Garden");

    let say = |text: &str| types::CreateMessage::builder().chat_id(chat.id).content(text.to_owned());
    let again = key();
    let said = anna.send_message().idempotency_key(&again).body(say("hello")).send().await.unwrap();
    assert_eq!(said.content.as_deref(), Some("hello"));
    assert!(said.reactions.is_empty() && said.attachments.is_empty());

    let repeated = anna.send_message().idempotency_key(&again).body(say("hello")).send().await;
    assert_eq!(refused(repeated, 409).code.to_string(), "duplicate_request");
    assert_eq!(refused(anna.message().message_id(1).send().await, 404).code.to_string(), "not_found");
    let empty = refused(anna.send_message().idempotency_key(key()).body(say("")).send().await, 400);
    assert!(empty.code.to_string() == "invalid" && empty.detail.starts_with("content"), "{empty:?}");

    let change = types::MessageChange::builder().content("hello, all".to_owned());
    let edited =
        anna.edit_message().message_id(said.id).idempotency_key(key()).body(change).send().await.unwrap();
    assert!(edited.content.as_deref() == Some("hello, all") && edited.edited_at.is_some());
    let liked = boris.react().message_id(said.id).emoji("👍").idempotency_key(key()).send().await.unwrap();
    assert_eq!((liked.reactions[0].emoji.as_str(), liked.reactions[0].count), ("👍", 1));

    // The generator knows no forms: that of the upload is sent by hand.
    let data = b"written by hand";
    let new = types::NewAttachment::builder()
        .filename("note.txt".to_owned())
        .content_type("text/plain".to_owned())
        .size(data.len() as u64);
    let form = anna.announce_attachment().idempotency_key(key()).body(new).send().await.unwrap().into_inner();
    let filled =
        form.fields.0.into_iter().fold(Form::new(), |filled, (name, value)| filled.text(name, value));
    let file = Part::bytes(&data[..]).file_name("note.txt").mime_str("text/plain").unwrap();
    let uploaded =
        reqwest::Client::new().post(&form.url).multipart(filled.part("file", file)).send().await.unwrap();
    assert_eq!(uploaded.status(), 204);
    let id: uuid::Uuid = form.attachment_id.parse().unwrap();
    assert_eq!(anna.attachment_info().id(id).send().await.unwrap().filename, "note.txt");
    let note = serde_json::json!({"chat_id": chat.id, "type": "file", "payload": {"attachment_id": id}});
    let note: types::CreateMessage = serde_json::from_value(note).unwrap();
    let sent = anna.send_message().idempotency_key(key()).body(note).send().await.unwrap();
    assert_eq!(sent.attachments.len(), 1);

    let listed = boris.messages().chat_id(chat.id).send().await.unwrap();
    let ids: Vec<i64> = listed.iter().map(|message| message.id).take(2).collect();
    assert_eq!(ids, [sent.id, said.id]);
    let page = boris.sync().cursor(cursor).send().await.unwrap();
    let told = serde_json::to_value(&page.events).unwrap();
    assert!(told.as_array().unwrap().iter().any(|event| event["event"] == "message.created"), "{told}");
    println!("rust: all is as it should be");
}
