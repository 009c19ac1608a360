//! What serde writes is what poem-openapi's types give: the same fields in the same order.

use poem_openapi::types::{Example, ToJSON};
use serde::Serialize;

use super::message::{Origin, Quote, Reaction, Thread};
use super::poll::PollOption;
use super::*;
use crate::json_object::JsonObject;

#[track_caller]
fn assert_same(value: &(impl Serialize + ToJSON)) {
    assert_eq!(serde_json::to_string(value).unwrap(), value.to_json().unwrap().to_string());
}

fn full_message() -> Message {
    Message {
        kind: MessageType::Poll,
        payload: serde_json::from_str(r#"{"z": 1, "a": [null, 1.5, {"y": "\ud83d\udc4d\n"}]}"#)
            .ok()
            .map(JsonObject),
        edited_at: Some("2024-03-26T12:06:00".to_owned()),
        client_id: Some("550e8400-e29b-41d4-a716-446655440000".to_owned()),
        attachments: vec![
            Attachment::example(),
            Attachment {
                width: Some(1),
                height: Some(2),
                placeholder: Some("AA==".to_owned()),
                url: None,
                thumbnail_url: Some("/t".to_owned()),
                duration_ms: None,
                waveform: None,
                ..Attachment::example()
            },
        ],
        plain: Some("A poll".to_owned()),
        reply_to: Some(Quote { id: 1, author_id: 2, kind: MessageType::Ai, text: None }),
        thread_id: Some(3),
        thread: Some(Thread { count: 4, last_ts: "2024-03-26T12:07:00".to_owned() }),
        forwarded_from: Some(Origin {
            chat_id: None,
            message_id: Some(5),
            author_id: None,
            author_name: "Ann \"A\"".to_owned(),
            ts: "2024-03-26T12:08:00".to_owned(),
        }),
        mentions: Some(vec![6, 7]),
        mentions_all: Some(true),
        silent: Some(true),
        expires_at: Some("2024-03-26T12:09:00".to_owned()),
        pinned_at: Some("2024-03-26T12:10:00".to_owned()),
        poll: Some(Poll {
            options: vec![
                PollOption { text: "a".to_owned(), votes: 1, user_ids: Some(vec![8]) },
                PollOption { text: "b".to_owned(), votes: 0, user_ids: None },
            ],
            voters: 1,
            multiple: false,
            anonymous: true,
            closed_at: None,
        }),
        ..Message::example()
    }
}

fn deleted_message() -> Message {
    Message { content: None, deleted: true, reactions: Vec::new(), previews: None, ..Message::example() }
}

#[test]
fn messages_are_written_as_documented() {
    assert_same(&Message::example());
    assert_same(&full_message());
    assert_same(&deleted_message());
    assert_same(&vec![full_message(), deleted_message()]);
    assert_same(&Reaction { emoji: "\u{1f44d}".to_owned(), count: 2, user_ids: vec![1, 2] });
    for kind in besedka_core::model::Kind::ALL {
        assert_same(&MessageType::from(kind));
    }
}

#[test]
fn chats_are_written_as_documented() {
    assert_same(&Chat::example());
    let presence = Some(Presence { status: Status::Away, last_seen_at: None });
    assert_same(&Chat {
        last_message: Some(full_message()),
        last_read_message_id: Some(1),
        peer: Some(Person { presence, ..Person::example() }),
        kind: ChatKind::Private,
        role: Role::Admin,
        notify: Notify::Mentions,
        code: None,
        muted_until: Some("2024-03-26T12:00:00".to_owned()),
        ..Chat::example()
    });
    assert_same(&Chat { last_message: None, description: None, ..Chat::example() });
    for kind in [ChatKind::Private, ChatKind::Group, ChatKind::Channel, ChatKind::Saved] {
        assert_same(&kind);
    }
    for role in [Role::Owner, Role::Admin, Role::Member] {
        assert_same(&role);
    }
    for notify in [Notify::All, Notify::Mentions, Notify::None] {
        assert_same(&notify);
    }
    for status in [Status::Online, Status::Away, Status::Offline] {
        assert_same(&status);
    }
}

#[test]
fn users_are_written_as_documented() {
    assert_same(&User::example());
    assert_same(&User { email: None, avatar_url: Some("/a".to_owned()), ..User::example() });
    assert_same(&Person::example());
}
