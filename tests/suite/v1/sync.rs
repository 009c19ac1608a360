//! What was missed.

mod replay;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use besedka::model::{Change, Scopes};
use serde_json::{Value, json};

use crate::server::{Dice, Person, Socket, TestServer, names};

#[tokio::test]
async fn without_a_cursor_there_is_only_the_cursor_of_the_present() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    ann.post_text(chat, "before").await;
    let page = bob.get("/sync").await.expect(200);
    assert_eq!((&page["events"], &page["gaps"], &page["has_more"]), (&json!([]), &json!([]), &json!(false)));
    let sent = ann.post_text(chat, "after").await;
    let page = missed(&bob, page["cursor"].as_str().unwrap()).await;
    assert_eq!(names(&page), ["message.created"]);
    assert_eq!(page[0]["data"], sent);
}

#[tokio::test]
async fn what_was_missed_is_told_like_what_is_received() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let cursor = bob.cursor().await;
    let mut socket = bob.socket().await;
    let id = ann.post_text(chat, "one").await["id"].clone();
    bob.post(&format!("/chats/{chat}/read"), json!({})).await.expect(200);
    ann.patch(&format!("/messages/{id}"), json!({"content": "two"})).await.expect(200);
    ann.patch(&format!("/chats/{chat}"), json!({"title": "Orchard"})).await.expect(200);
    let received = bob.receives(&mut socket).await;
    let mut told = missed(&bob, &cursor).await;
    told.retain(|event| event["event"] != "user.updated");
    assert_eq!(names(&told), names(&received));
    let positions =
        |events: &[Value]| -> Vec<Value> { events.iter().map(|e| e["position"].clone()).collect() };
    assert_eq!(positions(&told), positions(&received));
    assert_eq!(told[0]["data"]["content"], "two", "a message is told as it is now, not as it was");
    assert_eq!(told[1..], received[1..]);
}

#[tokio::test]
async fn a_cursor_is_moved_by_appending_positions() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let (garden, kitchen) = (ann.direct(&bob).await, ann.group("Kitchen", &[&bob]).await);
    let cursor = bob.cursor().await;
    for text in ["one", "two", "three"] {
        ann.post_text(garden, text).await;
        ann.post_text(kitchen, text).await;
    }
    let events = missed(&bob, &cursor).await;
    assert_eq!(events.len(), 6);
    let mut moved = cursor.clone();
    for (index, event) in events.iter().enumerate() {
        moved = format!("{moved}.{}", event["position"].as_str().unwrap());
        assert_eq!(missed(&bob, &moved).await, events[index + 1..], "{moved}");
    }
    let mut socket = bob.resume(&format!("{cursor}.{}", events[0]["position"].as_str().unwrap())).await;
    for event in &events[1..] {
        assert_eq!(socket.next().await.unwrap(), *event);
    }
    let ready = socket.next().await.unwrap();
    assert_eq!(ready["event"], "ready");
    assert_eq!(missed(&bob, ready["data"]["cursor"].as_str().unwrap()).await, Vec::<Value>::new());
}

#[tokio::test]
async fn pages_have_the_asked_length_and_nothing_is_lost_between_them() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chats = [ann.direct(&bob).await, ann.group("Kitchen", &[&bob]).await];
    let cursor = bob.cursor().await;
    for number in 0..9 {
        ann.post_text(chats[number % 2], &number.to_string()).await;
    }
    let whole = missed(&bob, &cursor).await;
    assert_eq!(whole.len(), 9);
    for limit in [1, 2, 4, 9, 500, 100_000] {
        let (mut at, mut events) = (cursor.clone(), Vec::new());
        loop {
            let page = bob.get(&format!("/sync?cursor={at}&limit={limit}")).await;
            let page = page.expect(200);
            let part = page["events"].as_array().unwrap().clone();
            assert!(part.len() <= limit);
            events.extend(part);
            at = page["cursor"].as_str().unwrap().to_owned();
            if page["has_more"] == false {
                break;
            }
            assert!(!page["events"].as_array().unwrap().is_empty());
        }
        assert_eq!(events, whole, "limit {limit}");
    }
}

