//! `/users/me/import`: an export, here or elsewhere, brought along.

use std::io::{Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::interleavings::missed;
use crate::server::{Person, Reply, TestServer, fresh_key};
use crate::traffic::history;

async fn export_of(person: &Person) -> Vec<u8> {
    let response = person.request(Method::GET, "/users/me/export").send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

async fn import(person: &Person, zip: Vec<u8>) -> Reply {
    let id = person.upload("export.zip", "application/zip", zip).await;
    person.post("/users/me/import", json!({"attachment_id": id})).await
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn about(user: i64) -> Vec<u8> {
    let about =
        json!({"format": "besedka-export", "version": 1, "made_at": "2024-03-26T12:00:00", "user_id": user});
    serde_json::to_vec(&about).unwrap()
}

/// An export that holds one chat with these lines.
pub fn export_with(lines: &[u8]) -> Vec<u8> {
    zip_of(&[
        ("export.json", &about(7)),
        ("profile.json", br#"{"id": 7, "display_name": "Eve"}"#),
        ("chats/5/chat.json", br#"{"title": "Old", "kind": "group"}"#),
        ("chats/5/messages-0001.ndjson", lines),
    ])
}

fn line(message: &Value) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).unwrap();
    line.push(b'\n');
    line
}

pub fn text(id: i64, content: &str) -> Value {
    json!({"id": id, "author_id": 7, "type": "text", "content": content, "ts": "2024-03-26T12:00:00"})
}

pub fn lines(messages: impl IntoIterator<Item = Value>) -> Vec<u8> {
    messages.into_iter().flat_map(|message| line(&message)).collect()
}

/// The chats of somebody, by title.
async fn chat_of(person: &Person, title: &str) -> Value {
    let chats = person.get("/chats").await.expect(200);
    let found: Vec<&Value> = chats.as_array().unwrap().iter().filter(|chat| chat["title"] == title).collect();
    assert_eq!(found.len(), 1, "{title}: {chats}");
    found[0].clone()
}

/// What stands in a chat but the server's own words, the oldest first.
async fn sent(person: &Person, chat: &Value) -> Vec<Value> {
    let messages = person.get(&format!("/messages?chat_id={}&limit=200", chat["id"])).await.expect(200);
    let mut messages = messages.as_array().unwrap().clone();
    messages.retain(|message| message["type"] != "system");
    messages.reverse();
    messages
}

/// A server where Anna has sent something of every kind; and Anna.
async fn elsewhere() -> (TestServer, Person) {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let group = anna.group("Сад 🌳", &[&bob]).await;
    let say = async |person: &Person, body: Value| person.post("/messages", body).await.expect(201);
    let first = anna.post_text(group, "первое").await["id"].clone();
    say(&bob, json!({"chat_id": group, "content": "ответ", "reply_to": first})).await;
    say(&bob, json!({"chat_id": group, "content": "в ветке", "thread_id": first})).await;
    let gone = bob.post_text(group, "deleted").await["id"].clone();
    say(&anna, json!({"chat_id": group, "content": "об удалённом", "reply_to": gone})).await;
    bob.delete(&format!("/messages/{gone}")).await.expect(204);
    for (person, name) in [(&anna, "план.txt"), (&bob, "чужой.txt")] {
        let file = person.upload(name, "text/plain", format!("of {name}").into_bytes()).await;
        let payload = json!({"attachment_id": file});
        say(person, json!({"chat_id": group, "type": "file", "content": "смотри", "payload": payload})).await;
    }
    let place = json!({"latitude": 55.75, "longitude": 37.61, "name": "Москва"});
    say(&anna, json!({"chat_id": group, "type": "location", "payload": place})).await;
    let options = json!({"options": ["да", "нет"]});
    say(&bob, json!({"chat_id": group, "type": "poll", "content": "Идём?", "payload": options})).await;
    let direct = bob.direct(&anna).await;
    let told = bob.post_text(direct, "@anna только тебе").await["id"].clone();
    anna.post(&format!("/messages/{told}/forward"), json!({"chat_ids": [group]})).await.expect(201);
    let saved = anna.post("/chats", json!({"kind": "saved"})).await.expect(201)["id"].as_i64().unwrap();
    anna.post_text(saved, "на память").await;
    anna.group("Nothing was sent here", &[]).await;
    (server, anna)
}

#[tokio::test]
async fn the_longest_file_name_is_brought_along() {
    let (from, to) = (TestServer::start().await, TestServer::start().await);
    let (anna, carla) = (from.person("anna").await, to.person("carla").await);
    let group = anna.group("Сад", &[]).await;
    let name = format!("{}.txt", "ж".repeat(251));
    let file = anna.upload(&name, "text/plain", b"a plan".to_vec()).await;
    let payload = json!({"attachment_id": file});
    let body = json!({"chat_id": group, "type": "file", "payload": payload});
    anna.post("/messages", body).await.expect(201);
    let zip = export_of(&anna).await;
    // Most file systems take names of up to 255 bytes: the export can be unpacked.
    let mut archive = zip::ZipArchive::new(Cursor::new(zip.clone())).unwrap();
    let entries =
        (0..archive.len()).map(|index| archive.by_index(index).unwrap().name().unwrap().into_owned());
    let entry = entries.filter_map(|entry| entry.strip_prefix(&format!("files/{file}/")).map(str::to_owned));
    let entry = entry.last().unwrap();
    assert!(entry.len() <= 255 && entry.starts_with("жж") && entry.ends_with("ж.txt"), "{entry}");
    assert_eq!(import(&carla, zip).await.expect(200)["files"], 1);
    let brought = &sent(&carla, &chat_of(&carla, "Сад").await).await[0]["attachments"][0];
    assert_eq!(brought["filename"], name.as_str());
    let read = carla.request(Method::GET, &format!("/attachments/{}", brought["id"].as_str().unwrap()));
    assert_eq!(read.send().await.unwrap().bytes().await.unwrap(), "a plan");
}

#[tokio::test]
async fn what_was_sent_elsewhere_is_here_as_it_was() {
    let ((from, anna), to) = (elsewhere().await, TestServer::start().await);
    let carla = to.person("carla").await;
    to.person("anna").await;
    let done = import(&carla, export_of(&anna).await).await.expect(200);
    assert_eq!(
        (&done["chats"], &done["messages"], &done["files"]),
        (&json!(2), &json!(11), &json!(1)),
        "{done}"
    );

    let chat = chat_of(&carla, "Сад 🌳").await;
    assert_eq!(
        (&chat["member_count"], &chat["role"], &chat["kind"]),
        (&json!(1), &json!("owner"), &json!("group"))
    );
    assert!(chat["description"].as_str().unwrap().starts_with("Imported on 2"), "{chat}");
    let messages = sent(&carla, &chat).await;
    let kinds: Vec<_> = messages.iter().map(|message| message["type"].as_str().unwrap()).collect();
    let (text, place) = ("text", "location");
    assert_eq!(kinds, [text, text, text, text, "file", text, place, text, text]);
    let texts: Vec<_> = messages.iter().filter_map(|message| message["content"].as_str()).collect();
    let expected = [
        "первое",
        "ответ",
        "в ветке",
        "об удалённом",
        "смотри",
        "📎 смотри",
        "📊 Идём? (да / нет)",
        "@anna только тебе",
    ];
    assert_eq!(texts, expected);
    let own = &messages[0]["forwarded_from"];
    assert_eq!((&own["author_name"], &own["author_id"]), (&json!("anna"), &json!(carla.id)));
    let of_bob = &messages[1]["forwarded_from"];
    assert_eq!(of_bob["author_name"], "bob");
    for unknown in ["author_id", "chat_id", "message_id"] {
        assert_eq!(of_bob[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(of_bob["ts"].as_str().unwrap()[..10], from.clock.now().iso()[..10]);
    assert!(messages.iter().all(|message| message["author_id"] == carla.id && message["silent"] == true));
    assert_eq!(messages[1]["reply_to"]["id"], messages[0]["id"]);
    assert_eq!(messages[2]["thread_id"], messages[0]["id"]);
    assert_eq!(messages[3]["reply_to"], Value::Null, "what it answered is not here");
    assert_eq!(messages[8]["forwarded_from"]["author_name"], "bob", "its first origin");
    assert_eq!(messages[6]["payload"]["name"], "Москва");
    let file = messages[4]["attachments"][0].clone();
    assert_eq!(file["filename"], "план.txt");
    assert_eq!(messages[4]["payload"]["attachment_id"], file["id"]);
    let path = format!("/attachments/{}", file["id"].as_str().unwrap());
    let bytes = carla.request(Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes, "of план.txt".as_bytes());

    let direct = chat_of(&carla, "bob").await;
    assert_eq!((&direct["kind"], &direct["unread_count"]), (&json!("group"), &json!(0)));
    let saved = carla.get("/chats").await.expect(200);
    let saved = saved.as_array().unwrap().iter().find(|chat| chat["kind"] == "saved").unwrap().clone();
    assert_eq!(sent(&carla, &saved).await[0]["content"], "на память");
    assert_eq!(
        carla.get("/chats").await.expect(200).as_array().unwrap().len(),
        3,
        "where something was sent"
    );
}

#[tokio::test]
async fn repeated_it_adds_nothing_twice_and_takes_up_what_came_since() {
    let (from, anna) = elsewhere().await;
    let first = export_of(&anna).await;
    let done = import(&anna, first.clone()).await.expect(200);
    assert_eq!((&done["messages"], &done["files"]), (&json!(11), &json!(1)), "also where it was made");
    let chats = anna.get("/chats").await.expect(200).as_array().unwrap().len();
    let again = import(&anna, first).await.expect(200);
    assert_eq!(
        (&again["chats"], &again["messages"], &again["files"]),
        (&json!(0), &json!(0), &json!(0)),
        "{again}"
    );
    assert_eq!(anna.get("/chats").await.expect(200).as_array().unwrap().len(), chats);

    let to = TestServer::start().await;
    let carla = to.person("carla").await;
    let garden = from.person("dora").await.group("Огород", &[&anna]).await;
    anna.post_text(garden, "раз").await;
    import(&carla, export_of(&anna).await).await.expect(200);
    let before = sent(&carla, &chat_of(&carla, "Огород").await).await;
    carla.delete(&format!("/messages/{}", before[0]["id"])).await.expect(204);
    anna.post_text(garden, "два").await;
    let done = import(&carla, export_of(&anna).await).await.expect(200);
    assert_eq!((&done["chats"], &done["messages"]), (&json!(0), &json!(1)), "{done}");
    let after = sent(&carla, &chat_of(&carla, "Огород").await).await;
    let texts: Vec<_> = after.iter().map(|message| message["content"].clone()).collect();
    assert_eq!(texts, [Value::Null, json!("два")], "and what was deleted stays so");
}

#[tokio::test]
async fn it_goes_on_when_nobody_waits_for_it() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let zip = export_with(&lines((1..=1_000).map(|id| text(id, &format!("{id}")))));
    let id = anna.upload("export.zip", "application/zip", zip).await;
    let mut socket = anna.socket().await;
    let asking = anna.clone();
    let request = tokio::spawn(async move {
        asking.post("/users/me/import", json!({"attachment_id": id})).await;
    });
    socket.until("message.created").await;
    request.abort();
    loop {
        if socket.until("message.created").await["content"] == "1000" {
            break;
        }
    }
    assert_eq!(sent(&anna, &chat_of(&anna, "Old").await).await.len(), 200);
}

#[tokio::test]
async fn somebody_has_one_at_a_time_and_three_an_hour() {
    let server = TestServer::with(&[]).await;
    let anna = server.person("anna").await;
    let zip = export_with(&lines((1..=2_000).map(|id| text(id, &format!("{id}")))));
    let id = anna.upload("export.zip", "application/zip", zip).await;
    let ask = || anna.post("/users/me/import", json!({"attachment_id": id}));
    let (one, two) = tokio::join!(ask(), ask());
    let mut answers = [one, two];
    answers.sort_by_key(|reply| reply.status);
    let [done, refused] = answers;
    assert_eq!(done.expect(200)["messages"], 2_000, "as fast as it can");
    refused.refused(409, "conflict");
    let key = fresh_key();
    let body = json!({"attachment_id": id});
    let send = || anna.send(Method::POST, "/users/me/import", Some(&key), Some(body.clone()));
    let first = send().await.expect(200);
    assert_eq!(first["messages"], 0);
    let repeated = send().await.refused(409, "duplicate_request");
    assert_eq!(repeated["original"]["body"], first);
    ask().await.expect(200);
    ask().await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn it_stays_among_what_is_ones_own() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let id = anna.upload("export.zip", "application/zip", export_with(&lines([text(1, "a")]))).await;
    bob.post("/users/me/import", json!({"attachment_id": id})).await.refused(400, "invalid");
    for scopes in [&["account"][..], &["write"], &["account", "read"]] {
        let token = anna.with_token(scopes).await;
        token.post("/users/me/import", json!({"attachment_id": id})).await.refused(403, "insufficient_scope");
    }
    let both = anna.with_token(&["account", "write"]).await;
    both.post("/users/me/import", json!({"attachment_id": id})).await.expect(200);

    // Somebody else has come in: it is theirs too now.
    let group = chat_of(&anna, "Old").await;
    anna.post(&format!("/chats/{}/members", group["id"]), json!({"user_id": bob.id})).await.expect(201);
    let done = import(&anna, export_with(&lines([text(1, "a"), text(2, "b")]))).await.expect(200);
    assert_eq!((&done["messages"], &done["skipped"]), (&json!(0), &json!(1)));

    // What has an old message's name by hand does not lead an import to where it stands.
    let carla = server.person("carla").await;
    let zip = export_with(&lines([text(5, "e"), text(6, "f")]));
    import(&bob, zip.clone()).await.expect(200);
    let bobs = bob.get("/chats").await.expect(200);
    let bobs = bobs.as_array().unwrap().iter().find(|chat| chat["role"] == "owner").unwrap().clone();
    let taken = sent(&bob, &bobs).await[0]["client_id"].clone();
    assert!(taken.is_string());
    let shared = carla.group("Shared", &[&anna]).await;
    let by_hand = json!({"chat_id": shared, "content": "by hand", "client_id": taken});
    carla.post("/messages", by_hand).await.expect(201);
    let done = import(&carla, zip).await.expect(200);
    assert_eq!((&done["messages"], &done["skipped"]), (&json!(1), &json!(1)), "{done}");
    assert_eq!(carla.texts(shared).await, ["by hand"]);
    assert_eq!(sent(&carla, &chat_of(&carla, "Old").await).await[0]["content"], "f");
}

#[tokio::test]
async fn what_is_no_export_is_refused_in_words() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let other_version = br#"{"format": "besedka-export", "version": 2, "user_id": 1}"#;
    let cut = export_with(b"");
    let empty = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    // So many entries that their list would fill the memory, though there is none.
    let mut crowd = cut.clone();
    let end = crowd.len() - 22;
    crowd[end + 8..end + 12].fill(0xff);
    let long_end = [
        b"PK\x06\x06".as_slice(),
        &44_u64.to_le_bytes(),
        &[0; 12],
        &u64::MAX.to_le_bytes(),
        &(u64::MAX / 50).to_le_bytes(),
        &(u64::MAX / 2).to_le_bytes(),
        &0_u64.to_le_bytes(),
        b"PK\x06\x07",
        &[0; 4],
        &4_u64.to_le_bytes(),
        &[0; 4],
    ]
    .concat();
    let crowd_64 = [b"zip:".as_slice(), &long_end, b"PK\x05\x06", &[0; 4], &[0xff; 12], &[0; 2]].concat();
    let mut encrypted = zip_of(&[("export.json", &about(7))]);
    let list = encrypted.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    encrypted[list + 8] |= 1;
    let mut far = zip_of(&[("export.json", &about(7))]);
    far[list + 42..list + 46].fill(0xf0);
    let mut spoilt = zip_of(&[("export.json", &about(7))]);
    spoilt[45] ^= 0xff;
    for (name, bytes) in [
        ("text", b"no zip at all".to_vec()),
        ("an empty zip", empty),
        ("cut off", cut[..cut.len() - 30].to_vec()),
        ("another zip", zip_of(&[("readme.txt", b"hello")])),
        ("no JSON", zip_of(&[("export.json", b"[1,")])),
        ("another format", zip_of(&[("export.json", br#"{"format": "x", "version": 1, "user_id": 1}"#)])),
        ("another version", zip_of(&[("export.json", other_version)])),
        ("path tricks", zip_of(&[("../export.json", &about(7))])),
        ("a crowd", crowd),
        ("a crowd in zip64", crowd_64),
        ("encrypted", encrypted),
        ("far away", far),
        ("spoilt", spoilt),
    ] {
        let id = anna.upload("export.zip", "application/octet-stream", bytes).await;
        let reply = anna.post("/users/me/import", json!({"attachment_id": id})).await;
        assert_eq!(reply.status, 400, "{name}: {}", reply.body);
        reply.refused(400, "invalid");
    }
    let reply = anna.post("/users/me/import", json!({"attachment_id": uuid::Uuid::nil()})).await;
    reply.refused(400, "invalid");
    let reply = anna.post("/users/me/import", json!({"attachment_id": "x"})).await;
    reply.refused(400, "invalid");
    assert_eq!(anna.get("/chats").await.expect(200), json!([]));
}

#[tokio::test]
async fn odd_lines_are_left_out_and_the_others_are_not() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let with = |id: i64, more: Value| {
        let mut message = text(id, &format!("m{id}"));
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    };
    let taken = [
        text(1, "m1"),
        // Answers itself, what comes later, and what is nowhere.
        with(2, json!({"reply_to": {"id": 2}, "thread_id": 2})),
        with(3, json!({"reply_to": {"id": 4}, "thread_id": -1})),
        with(4, json!({"ts": "9999-01-01T00:00:00", "author_id": i64::MAX})),
        with(5, json!({"ts": "-005000-01-01T00:00:00Z"})),
        with(6, json!({"type": "poll", "content": null, "plain": "m6", "payload": {"options": 5}})),
        with(7, json!({"type": "image", "plain": "m7", "payload": {"attachment_id": "../../etc/passwd"}})),
        with(
            8,
            json!({"forwarded_from": {"author_name": "\u{202e}\n", "ts": "2020-01-01", "author_id": null}}),
        ),
        with(9, json!({"mentions": "odd", "reactions": {"are": "not read"}, "mentions_all": 5})),
        with(
            10,
            json!({"type": "voice", "plain": "m10", "attachments": [{
                "id": "550e8400-e29b-41d4-a716-446655440000", "filename": "..", "content_type": "\r\n",
            }]}),
        ),
    ];
    let left_out = [
        text(1, "the same number"),
        text(20, ""),
        text(21, &"х".repeat(16_001)),
        text(22, "\0"),
        with(23, json!({"ts": "yesterday"})),
        with(24, json!({"type": "spell"})),
        with(25, json!({"type": "system"})),
        with(26, json!({"deleted": true})),
        with(27, json!({"expires_at": "2030-01-01T00:00:00"})),
        with(28, json!({"id": "28"})),
        with(29, json!({"payload": [1]})),
        json!([]),
        json!(null),
        json!({}),
    ];
    let mut bytes = lines(taken.iter().cloned());
    bytes.extend(lines(left_out.iter().cloned()));
    let odd = [&b"no JSON"[..], b"\xff\xfe", b"{\"id\":", &[b'['; 100_000], &[b' '; 2_000_000]];
    for odd in odd {
        bytes.extend(odd);
        bytes.push(b'\n');
    }
    bytes.extend(line(&text(11, "m11")));
    let voice = ("files/550e8400-e29b-41d4-a716-446655440000/../../x", &b"sound"[..]);
    let zip = zip_of(&[
        ("export.json", &about(7)),
        ("profile.json", b"[]"),
        ("chats/5/chat.json", "{\"title\": \"\u{202e} \", \"description\": 5}".as_bytes()),
        ("chats/5/members.json", br#"[{"user": 5}]"#),
        ("chats/5/messages-0001.ndjson", &bytes),
        ("chats/../6/messages-0001.ndjson", &line(&text(30, "not looked at"))),
        ("chats/99999999999999999999/messages-0001.ndjson", &line(&text(31, "nor this"))),
        voice,
    ]);
    let done = import(&anna, zip).await.expect(200);
    assert_eq!(
        (&done["chats"], &done["messages"], &done["files"], &done["skipped"]),
        (&json!(1), &json!(11), &json!(0), &json!(left_out.len() + odd.len())),
        "{done}"
    );
    let messages = sent(&anna, &chat_of(&anna, "Import").await).await;
    let texts: Vec<_> = messages.iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(texts, ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11"]);
    assert!(messages.iter().all(|message| message["type"] == "text" && message.get("reply_to").is_none()));
    let told = |index: usize, field: &str| messages[index]["forwarded_from"][field].clone();
    assert!(told(3, "ts").as_str().unwrap() <= server.clock.now().iso().as_str(), "not in the future");
    assert_eq!(told(4, "ts"), "1970-01-01T00:00:00");
    assert_eq!(told(7, "author_name"), "Somebody");
}

#[tokio::test]
async fn lines_count_also_when_nothing_is_in_them() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let started = std::time::Instant::now();
    let blank = import(&anna, export_with(&vec![b'\n'; 100_000_000])).await.refused(413, "too_large");
    assert!(blank["detail"].as_str().unwrap().contains("1,000,000 lines"), "{blank}");
    let long = import(&anna, export_with(&vec![b'x'; 100_000_000])).await.refused(413, "too_large");
    assert!(long["detail"].as_str().unwrap().contains("too long"), "{long}");
    // Packing takes most of it.
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
    let few = [&line(&text(1, "before"))[..], &[b'\n'; 1_000], &line(&text(2, "after"))].concat();
    assert_eq!(import(&anna, export_with(&few)).await.expect(200)["messages"], 2);
}

#[tokio::test]
async fn a_zip_that_unpacks_to_too_much_is_stopped() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let before = [line(&text(1, "before")), vec![0; 40_000_000]].concat();
    // A line of zeros is one that can't be read, and costs no memory.
    let done = import(&anna, export_with(&before)).await.expect(200);
    assert_eq!((&done["messages"], &done["skipped"]), (&json!(1), &json!(1)));

    // Larger than it says.
    let mut liar = export_with(&before);
    let list = liar.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    liar[list + 24..list + 28].copy_from_slice(&1_000_u32.to_le_bytes());
    let reply = import(&anna, liar).await.refused(400, "invalid");
    assert!(reply["detail"].as_str().unwrap().contains("larger than declared"), "{reply}");
}

/// While a long import is written others post, and the importer too: all of it is there once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_go_on_between_the_slices_of_an_import() {
    const MESSAGES: i64 = 3_000;
    const POSTERS: usize = 4;
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let garden = ann.group("Garden", &[&bob]).await;
    let (bobs_cursor, anns_cursor) = (bob.cursor().await, ann.cursor().await);
    // Some are answers, also to what is in the same slice.
    let message = |id: i64| {
        let mut message = text(id, &format!("line {id}"));
        if id % 100 == 50 {
            message["reply_to"] = json!({"id": id - 1});
        }
        message
    };
    let zip = export_with(&lines((1..=MESSAGES).map(message)));
    let id = ann.upload("export.zip", "application/zip", zip).await;
    let importing = tokio::spawn({
        let ann = ann.clone();
        async move { ann.post("/users/me/import", json!({"attachment_id": id})).await.expect(200) }
    });
    let over = Arc::new(AtomicBool::new(false));
    let posting = (0..POSTERS).map(|poster| {
        let (person, over) = (if poster % 2 == 0 { ann.clone() } else { bob.clone() }, over.clone());
        tokio::spawn(async move {
            let mut posted = Vec::new();
            while !over.load(Ordering::SeqCst) {
                posted.push(person.post_text(garden, &format!("{poster} {}", posted.len())).await);
            }
            posted
        })
    });
    let posting: Vec<_> = posting.collect();
    let done = importing.await.unwrap();
    over.store(true, Ordering::SeqCst);
    assert_eq!((&done["messages"], &done["skipped"]), (&json!(MESSAGES), &json!(0)), "{done}");
    let mut posted = Vec::new();
    for poster in posting {
        posted.push(poster.await.unwrap());
    }
    let number = |message: &Value| message["id"].as_i64().unwrap();
    let old = chat_of(&ann, "Old").await;
    let imported = history(&ann, old["id"].as_i64().unwrap()).await;
    let expected: Vec<String> = (1..=MESSAGES).map(|id| format!("line {id}")).collect();
    assert_eq!(
        imported.iter().map(|message| message["content"].as_str().unwrap()).collect::<Vec<_>>(),
        expected
    );
    let answers = imported.iter().filter(|message| !message["reply_to"].is_null()).count() as i64;
    assert_eq!(answers, MESSAGES / 100);
    let sent = history(&bob, garden).await;
    for (poster, posted) in posted.iter().enumerate() {
        let prefix = format!("{poster} ");
        let own: Vec<i64> = sent
            .iter()
            .filter(|message| message["content"].as_str().is_some_and(|text| text.starts_with(&prefix)))
            .map(number)
            .collect();
        assert_eq!(own, posted.iter().map(number).collect::<Vec<_>>());
        let between = number(&imported[0])..number(&imported[imported.len() - 1]);
        assert!(
            posted.iter().any(|message| between.contains(&number(message))),
            "{poster} waited for the end"
        );
    }
    // What their clients missed is told once and in order too.
    for (person, cursor, chats) in
        [(&bob, bobs_cursor, vec![&sent]), (&ann, anns_cursor, vec![&sent, &imported])]
    {
        let told = missed(person, cursor).await;
        for chat in chats {
            let is_here = |message: &&Value| message["chat_id"] == chat[0]["chat_id"];
            let told: Vec<i64> = told.iter().filter(is_here).map(number).collect();
            assert_eq!(told, chat.iter().map(number).collect::<Vec<_>>());
        }
    }
    let zip = export_with(&lines((1..=MESSAGES).map(message)));
    let again = import(&ann, zip).await.expect(200);
    assert_eq!((&again["messages"], &again["chats"]), (&json!(0), &json!(0)), "{again}");
}
