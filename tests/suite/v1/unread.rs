//! Unread messages and mentions, against a model that counts them the slow way.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::database::Database;
use crate::server::{Dice, Person, TestServer};

/// A message as the model remembers it.
struct Said {
    id: i64,
    author: usize,
    deleted: bool,
    hidden_from: HashSet<usize>,
    means: HashSet<usize>,
    means_all: bool,
}

/// What each person has of the chat.
#[derive(Default)]
struct Place {
    is_member: bool,
    /// How many messages there were up to the mark.
    read: usize,
}

struct Api {
    seed: u64,
    people: Vec<Person>,
    chat: i64,
    sent: Vec<Said>,
    places: Vec<Place>,
}

impl Api {
    async fn begin(server: &TestServer, seed: u64) -> Self {
        let mut people = Vec::new();
        for number in 0..4 {
            people.push(server.person(&format!("p{number}x{seed}")).await);
        }
        let others: Vec<&Person> = people[1..].iter().collect();
        let chat = people[0].group("Счёт", &others).await;
        let places = people.iter().map(|_| Place { is_member: true, read: 0 }).collect();
        Self { seed, people, chat, sent: Vec::new(), places }
    }

    fn names(&self, dice: &mut Dice) -> (HashSet<usize>, bool, String) {
        let (mut means, mut text) = (HashSet::new(), format!("слово {}", dice.roll(100)));
        for number in 0..self.people.len() {
            if dice.roll(4) == 0 {
                text += &format!(" @p{number}x{}", self.seed);
                means.insert(number);
            }
        }
        let all = dice.roll(5) == 0;
        if all {
            text += " @all";
        }
        (means, all, text)
    }

    /// Names mean those who are in the chat at that moment, and never the author.
    fn meant(&self, means: HashSet<usize>, author: usize) -> HashSet<usize> {
        means.into_iter().filter(|who| self.places[*who].is_member && *who != author).collect()
    }

    async fn step(&mut self, dice: &mut Dice) {
        let who = dice.roll(self.people.len());
        let person = self.people[who].clone();
        let is_member = self.places[who].is_member;
        let some = (!self.sent.is_empty()).then(|| dice.roll(self.sent.len()));
        match dice.roll(12) {
            0..=4 if is_member => {
                let (means, means_all, text) = self.names(dice);
                let id = person.post_text(self.chat, &text).await["id"].as_i64().unwrap();
                let means = self.meant(means, who);
                let sent =
                    Said { id, author: who, deleted: false, hidden_from: HashSet::new(), means, means_all };
                self.sent.push(sent);
            }
            5 if is_member => {
                let Some(index) = some else { return };
                let sent = &self.sent[index];
                if sent.author == who && !sent.deleted && !sent.hidden_from.contains(&who) {
                    let (means, means_all, text) = self.names(dice);
                    let path = format!("/messages/{}", sent.id);
                    person.patch(&path, json!({"content": text})).await.expect(200);
                    let means = self.meant(means, who);
                    (self.sent[index].means, self.sent[index].means_all) = (means, means_all);
                }
            }
            6 if is_member => {
                let Some(index) = some else { return };
                let sent = &mut self.sent[index];
                if !sent.deleted && !sent.hidden_from.contains(&who) && (sent.author == who || who == 0) {
                    person.delete(&format!("/messages/{}", sent.id)).await.expect(204);
                    sent.deleted = true;
                }
            }
            7 if is_member => {
                let Some(index) = some else { return };
                person.delete(&format!("/messages/{}?for=me", self.sent[index].id)).await.expect(204);
                self.sent[index].hidden_from.insert(who);
            }
            8 | 9 if is_member => {
                let Some(index) = some else { return };
                let body = json!({"message_id": self.sent[index].id});
                person.post(&format!("/chats/{}/read", self.chat), body).await.expect(200);
                let read = &mut self.places[who].read;
                *read = Ord::max(*read, index + 1);
            }
            10 if is_member && who != 0 => {
                person.delete(&format!("/chats/{}/members/{}", self.chat, person.id)).await.expect(204);
                self.places[who].is_member = false;
            }
            11 if !is_member => {
                let body = json!({"user_id": person.id});
                self.people[0].post(&format!("/chats/{}/members", self.chat), body).await.expect(201);
                // What was sent before somebody came counts as read.
                self.places[who] = Place { is_member: true, read: self.sent.len() };
            }
            _ => {}
        }
    }