#[tokio::test]
async fn a_cursor_that_can_t_be_read_is_a_mistake_of_the_client() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for wrong in ["nonsense", "a-", "-1", "a-1-2", "a-1..b", "щ-1", "a-zzzzzzzzzzzzzzzzzzzz"] {
        let reply = ann.get(&format!("/sync?cursor={wrong}")).await;
        let body = reply.refused(400, "invalid");
        assert!(body["detail"].as_str().unwrap().contains("cursor"), "{body}");
    }
    ann.get("/sync?limit=many").await.refused(400, "invalid");
}

#[tokio::test]
async fn a_cursor_stays_short_however_many_chats_there_are() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let mut chats = Vec::new();
    for number in 0..170 {
        chats.push(ann.group(&format!("Garden {number}"), &[&bob]).await);
    }
    let cursor = bob.cursor().await;
    assert!(cursor.len() < 2_048, "{} bytes", cursor.len());
    assert_eq!(bob.cursor().await, cursor, "nothing is stored again");
    for chat in &chats {
        ann.post_text(*chat, "hello").await;
    }
    let events = missed(&bob, &cursor).await;
    assert_eq!(events.len(), chats.len());

    let (mut at, mut read) = (cursor.clone(), Vec::new());
    loop {
        let page = bob.get(&format!("/sync?cursor={at}&limit=50")).await.expect(200);
        assert_eq!(page["gaps"], json!([]));
        read.extend(page["events"].as_array().unwrap().clone());
        at = page["cursor"].as_str().unwrap().to_owned();
        assert!(at.len() < 2_048, "{} bytes", at.len());
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(read, events);

    let mut socket = bob.resume(&format!("{cursor}.{}", events[0]["position"].as_str().unwrap())).await;
    for event in &events[1..] {
        assert_eq!(socket.next().await.unwrap(), *event);
    }
    let ready = socket.until("ready").await["cursor"].as_str().unwrap().to_owned();
    assert!(ready.len() < 2_048, "{} bytes", ready.len());
    assert_eq!(missed(&bob, &ready).await, Vec::<Value>::new());
    ann.post_text(chats[7], "more").await;
    assert_eq!(missed(&bob, &ready).await.len(), 1);

    // Of a cursor that is not stored any more everything is loaded anew.
    server.clock.advance(Duration::from_secs(47 * 24 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    let bob = server.again(&bob, "bob").await;
    let page = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    assert!(page["gaps"].as_array().unwrap().len() > chats.len(), "{page}");
    assert_eq!(page["events"], json!([]));
}

#[tokio::test]
async fn a_cursor_of_others_chats_tells_nothing() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let eve = server.person("eve").await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    ann.post_text(chat, "a secret").await;
    assert_eq!(missed(&eve, &cursor).await, Vec::<Value>::new());
}

#[tokio::test]
async fn events_older_than_thirty_days_leave_a_gap() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let (busy, quiet) = (ann.direct(&bob).await, ann.group("Quiet", &[&bob]).await);
    let cursor = bob.cursor().await;
    ann.post_text(busy, "long ago").await;
    bob.put("/users/me", json!({"language": "ru"})).await.expect(200);
    server.clock.advance(Duration::from_secs(31 * 24 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    let (ann, bob) = (server.again(&ann, "ann").await, server.again(&bob, "bob").await);
    ann.post_text(busy, "today").await;
    let page = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    let gaps: BTreeSet<String> =
        page["gaps"].as_array().unwrap().iter().map(|gap| gap["chat_id"].to_string()).collect();
    assert_eq!(gaps, BTreeSet::from([busy.to_string(), "null".to_owned()]), "not the quiet {quiet}");
    assert_eq!(page["events"], json!([]), "what comes after a gap is loaded with it");
    assert_eq!(missed(&bob, page["cursor"].as_str().unwrap()).await, Vec::<Value>::new());
    let mut socket = bob.resume(&cursor).await;
    let mut moved = cursor.clone();
    for _ in 0..2 {
        let gap = socket.next().await.unwrap();
        assert_eq!(gap["event"], "gap");
        moved = format!("{moved}.{}", gap["position"].as_str().unwrap());
    }
    assert_eq!(socket.next().await.unwrap()["event"], "ready");
    let sent = ann.post_text(busy, "live").await;
    assert_eq!(socket.next().await.unwrap()["data"], sent);
    assert_eq!(missed(&bob, &moved).await[0]["data"], sent);
}

#[tokio::test]
async fn a_cursor_from_a_future_that_was_lost_is_a_gap() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    ann.post_text(chat, "one").await;
    let position = missed(&bob, &cursor).await[0]["position"].as_str().unwrap().to_owned();
    let (stream, _) = position.split_once('-').unwrap();
    let page = bob.get(&format!("/sync?cursor={cursor}.{stream}-zzzz")).await;
    let page = page.expect(200);
    assert_eq!(page["gaps"], json!([{"chat_id": chat, "position": position}]));
    assert_eq!(page["events"], json!([]));
    let sent = ann.post_text(chat, "two").await;
    assert_eq!(missed(&bob, page["cursor"].as_str().unwrap()).await[0]["data"], sent);
}

#[tokio::test]
async fn whoever_was_removed_while_away_is_told_so_and_nothing_else() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let cursor = bob.cursor().await;
    ann.post_text(chat, "not for bob any more").await;
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    ann.post_text(chat, "between us").await;
    let told = missed(&bob, &cursor).await;
    assert_eq!(names(&told), ["chat.removed"]);
    assert_eq!(told[0]["data"], json!({"id": chat, "hidden": false}));
}

