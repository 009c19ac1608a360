//! What was missed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use besedka::messenger::Clock;
use serde_json::{Value, json};

use crate::server::{Dice, Person, Socket, TestServer, names};

#[tokio::test]
async fn without_a_cursor_there_is_only_the_cursor_of_the_present() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    ann.say(chat, "before").await;
    let page = bob.get("/sync").await.expect(200);
    assert_eq!((&page["events"], &page["gaps"], &page["has_more"]), (&json!([]), &json!([]), &json!(false)));
    let said = ann.say(chat, "after").await;
    let page = missed(&bob, page["cursor"].as_str().unwrap()).await;
    assert_eq!(names(&page), ["message.created"]);
    assert_eq!(page[0]["data"], said);
}

#[tokio::test]
async fn what_was_missed_is_told_like_what_is_heard() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let cursor = bob.cursor().await;
    let mut socket = bob.socket().await;
    let id = ann.say(chat, "one").await["id"].clone();
    bob.post(&format!("/chats/{chat}/read"), json!({})).await.expect(200);
    ann.patch(&format!("/messages/{id}"), json!({"content": "two"})).await.expect(200);
    ann.patch(&format!("/chats/{chat}"), json!({"title": "Orchard"})).await.expect(200);
    let heard = bob.hears(&mut socket).await;
    let mut told = missed(&bob, &cursor).await;
    told.retain(|event| event["event"] != "user.updated");
    assert_eq!(names(&told), names(&heard));
    let positions =
        |events: &[Value]| -> Vec<Value> { events.iter().map(|e| e["position"].clone()).collect() };
    assert_eq!(positions(&told), positions(&heard));
    assert_eq!(told[0]["data"]["content"], "two", "a message is told as it is now, not as it was");
    assert_eq!(told[1..], heard[1..]);
}

#[tokio::test]
async fn a_cursor_is_moved_by_appending_positions() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let (garden, kitchen) = (ann.direct(&bob).await, ann.group("Kitchen", &[&bob]).await);
    let cursor = bob.cursor().await;
    for text in ["one", "two", "three"] {
        ann.say(garden, text).await;
        ann.say(kitchen, text).await;
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
        ann.say(chats[number % 2], &number.to_string()).await;
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
async fn a_cursor_of_others_chats_tells_nothing() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let eve = server.person("eve").await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    ann.say(chat, "a secret").await;
    assert_eq!(missed(&eve, &cursor).await, Vec::<Value>::new());
}

#[tokio::test]
async fn events_older_than_thirty_days_leave_a_gap() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let (busy, quiet) = (ann.direct(&bob).await, ann.group("Quiet", &[&bob]).await);
    let cursor = bob.cursor().await;
    ann.say(busy, "long ago").await;
    bob.put("/users/me", json!({"language": "ru"})).await.expect(200);
    server.clock.advance(Duration::from_secs(31 * 24 * 3_600));
    server.running.messenger.sweep().await.unwrap();
    let (ann, bob) = (server.again(&ann, "ann").await, server.again(&bob, "bob").await);
    ann.say(busy, "today").await;
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
    let said = ann.say(busy, "live").await;
    assert_eq!(socket.next().await.unwrap()["data"], said);
    assert_eq!(missed(&bob, &moved).await[0]["data"], said);
}

#[tokio::test]
async fn a_cursor_from_a_future_that_was_lost_is_a_gap() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let cursor = bob.cursor().await;
    ann.say(chat, "one").await;
    let position = missed(&bob, &cursor).await[0]["position"].as_str().unwrap().to_owned();
    let (stream, _) = position.split_once('-').unwrap();
    let page = bob.get(&format!("/sync?cursor={cursor}.{stream}-zzzz")).await;
    let page = page.expect(200);
    assert_eq!(page["gaps"], json!([{"chat_id": chat, "position": position}]));
    assert_eq!(page["events"], json!([]));
    let said = ann.say(chat, "two").await;
    assert_eq!(missed(&bob, page["cursor"].as_str().unwrap()).await[0]["data"], said);
}