    fn counts(&self, who: usize) -> (i64, i64) {
        let unread = |sent: &&Said| sent.author != who && !sent.deleted && !sent.hidden_from.contains(&who);
        let left: Vec<&Said> = self.sent[self.places[who].read..].iter().filter(unread).collect();
        let mentions = left.iter().filter(|sent| sent.means_all || sent.means.contains(&who)).count();
        (left.len() as i64, mentions as i64)
    }

    async fn check(&self, step: usize) {
        let seed = self.seed;
        for (who, person) in self.people.iter().enumerate() {
            let chats = person.get("/chats").await.expect(200);
            let chat = chats.as_array().unwrap().iter().find(|chat| chat["id"] == self.chat);
            assert_eq!(chat.is_some(), self.places[who].is_member, "seed {seed}, step {step}");
            if let Some(chat) = chat {
                let shown = (chat["unread_count"].as_i64().unwrap(), chat["mention_count"].as_i64().unwrap());
                assert_eq!(shown, self.counts(who), "of person {who}, seed {seed}, step {step}");
                let newest =
                    person.get(&format!("/messages?chat_id={}&limit=1", self.chat)).await.expect(200);
                let newest = &newest[0]["id"];
                assert_eq!(chat["last_message"]["id"], *newest, "of person {who}, seed {seed}, step {step}");
            }
        }
    }
}

#[tokio::test]
async fn unread_messages_and_mentions_are_exact_after_any_history() {
    let server = TestServer::start().await;
    for seed in 0..6 {
        let mut dice = Dice(seed);
        let mut api = Api::begin(&server, seed).await;
        for step in 0..120 {
            api.step(&mut dice).await;
            if step % 4 == 0 {
                api.check(step).await;
            }
        }
        api.check(120).await;
    }
}

/// So much is unread that the older part of it is counted once and kept.
#[tokio::test]
async fn what_was_counted_once_is_forgotten_when_it_is_no_longer_so() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Счёт", &[&bob]).await;
    let say = |number: usize| ann.post_text(chat, if number.is_multiple_of(50) { "@bob" } else { "слово" });
    let mut ids = Vec::new();
    for some in 0..25 {
        let sent = join_all((0..12).map(|number| say(some * 12 + number))).await;
        ids.extend(sent.iter().map(|message| message["id"].as_i64().unwrap()));
    }
    let counts = async || {
        let chat = bob.get("/chats").await.expect(200)[0].clone();
        (chat["unread_count"].as_i64().unwrap(), chat["mention_count"].as_i64().unwrap())
    };
    // Asked for more than once: counted for the list, then from what was kept.
    for _ in 0..3 {
        assert_eq!(counts().await, (300, 6));
    }
    ids.sort_unstable();
    ann.delete(&format!("/messages/{}", ids[50])).await.expect(204);
    assert_eq!(counts().await, (299, 6));
    bob.delete(&format!("/messages/{}?for=me", ids[60])).await.expect(204);
    assert_eq!(counts().await, (298, 6));
    assert_eq!(counts().await, (298, 6));
    ann.delete(&format!("/messages/{}", ids[60])).await.expect(204);
    assert_eq!(counts().await, (298, 6), "it was hidden before");
    let mark = json!({"message_id": ids[99]});
    bob.post(&format!("/chats/{chat}/read"), mark).await.expect(200);
    assert_eq!(counts().await.0, 200);
    bob.post(&format!("/chats/{chat}/read"), json!({})).await.expect(200);
    assert_eq!(counts().await, (0, 0));
}