#[tokio::test]
async fn what_was_deleted_or_edited_away_is_nowhere_in_a_replay() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    let deleted = ann.post_text(chat, "deleted secret").await["id"].clone();
    let edited = ann.post_text(chat, "edited secret").await["id"].clone();
    ann.delete(&format!("/messages/{deleted}")).await.expect(204);
    ann.patch(&format!("/messages/{edited}"), json!({"content": "nothing"})).await.expect(200);
    let told = missed(&bob, &cursor).await;
    assert!(!json!(told).to_string().contains("secret"), "{told:?}");
    let gone: Vec<&Value> = told.iter().filter(|event| event["data"]["id"] == deleted).collect();
    assert_eq!(gone.last().unwrap()["event"], "message.deleted");
}

#[tokio::test]
async fn what_was_hidden_from_oneself_does_not_come_back_in_a_replay() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    let id = ann.post_text(chat, "not for my eyes").await["id"].clone();
    bob.delete(&format!("/messages/{id}?for=me")).await.expect(204);
    let told = missed(&bob, &cursor).await;
    assert_eq!(names(&told), ["message.hidden"], "{told:?}");
    assert_eq!(ann.texts(chat).await, ["not for my eyes"], "the others see it");
}

#[tokio::test]
async fn changes_of_what_was_hidden_from_oneself_are_not_told_live() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let hidden = ann.post_text(chat, "hidden").await["id"].clone();
    bob.delete(&format!("/messages/{hidden}?for=me")).await.expect(204);
    let (mut of_ann, mut of_bob) = (ann.socket().await, bob.socket().await);
    ann.patch(&format!("/messages/{hidden}"), json!({"content": "edited"})).await.expect(200);
    ann.put(&format!("/messages/{hidden}/reactions/👍"), json!({})).await.expect(200);
    ann.post_text(chat, "shown").await;
    let updated = of_ann.until("message.updated").await;
    assert_eq!(updated["content"], "edited", "{updated}");
    loop {
        let frame = of_bob.next().await.unwrap();
        assert_ne!(frame["data"]["id"], hidden, "{frame}");
        if frame["data"]["content"] == "shown" {
            break;
        }
    }
}