#[tokio::test]
async fn whoever_left_and_came_back_is_not_told_what_was_said_between() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let cursor = bob.cursor().await;
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    ann.say(chat, "between us").await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": bob.id})).await.expect(201);
    ann.say(chat, "welcome back").await;
    let told = missed(&bob, &cursor).await;
    assert_eq!(names(&told), ["chat.removed", "chat.created", "message.created"]);
    assert!(!json!(told).to_string().contains("between us"));
    assert_eq!(told[2]["data"]["content"], "welcome back");
    let mut socket = bob.resume(&cursor).await;
    for event in &told {
        assert_eq!(socket.next().await.unwrap(), *event);
    }
    assert_eq!(socket.next().await.unwrap()["event"], "ready");
}

#[tokio::test]
async fn whoever_was_removed_while_away_is_told_so_and_nothing_else() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let cursor = bob.cursor().await;
    ann.say(chat, "not for bob any more").await;
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    ann.say(chat, "between us").await;
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
    let deleted = ann.say(chat, "deleted secret").await["id"].clone();
    let edited = ann.say(chat, "edited secret").await["id"].clone();
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
    let id = ann.say(chat, "not for my eyes").await["id"].clone();
    bob.delete(&format!("/messages/{id}?for=me")).await.expect(204);
    let told = missed(&bob, &cursor).await;
    assert_eq!(names(&told), ["message.hidden"], "{told:?}");
    assert_eq!(ann.texts(chat).await, ["not for my eyes"], "the others see it");
}

#[tokio::test]
async fn a_private_chat_made_while_one_was_away_appears() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let cursor = bob.cursor().await;
    let chat = ann.direct(&bob).await;
    let said = ann.say(chat, "hi").await;
    let mut socket = bob.resume(&cursor).await;
    let created = socket.next().await.unwrap();
    assert_eq!(created["event"], "chat.created");
    assert_eq!(
        (&created["data"]["id"], &created["data"]["title"], &created["data"]["unread_count"]),
        (&json!(chat), &json!("ann"), &json!(1))
    );
    assert_eq!(socket.next().await.unwrap()["data"], said);
    assert_eq!(socket.next().await.unwrap()["event"], "ready");
}

#[tokio::test]
async fn a_socket_without_a_cursor_hears_only_what_comes() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    ann.say(chat, "before").await;
    let mut socket = Socket::open(&server.url, &format!("?token={}", bob.token)).await.unwrap();
    assert_eq!(socket.next().await.unwrap()["event"], "ready");
    let said = ann.say(chat, "after").await;
    assert_eq!(socket.next().await.unwrap()["data"], said);
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
    while reader.heard.get(&chat).map_or(0, Vec::len) < 1_500 {
        reader.take(socket.next().await);
        if reader.lost {
            socket = bob.resume(&reader.cursor()).await;
            reader.lost = false;
        }
    }
    posting.await.unwrap();
    assert_eq!(reader.heard[&chat], history(&bob, chat).await);
}

/// Many post into several chats while readers connect, hear some, hang up and come back with the
/// cursor they moved by themselves: each hears every message once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_one_reconnects_every_message_is_heard_once_and_in_order() {
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
                    person.say(chats[dice.roll(3)], &format!("{seed} {number}")).await;
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
            assert_eq!(reader.heard.get(chat).cloned().unwrap_or_default(), expected);
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
            let Ok(frame) = tokio::time::timeout(Duration::from_millis(50), socket.next()).await else {
                break;
            };
            reader.take(frame);
            if std::mem::take(&mut reader.lost) {
                break;
            }
        }
    }
}

/// A client: what it heard of each chat, and how far.
struct Reader {
    person: Person,
    first: String,
    positions: BTreeMap<String, String>,
    heard: BTreeMap<i64, Vec<i64>>,
    lost: bool,
}

impl Reader {
    fn new(person: &Person, cursor: String) -> Self {
        Self {
            person: person.clone(),
            first: cursor,
            positions: BTreeMap::new(),
            heard: BTreeMap::new(),
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
            let heard = self.heard.entry(chat.as_i64().unwrap()).or_default();
            heard.push(id.as_i64().unwrap());
        }
    }
}

