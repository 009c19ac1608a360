//! Random histories, replayed.

use std::collections::BTreeMap;
use std::time::Duration;

use besedka::messenger::Clock;
use serde_json::{Value, json};

use super::{number, two};
use crate::server::{Dice, Person, TestServer};

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

    /// As a client does it. One that receives of a chat it does not know asks for the list.
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