#[tokio::test]
async fn whoever_joins_again_reads_what_was_sent_meanwhile_everywhere() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    ann.post_text(chat, "before").await;
    let cursor = bob.cursor().await;
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    ann.post_text(chat, "meanwhile https://example.org/").await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    ann.post_text(chat, "after").await;
    let meanwhile = "meanwhile https://example.org/";
    assert!(bob.texts(chat).await.contains(&meanwhile.to_owned()));
    let links = bob.get(&format!("/chats/{chat}/media?type=link")).await.expect(200);
    assert_eq!(links[0]["content"], meanwhile);
    let told = missed(&bob, &cursor).await;
    let sent: Vec<&str> = told
        .iter()
        .filter(|event| event["event"] == "message.created" && event["data"]["type"] == "text")
        .filter_map(|event| event["data"]["content"].as_str())
        .collect();
    assert_eq!(sent, [meanwhile, "after"], "{told:?}");
    // Who joins for the first time has no cursor of the chat, and reads it as a new one.
    let eve = server.person("eve").await;
    let cursor = eve.cursor().await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": eve.id})).await.expect(201);
    assert!(!json!(missed(&eve, &cursor).await).to_string().contains("meanwhile"));
    assert!(eve.texts(chat).await.contains(&meanwhile.to_owned()));
}

#[tokio::test]
async fn a_client_without_sockets_waits_for_events() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    let waits = tokio::spawn({
        let (bob, path) = (bob.clone(), format!("/sync?cursor={cursor}&wait=15"));
        async move { bob.get(&path).await.expect(200) }
    });
    // It waits: whoever waits is online.
    for _ in 0..2_000 {
        let seen = ann.get(&format!("/presence?user_ids={}", bob.id)).await.expect(200);
        if seen[0]["status"] == "online" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!waits.is_finished());
    ann.post_text(chat, "at last").await;
    let page = waits.await.unwrap();
    assert_eq!(page["events"][0]["data"]["content"], "at last");
    // What there is already comes at once, and without a wait so does nothing.
    let path = format!("/sync?cursor={cursor}&wait=50");
    assert_eq!(bob.get(&path).await.expect(200)["events"].as_array().unwrap().len(), 1);
    let next = page["cursor"].as_str().unwrap();
    assert_eq!(bob.get(&format!("/sync?cursor={next}")).await.expect(200)["events"], json!([]));
    bob.get(&format!("/sync?cursor={next}&wait=51")).await.refused(400, "invalid");
    // A session that ends while it waits is told so.
    let waits = tokio::spawn({
        let (bob, path) = (bob.clone(), format!("/sync?cursor={next}&wait=15"));
        async move { bob.get(&path).await }
    });
    bob.post("/auth/logout", json!({})).await.expect(204);
    // As an event, or by the status if the end came first.
    let reply = waits.await.unwrap();
    match reply.status {
        200 => assert_eq!(reply.body["events"][0]["event"], "session.revoked"),
        _ => drop(reply.refused(401, "session_ended")),
    }
}

#[tokio::test]
async fn a_private_chat_made_while_one_was_away_appears() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let cursor = bob.cursor().await;
    let chat = ann.direct(&bob).await;
    let sent = ann.post_text(chat, "hi").await;
    let mut socket = bob.resume(&cursor).await;
    let created = socket.next().await.unwrap();
    assert_eq!(created["event"], "chat.created");
    assert_eq!(
        (&created["data"]["id"], &created["data"]["title"], &created["data"]["unread_count"]),
        (&json!(chat), &json!("ann"), &json!(1))
    );
    assert_eq!(socket.next().await.unwrap()["data"], sent);
    assert_eq!(socket.next().await.unwrap()["event"], "ready");
}

#[tokio::test]
async fn a_socket_without_a_cursor_receives_only_what_comes() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    ann.post_text(chat, "before").await;
    let mut socket = Socket::open(&server.url, &format!("?token={}", bob.token)).await.unwrap();
    assert_eq!(socket.next().await.unwrap()["event"], "ready");
    let sent = ann.post_text(chat, "after").await;
    assert_eq!(socket.next().await.unwrap()["data"], sent);
}

#[tokio::test]
async fn a_replay_longer_than_a_page_goes_over_into_live_without_a_hole() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    say_many(&ann, chat, 1_100).await;
    let posting = tokio::spawn({
        let ann = ann.clone();
        async move { say_many(&ann, chat, 400).await }
    });
    let mut reader = Reader::new(&bob, cursor);
    let mut socket = bob.resume(&reader.cursor()).await;
    while reader.received.get(&chat).map_or(0, Vec::len) < 1_500 {
        reader.take(socket.next().await);
        if reader.lost {
            socket = bob.resume(&reader.cursor()).await;
            reader.lost = false;
        }
    }
    posting.await.unwrap();
    assert_eq!(reader.received[&chat], history(&bob, chat).await);
}