/// Random histories: what is replayed from any cursor, applied to what a client knew there, gives
/// what the server says now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_replay_leads_to_the_present() {
    futures_util::future::join_all([1, 2, 3, 4].map(random_history)).await;
}

async fn random_history(seed: u64) {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let people = [ann, bob, server.person("eve").await];
    let mut dice = Dice(seed);
    let mut known: Vec<(usize, String, State)> = Vec::new();
    for step in 0..160 {
        let person = &people[dice.roll(3)];
        let other = people[dice.roll(3)].id;
        act(person, other, &mut dice, step).await;
        if dice.roll(10) == 0 {
            let reader = dice.roll(3);
            let cursor = people[reader].cursor().await;
            known.push((reader, cursor, State::load(&people[reader]).await));
        }
    }
    for (reader, cursor, mut state) in known {
        let person = &people[reader];
        let limit = 1 + dice.roll(40);
        let mut at = cursor.clone();
        loop {
            let page = person.get(&format!("/sync?cursor={at}&limit={limit}")).await;
            let page = page.expect(200);
            assert_eq!(page["gaps"], json!([]));
            for event in page["events"].as_array().unwrap() {
                state.apply(person, event).await;
            }
            at = page["cursor"].as_str().unwrap().to_owned();
            if page["has_more"] == false {
                break;
            }
        }
        let now = State::load(person).await;
        let wrong: Vec<_> = state.chats.iter().filter(|(id, chat)| now.chats.get(id) != Some(chat)).collect();
        assert_eq!(
            state.chats.keys().collect::<Vec<_>>(),
            now.chats.keys().collect::<Vec<_>>(),
            "seed {seed}, reader {reader}, cursor {cursor}"
        );
        assert_eq!(state.own, now.own, "seed {seed}, reader {reader}, cursor {cursor}");
        assert!(wrong.is_empty(), "seed {seed}, reader {reader}, cursor {cursor}: {wrong:#?}");
    }
}

/// Later than any test lasts.
fn far() -> String {
    (Clock::default().now() + Duration::from_secs(7 * 86_400)).iso()
}