/// Who does not ask for a long time has not much to be counted when they ask.
#[tokio::test]
async fn what_is_unread_is_counted_for_members_who_do_not_ask() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let chat = ann.group("Счёт", &[&bob, &eve]).await;
    let say = async |count: usize| join_all((0..count).map(|_| ann.post_text(chat, "слово"))).await;
    let first = say(10).await;
    let first = first.iter().map(|message| message["id"].as_i64().unwrap()).min();
    say(130).await;
    let counted = format!(
        "SELECT count(*) FROM member WHERE chat_id = {chat} AND user_id IN ({}, {}) AND counted > 60",
        bob.id, eve.id
    );
    let all_is_counted = async || {
        while server.count(&counted).await < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all_is_counted()).await.unwrap();
    let unread =
        async |person: &Person| person.get("/chats").await.expect(200)[0]["unread_count"].as_i64().unwrap();
    assert_eq!((unread(&bob).await, unread(&eve).await), (140, 140));
    ann.delete(&format!("/messages/{}", first.unwrap())).await.expect(204);
    assert_eq!(server.count(&counted).await, 2, "what else was counted is kept");
    assert_eq!((unread(&bob).await, unread(&eve).await), (139, 139));
    let mark = json!({"message_id": first});
    bob.post(&format!("/chats/{chat}/read"), mark).await.expect(200);
    assert_eq!(server.count(&counted).await, 2, "also by who has read a part");
    let left = async |person: &Person| {
        let read = format!("/messages?chat_id={chat}&limit=200");
        let page = person.get(&read).await.expect(200);
        let later = |message: &&serde_json::Value| message["id"].as_i64() > first;
        page.as_array().unwrap().iter().filter(later).filter(|m| m["type"] == "text").count() as i64
    };
    assert_eq!((unread(&bob).await, unread(&eve).await), (left(&bob).await, 139));
}

/// Whoever counts holds the only writer, and others who post wait for it.
#[tokio::test]
async fn what_is_unread_is_counted_in_small_parts_and_no_part_of_it_twice() {
    const MANY: i64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let database = Database::at(format!("sqlite:{}", folder.path().join("besedka.db").display()));
    let server = TestServer::on(database, &["--rate-limits", "off"]).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Счёт", &[&bob]).await;
    ann.post_text(chat, "слово").await;
    let more = MANY - 1;
    server
        .change(&format!(
            "INSERT INTO message (id, chat_id, seq, author_id, kind, text, sent_at)
             WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < {more})
             SELECT id + n, chat_id, seq + n, author_id, kind, text, sent_at FROM message, more
             WHERE text = 'слово';
             UPDATE stream SET seq = seq + {more} WHERE id = {chat};
             CREATE TABLE counted (places INTEGER);
             CREATE TRIGGER counted AFTER UPDATE OF counted_seq ON member WHEN NEW.counted_seq IS NOT NULL
             BEGIN INSERT INTO counted VALUES (NEW.counted_seq - coalesce(OLD.counted_seq, OLD.read_seq)); END"
        ))
        .await;
    let unread = async || bob.get("/chats").await.expect(200)[0]["unread_count"].as_i64().unwrap();
    let counted_to = "SELECT coalesce(max(counted_seq), 0) = (SELECT max(seq) FROM message) FROM member";
    let all_is_counted = async || {
        while server.count(counted_to).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    for shown in join_all((0..20).map(|_| unread())).await {
        assert_eq!(shown, MANY);
    }
    tokio::time::timeout(Duration::from_secs(20), all_is_counted()).await.unwrap();
    assert!(server.count("SELECT max(places) FROM counted").await <= 4_096);
    assert!(server.count("SELECT count(*) FROM counted").await <= 3, "once for each part");
    assert_eq!(unread().await, MANY);

    // A number that counting anew would not find.
    server.change("UPDATE member SET counted = counted + 7 WHERE counted_seq IS NOT NULL").await;
    for _ in 0..70 {
        ann.post_text(chat, "ещё").await;
    }
    assert_eq!(unread().await, MANY + 77);
    tokio::time::timeout(Duration::from_secs(20), all_is_counted()).await.unwrap();
    assert_eq!(unread().await, MANY + 77, "it was counted from where it had been");
}