/// However much was missed, no more of it is in memory than a page for each client, and the pages are bounded.
#[tokio::test]
async fn ten_thousand_missed_messages_come_in_bounded_pages() {
    const MISSED: usize = 10_000;
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    let first = number(&ann.post_text(chat, "word").await["id"]);
    server
        .change(&format!(
            "INSERT INTO message (id, chat_id, seq, author_id, kind, text, sent_at)
             WITH RECURSIVE few (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM few WHERE n < 99)
             SELECT id + a.n * 100 + b.n, chat_id, seq + a.n * 100 + b.n, author_id, kind, text, sent_at
             FROM message, few AS a, few AS b WHERE id = {first} AND a.n * 100 + b.n > 0"
        ))
        .await;
    server.change(&format!("UPDATE stream SET seq = seq + {} WHERE id = {chat}", MISSED - 1)).await;
    let ids = |events: &[Value]| events.iter().map(|event| number(&event["data"]["id"])).collect::<Vec<_>>();
    let all: Vec<i64> = (first..first + MISSED as i64).collect();

    let (mut missed, mut next) = (Vec::new(), cursor.clone());
    loop {
        let page = bob.get(&format!("/sync?cursor={next}")).await.expect(200);
        let events = page["events"].as_array().unwrap();
        assert!(events.len() <= 500, "{}", events.len());
        missed.extend(ids(events));
        page["cursor"].as_str().unwrap().clone_into(&mut next);
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(missed, all);

    // The same on a socket, from its inside.
    let messenger = &server.running.messenger;
    let access = messenger.access(&bob.token, Scopes::READ).await.unwrap();
    let mut listener = messenger.listen(access, Some(&cursor.parse().unwrap())).await.unwrap();
    let (mut replayed, mut longest) = (Vec::new(), 0);
    while let Some(page) = listener.replay().await.unwrap() {
        longest = longest.max(page.events.len());
        replayed.extend(page.events.iter().map(|event| match &event.change {
            Change::MessageCreated(message) => message.id.0,
            other => panic!("{other:?}"),
        }));
    }
    assert_eq!((replayed, longest), (all.clone(), 100));

    let mut socket = bob.resume(&cursor).await;
    let mut received = Vec::new();
    loop {
        let frame = socket.next().await.unwrap();
        match frame["event"].as_str() {
            Some("ready") => break,
            _ => received.extend(ids(&[frame])),
        }
    }
    assert_eq!(received, all);
}

/// Many post into several chats while readers connect, hear some, hang up and come back with the
/// cursor they moved by themselves: each receives every message once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_one_reconnects_every_message_is_received_once_and_in_order() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let (eve, dan) = tokio::join!(server.person("eve"), server.person("dan"));
    let people = [ann, bob, eve, dan];
    let mut chats = Vec::new();
    for title in ["Garden", "Kitchen", "Attic"] {
        chats.push(people[0].group(title, &[&people[1], &people[2], &people[3]]).await);
    }
    let mut cursors = Vec::new();
    for person in &people {
        cursors.push(person.cursor().await);
    }
    let mut before = BTreeMap::new();
    for chat in &chats {
        before.insert(*chat, history(&people[0], *chat).await);
    }
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..8)
        .map(|number| {
            let reader = Reader::new(&people[number % 4], cursors[number % 4].clone());
            tokio::spawn(restless(reader, Dice(number as u64), done.clone()))
        })
        .collect();
    let posters: Vec<_> = people
        .iter()
        .cloned()
        .zip(100..)
        .map(|(person, seed)| {
            let chats = chats.clone();
            tokio::spawn(async move {
                let mut dice = Dice(seed);
                for number in 0..30 {
                    person.post_text(chats[dice.roll(3)], &format!("{seed} {number}")).await;
                }
            })
        })
        .collect();
    for poster in posters {
        poster.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        let (reader, visits) = reader.await.unwrap();
        assert!(visits > 3, "{visits}");
        for chat in &chats {
            let mut expected = history(&people[0], *chat).await;
            expected.drain(..before[chat].len());
            assert_eq!(reader.received.get(chat).cloned().unwrap_or_default(), expected);
        }
    }
}