/// One random thing. What is refused is no harm: what may be done is not asked here.
async fn act(person: &Person, other: i64, dice: &mut Dice, step: usize) {
    let chats = person.get("/chats").await.expect(200);
    let chats = chats.as_array().unwrap();
    let group = json!({"title": format!("Group {step}"), "is_group": true, "member_ids": [other]});
    if chats.is_empty() {
        person.post("/chats", group).await;
        return;
    }
    let chat = &chats[dice.roll(chats.len())];
    let id = &chat["id"];
    let page = person.get(&format!("/messages?chat_id={id}&limit=200")).await;
    let page = page.expect(200);
    let texts: Vec<&Value> =
        page.as_array().unwrap().iter().filter(|message| message["type"] == "text").collect();
    let message = (!texts.is_empty()).then(|| &texts[dice.roll(texts.len())]["id"]);
    let polls: Vec<&Value> =
        page.as_array().unwrap().iter().filter(|message| message["type"] == "poll").collect();
    match (dice.roll(48), message) {
        (0, _) => person.post("/chats", group).await,
        (1, _) => person.post("/chats/direct", json!({"user_id": other})).await,
        (2..=9, _) | (_, None) => {
            let body = json!({"chat_id": id, "type": "text", "content": format!("text {step}")});
            person.post("/messages", body).await
        }
        (10 | 11, Some(message)) => {
            let body = json!({"content": format!("edited {step}")});
            person.patch(&format!("/messages/{message}"), body).await
        }
        (12, Some(message)) => person.delete(&format!("/messages/{message}")).await,
        (13, Some(message)) => person.delete(&format!("/messages/{message}?for=me")).await,
        (14 | 15, Some(message)) => {
            let path = format!("/messages/{message}/reactions/%F0%9F%91%8D");
            person.put(&path, Value::Null).await
        }
        (16, Some(message)) => person.delete(&format!("/messages/{message}/reactions/%F0%9F%91%8D")).await,
        (17, Some(message)) => {
            person.post(&format!("/chats/{id}/read"), json!({"message_id": message})).await
        }
        (18, Some(_)) => person.post(&format!("/chats/{id}/read"), json!({})).await,
        (19 | 20, Some(_)) => person.post(&format!("/chats/{id}/members"), json!({"user_id": other})).await,
        (21, Some(_)) => person.delete(&format!("/chats/{id}/members/{other}")).await,
        (23 | 24, Some(message)) => {
            let body = json!({"chat_id": id, "content": format!("answer {step}"), "reply_to": message});
            person.post("/messages", body).await
        }
        (25 | 26, Some(message)) => {
            let body = json!({"chat_id": id, "content": format!("below {step}"), "thread_id": message});
            person.post("/messages", body).await
        }
        (22, Some(_)) => {
            person.patch(&format!("/chats/{id}"), json!({"title": format!("Title {step}")})).await
        }
        (27, Some(_)) => {
            let role = ["member", "admin", "owner"][dice.roll(3)];
            person.patch(&format!("/chats/{id}/members/{other}"), json!({"role": role})).await
        }
        (28, Some(_)) => person.post(&format!("/chats/{id}/bans"), json!({"user_id": other})).await,
        (29, Some(_)) => person.delete(&format!("/chats/{id}/bans/{other}")).await,
        (30, Some(message)) => {
            person.post(&format!("/chats/{id}/delivered"), json!({"message_id": message})).await
        }
        (31, Some(message)) => person.put(&format!("/messages/{message}/pin"), Value::Null).await,
        (32, Some(message)) => person.delete(&format!("/messages/{message}/pin")).await,
        (33 | 34, Some(message)) => {
            person
                .put(&format!("/messages/{message}/bookmark"), json!({"note": format!("note {step}")}))
                .await
        }
        (35, Some(message)) => person.delete(&format!("/messages/{message}/bookmark")).await,
        (36 | 37, Some(message)) => {
            let thread = if dice.roll(2) == 0 { message } else { &Value::Null };
            let body = json!({"content": format!("draft {step}"), "thread_id": thread});
            person.put(&format!("/chats/{id}/draft"), body).await
        }
        (38, Some(_)) => person.delete(&format!("/chats/{id}/draft")).await,
        (39, Some(_)) => {
            let body = json!({"chat_id": id, "content": format!("text {step}"), "clear_draft": true});
            person.post("/messages", body).await
        }
        (40, Some(_)) => {
            let payload = json!({"options": ["Tea", "Coffee"], "anonymous": step.is_multiple_of(2)});
            let body = json!({"chat_id": id, "type": "poll", "content": "?", "payload": payload});
            person.post("/messages", body).await
        }
        (41..=43, Some(_)) if !polls.is_empty() => {
            let poll = &polls[dice.roll(polls.len())]["id"];
            match dice.roll(8) {
                0 => person.post(&format!("/messages/{poll}/close"), json!({})).await,
                1 => person.put(&format!("/messages/{poll}/vote"), json!({"options": []})).await,
                side => person.put(&format!("/messages/{poll}/vote"), json!({"options": [side % 2]})).await,
            }
        }
        (44, Some(_)) => {
            let body = json!({"chat_id": id, "content": format!("later {step}"), "send_at": far()});
            person.post("/scheduled", body).await
        }
        (45, Some(_)) => {
            let waiting = person.get("/scheduled").await.expect(200);
            let Some(one) = waiting.as_array().unwrap().first() else { return };
            let path = format!("/scheduled/{}", one["id"]);
            match dice.roll(3) {
                0 => person.patch(&path, json!({"content": format!("otherwise {step}")})).await,
                1 => person.delete(&path).await,
                _ => person.post(&format!("{path}/send"), json!({})).await,
            }
        }
        (46, Some(_)) => {
            let life = [Value::Null, json!(86_400)][dice.roll(2)].clone();
            person.patch(&format!("/chats/{id}"), json!({"message_life": life})).await
        }
        (_, Some(_)) => person.delete(&format!("/chats/{id}")).await,
    };
}

/// What a client knows.
#[derive(Debug, Default, PartialEq)]
struct State {
    chats: BTreeMap<i64, Known>,
    own: Own,
}

/// What nobody else knows.
#[derive(Debug, Default, PartialEq)]
struct Own {
    /// By message: the chat, the place in the list and the note.
    bookmarks: BTreeMap<i64, (i64, Value, Value)>,
    drafts: BTreeMap<(i64, Option<i64>), Value>,
    scheduled: BTreeMap<i64, Value>,
}

impl Own {
    async fn load(person: &Person) -> Self {
        let mut own = Self::default();
        for (path, event) in
            [("/bookmarks", "bookmark.saved"), ("/drafts", "draft.saved"), ("/scheduled", "scheduled.saved")]
        {
            for one in person.get(path).await.expect(200).as_array().unwrap() {
                own.apply(event, one);
            }
        }
        own
    }

    fn apply(&mut self, name: &str, data: &Value) {
        match name {
            "bookmark.saved" => {
                let (message, note) = (&data["message"], data["note"].clone());
                let known = (number(&message["chat_id"]), data["id"].clone(), note);
                self.bookmarks.insert(number(&message["id"]), known);
            }
            "bookmark.removed" => {
                self.bookmarks.remove(&number(&data["message_id"]));
            }
            "message.deleted" | "message.hidden" => {
                self.bookmarks.remove(&number(&data["id"]));
            }
            "draft.saved" => {
                self.drafts.insert((number(&data["chat_id"]), data["thread_id"].as_i64()), data.clone());
            }
            "draft.removed" => {
                self.drafts.remove(&(number(&data["chat_id"]), data["thread_id"].as_i64()));
            }
            "scheduled.saved" => {
                self.scheduled.insert(number(&data["id"]), data.clone());
            }
            "scheduled.removed" => {
                self.scheduled.remove(&number(&data["id"]));
            }
            "chat.removed" => {
                let chat = number(&data["id"]);
                self.bookmarks.retain(|_, (of, ..)| *of != chat);
                self.drafts.retain(|(of, _), _| *of != chat);
            }
            _ => {}
        }
    }
}

#[derive(Debug, PartialEq)]
struct Known {
    title: Value,
    message_life: Value,
    /// What one chose in the polls.
    votes: BTreeMap<i64, Value>,
    /// Who is in it, as what, and how far messages have come with each.
    members: BTreeMap<i64, Seat>,
    messages: BTreeMap<i64, Value>,
}

#[derive(Debug, PartialEq)]
struct Seat {
    role: String,
    read: Option<i64>,
    delivered: Option<i64>,
}

impl Seat {
    fn of(member: &Value) -> Self {
        Self {
            role: member["role"].as_str().unwrap().to_owned(),
            read: member["last_read_message_id"].as_i64(),
            delivered: member["last_delivered_message_id"].as_i64(),
        }
    }
}

impl Known {
    /// Answers show what they answer as it is now; here all texts are short.
    fn quote_anew(&mut self, id: &Value, text: &Value) {
        for message in self.messages.values_mut() {
            if message.get("reply_to").is_some_and(|quote| quote["id"] == *id) {
                message["reply_to"]["text"] = text.clone();
            }
        }
    }
}

impl State {
    async fn load(person: &Person) -> Self {
        let mut state = Self::default();
        for chat in person.get("/chats").await.expect(200).as_array().unwrap() {
            state.load_chat(person, chat).await;
        }
        state.own = Own::load(person).await;
        state
    }