/// Reads some frames, hangs up without a word, comes back; at last reads all that it missed.
async fn restless(mut reader: Reader, mut dice: Dice, done: Arc<AtomicBool>) -> (Reader, usize) {
    let mut visits = 0;
    loop {
        visits += 1;
        let last = done.load(Ordering::SeqCst);
        let mut socket = reader.person.resume(&reader.cursor()).await;
        if last {
            loop {
                let frame = socket.next().await;
                let ready = frame.as_ref().is_ok_and(|frame| frame["event"] == "ready");
                reader.take(frame);
                assert!(!reader.lost);
                if ready {
                    return (reader, visits);
                }
            }
        }
        for _ in 0..1 + dice.roll(25) {
            // The last message may have come already, and then nothing comes any more.
            let frame = loop {
                match tokio::time::timeout(Duration::from_millis(50), socket.next()).await {
                    Ok(frame) => break Some(frame),
                    Err(_) if done.load(Ordering::SeqCst) => break None,
                    Err(_) => {}
                }
            };
            let Some(frame) = frame else { break };
            reader.take(frame);
            if std::mem::take(&mut reader.lost) {
                break;
            }
        }
    }
}

/// A client: what it received of each chat, and how far.
struct Reader {
    person: Person,
    first: String,
    positions: BTreeMap<String, String>,
    received: BTreeMap<i64, Vec<i64>>,
    lost: bool,
}

impl Reader {
    fn new(person: &Person, cursor: String) -> Self {
        Self {
            person: person.clone(),
            first: cursor,
            positions: BTreeMap::new(),
            received: BTreeMap::new(),
            lost: false,
        }
    }

    fn cursor(&self) -> String {
        let newer: String = self.positions.values().map(|position| format!(".{position}")).collect();
        format!("{}{newer}", self.first)
    }

    fn take(&mut self, frame: Result<Value, u16>) {
        let Ok(frame) = frame else {
            self.lost = true;
            return;
        };
        if let Some(position) = frame["position"].as_str() {
            let (stream, _) = position.split_once('-').unwrap();
            self.positions.insert(stream.to_owned(), position.to_owned());
        }
        assert_ne!(frame["event"], "gap", "{frame}");
        if frame["event"] == "message.created" {
            let (chat, id) = (&frame["data"]["chat_id"], &frame["data"]["id"]);
            let received = self.received.entry(chat.as_i64().unwrap()).or_default();
            received.push(id.as_i64().unwrap());
        }
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

async fn two(server: &TestServer) -> (Person, Person) {
    tokio::join!(server.person("ann"), server.person("bob"))
}

/// Everything after a cursor, when it is one page without gaps.
async fn missed(person: &Person, cursor: &str) -> Vec<Value> {
    let page = person.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    assert_eq!((&page["gaps"], &page["has_more"]), (&json!([]), &json!(false)), "{page}");
    page["events"].as_array().unwrap().clone()
}

/// The ids of all messages of a chat, the oldest first.
async fn history(person: &Person, chat: i64) -> Vec<i64> {
    let mut ids: Vec<i64> = Vec::new();
    loop {
        let before = ids.last().map(|id| format!("&before_id={id}")).unwrap_or_default();
        let page = person.get(&format!("/messages?chat_id={chat}&limit=200{before}")).await;
        let page = page.expect(200);
        let page = page.as_array().unwrap();
        ids.extend(page.iter().map(|message| number(&message["id"])));
        if page.len() < 200 {
            ids.reverse();
            return ids;
        }
    }
}

/// Many messages, sixteen at a time.
async fn say_many(person: &Person, chat: i64, count: usize) {
    let posters = (0..16).map(|poster| async move {
        for number in (poster..count).step_by(16) {
            person.post_text(chat, &number.to_string()).await;
        }
    });
    futures_util::future::join_all(posters).await;
}