    async fn load_chat(&mut self, person: &Person, chat: &Value) {
        let id = &chat["id"];
        let members = person.get(&format!("/chats/{id}/members")).await;
        let messages = person.get(&format!("/messages?chat_id={id}&limit=200")).await;
        if members.status == 403 {
            return;
        }
        let member = |member: &Value| (number(&member["user"]["id"]), Seat::of(member));
        let message = |message: &Value| (number(&message["id"]), message.clone());
        let messages = messages.expect(200);
        let mut votes = BTreeMap::new();
        for poll in messages.as_array().unwrap().iter().filter(|message| message["type"] == "poll") {
            let vote = person.get(&format!("/messages/{}/vote", poll["id"])).await.expect(200);
            votes.insert(number(&poll["id"]), vote["options"].clone());
        }
        votes.retain(|_, options| *options != json!([]));
        let known = Known {
            title: chat["title"].clone(),
            message_life: chat["message_life"].clone(),
            votes,
            members: members.expect(200).as_array().unwrap().iter().map(member).collect(),
            messages: messages.as_array().unwrap().iter().map(message).collect(),
        };
        self.chats.insert(number(id), known);
    }

    /// As a client does it. One that hears of a chat it does not know asks for the list.
    async fn apply(&mut self, person: &Person, event: &Value) {
        let (name, data) = (event["event"].as_str().unwrap(), &event["data"]);
        self.own.apply(name, data);
        let chat = match name {
            "bookmark.saved" | "bookmark.removed" | "draft.saved" | "draft.removed" | "scheduled.saved"
            | "scheduled.removed" => return,
            "chat.created" => return self.load_chat(person, data).await,
            "chat.removed" => {
                self.chats.remove(&number(&data["id"]));
                return;
            }
            "user.updated" | "chat.access" => return,
            "chat.updated" => number(&data["id"]),
            _ => number(&data["chat_id"]),
        };
        if !self.chats.contains_key(&chat) {
            let list = person.get("/chats").await.expect(200);
            if let Some(chat) = list.as_array().unwrap().iter().find(|c| c["id"] == chat) {
                self.load_chat(person, chat).await;
            }
        }
        let Some(known) = self.chats.get_mut(&chat) else {
            return;
        };
        match name {
            "message.created" | "message.updated" => {
                known.messages.insert(number(&data["id"]), data.clone());
                known.quote_anew(&data["id"], &data["content"]);
            }
            "message.deleted" => {
                known.quote_anew(&data["id"], &Value::Null);
                let message = known.messages.get_mut(&number(&data["id"]));
                // Hidden from oneself before.
                let Some(message) = message else { return };
                message["deleted"] = json!(true);
                (message["content"], message["payload"]) = (Value::Null, Value::Null);
                (message["reactions"], message["attachments"]) = (json!([]), json!([]));
                for part in ["reply_to", "pinned_at", "expires_at"] {
                    message.as_object_mut().unwrap().remove(part);
                }
            }
            "message.hidden" => {
                known.messages.remove(&number(&data["id"]));
            }
            "poll.voted" => {
                known.votes.insert(number(&data["message_id"]), data["options"].clone());
                known.votes.retain(|_, options| *options != json!([]));
            }
            "chat.updated" => {
                // Of a private chat it is the other one's name, which is told with the member.
                if data["title"].is_string() {
                    known.title = data["title"].clone();
                }
                known.message_life = data["message_life"].clone();
            }
            "member.added" | "member.updated" => {
                let member = &data["member"];
                known.members.insert(number(&member["user"]["id"]), Seat::of(member));
            }
            "member.removed" => {
                known.members.remove(&number(&data["user_id"]));
            }
            "chat.read" => {
                if let Some(seat) = known.members.get_mut(&number(&data["user_id"])) {
                    seat.read = data["message_id"].as_i64();
                    // What was read has arrived.
                    seat.delivered = Ord::max(seat.delivered, seat.read);
                }
            }
            "chat.delivered" => {
                if let Some(seat) = known.members.get_mut(&number(&data["user_id"])) {
                    seat.delivered = data["message_id"].as_i64();
                }
            }
            _ => panic!("{event}"),
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
            person.say(chat, &number.to_string()).await;
        }
    });
    futures_util::future::join_all(posters).await;
}
