//! `/search`: finding messages.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use besedka::model::Time;
use besedka::model::search::{Query, Token, required_tokens};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Dice, Person, Reply, TestServer, fields};
use crate::skip::leave;

#[tokio::test]
async fn those_who_left_or_were_deactivated_are_found_as_authors() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let garden = anna.group("Garden", &[&bob]).await;
    bob.post_text(garden, "роза от боба").await;
    settle(&anna, garden).await;
    assert_eq!(found(&anna, "from:bob роза").await.len(), 1);
    anna.delete(&format!("/chats/{garden}/members/{}", bob.id)).await.expect(204);
    assert_eq!(found(&anna, "from:bob роза").await.len(), 1);
    anna.post(&format!("/admin/users/{}/deactivate", bob.id), json!({})).await.expect(204);
    assert_eq!(found(&anna, "from:bob роза").await.len(), 1);
}

#[tokio::test]
async fn an_exact_user_name_comes_first() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    for name in ["ann", "annabel", "joann", "anne"] {
        server.person(name).await;
    }
    // Their display names sort before.
    server.change("UPDATE user SET display_name = 'Z', name_folded = 'z' WHERE username = 'ann'").await;
    let people = anna.get("/users/search?q=ann").await.expect(200);
    assert_eq!(people[0]["username"], "ann", "{people}");
    let garden = anna.group("Garden", &[]).await;
    anna.post_text(garden, "роза").await;
    settle(&anna, garden).await;
    assert_eq!(found(&anna, "from:ann роза").await, ["роза"; 1], "a part of a name is found too");
}

#[tokio::test]
async fn a_part_of_a_version_is_found() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Releases", &[]).await;
    for text in ["v1.2.3 is out", "release 1.2.30", "1.12.3"] {
        anna.post_text(chat, text).await;
    }
    settle(&anna, chat).await;
    for (query, count) in [("1.2", 2), ("1.2.3", 2), ("2.3", 2), ("12.3", 1), ("v1.2", 1), ("1", 2)] {
        let texts = found(&anna, query).await;
        assert_eq!(texts.len(), count, "{query}: {texts:?}");
    }
}

#[tokio::test]
async fn days_are_those_of_the_readers_time_zone() {
    let server = TestServer::start().await;
    // Eight in the evening in UTC, which is the next day in Tokyo.
    let (evening, day) = (20 * 3_600_000, 86_400_000);
    let until = (evening - server.clock.now().0 % day).rem_euclid(day);
    server.clock.advance(Duration::from_millis(until.unsigned_abs()));
    let anna = server.person("anna").await;
    let chat = anna.group("Garden", &[]).await;
    anna.post_text(chat, "роза").await;
    settle(&anna, chat).await;
    let date = |time: Time| time.iso().split('T').next().unwrap().to_owned();
    let now = server.clock.now();
    let query = format!("роза before:{}", date(now));
    let next = format!("роза after:{}", date(now + Duration::from_secs(86_400)));
    assert_eq!((found(&anna, &query).await.len(), found(&anna, &next).await.len()), (0, 0));
    anna.put("/users/me", json!({"time_zone": "Asia/Tokyo"})).await.expect(200);
    assert_eq!((found(&anna, &query).await.len(), found(&anna, &next).await.len()), (0, 1));
    anna.put("/users/me", json!({"time_zone": "Pacific/Honolulu"})).await.expect(200);
    assert_eq!((found(&anna, &query).await.len(), found(&anna, &next).await.len()), (0, 0));
}

#[tokio::test]
async fn words_and_parts_of_words_are_found_in_any_script() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let bob = server.person("bob").await;
    let chat = anna.direct(&bob).await;
    let texts = [
        "Отчёт за май готов",
        "Ёлка и\u{306}од",
        "Café JOSÉ, Straße",
        "東京都の天気はどうですか",
        "오늘 날씨가 좋다",
        "ไปกินข้าวกัน",
        "Γειά σου Κόσμε",
        "مَرحَبا بالعالم",
        "C++ и 👍🏽 :)",
        "https://example.org/путь?x=1",
    ];
    for text in texts {
        anna.post_text(chat, text).await;
    }
    settle(&anna, chat).await;
    for (query, text) in [
        ("отчет", 0),
        ("ЧЁТ", 0),
        ("отч ма", 0),
        ("з", 0),
        ("\"за май\"", 0),
        ("елка", 1),
        ("йод", 1),
        ("jose", 2),
        ("cafe strasse", 2),
        ("京", 3),
        ("天気", 3),
        ("都の天", 3),
        ("날씨", 4),
        ("씨", 4),
        ("ข้าว", 5),
        ("κοσμ", 6),
        ("مرحبا", 7),
        ("c++", 8),
        ("👍", 8),
        (":)", 8),
        ("example.org", 9),
        ("https://example.org/путь?x=1", 9),
    ] {
        assert_eq!(found(&bob, query).await, [texts[text]], "{query}");
    }
    for query in ["чёту", "т", "ет", "\"май за\"", "\"за ма\"", "京東", "отчёт -май", "c+++", "Straßa"]
    {
        assert_eq!(found(&bob, query).await, [""; 0], "{query}");
    }
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_read() {
    let server = TestServer::start().await;
    let (anna, bob, eve) =
        (server.person("anna").await, server.person("bob").await, server.person("eve").await);
    let group = anna.group("Garden", &[&bob, &eve]).await;
    let private = anna.direct(&bob).await;
    let sent = anna.post_text(group, "secret one").await;
    anna.post_text(group, "secret two").await;
    anna.post_text(private, "secret three").await;
    settle(&anna, private).await;
    assert_eq!(found(&bob, "secret").await, ["secret three", "secret two", "secret one"]);
    assert_eq!(found(&eve, "secret").await, ["secret two", "secret one"]);
    assert_eq!(found(&server.person("zoe").await, "secret").await, [""; 0], "a stranger");
    assert_eq!(found(&anna, "created").await, [""; 0], "what the server says is not searched");

    let id = sent["id"].as_i64().unwrap();
    bob.delete(&format!("/messages/{id}?for=me")).await.expect(204);
    assert_eq!(found(&bob, "secret").await, ["secret three", "secret two"], "hidden for oneself");
    assert_eq!(found(&eve, "one").await, ["secret one"], "and for nobody else");
    anna.delete(&format!("/messages/{id}")).await.expect(204);
    assert_eq!(found(&eve, "secret").await, ["secret two"], "deleted for all");
    anna.delete(&format!("/chats/{group}/members/{}", eve.id)).await.expect(204);
    assert_eq!(found(&eve, "secret").await, [""; 0], "no longer a member");
    find(&eve, &[("q", "secret"), ("chat_id", &group.to_string())]).await.refused(403, "forbidden");
    find(&eve, &[("q", "secret"), ("chat_id", "77")]).await.refused(404, "not_found");
    anna.delete(&format!("/chats/{group}")).await.expect(204);
    assert_eq!(found(&anna, "secret").await, ["secret three"], "the chat is gone");
    find(&server.nobody(), &[("q", "secret")]).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn filters_narrow() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    anna.put("/users/me", json!({"display_name": "Анна Ким"})).await.expect(200);
    let garden = anna.group("Сад и огород", &[&bob]).await;
    let private = anna.direct(&bob).await;
    anna.post_text(garden, "роза красная").await;
    bob.post_text(garden, "роза белая https://example.org").await;
    bob.post_text(private, "роза чёрная").await;
    let file = bob.upload("Роза.txt", "text/plain", b"text".to_vec()).await;
    let body = json!({"chat_id": private, "type": "file", "payload": {"attachment_id": file}});
    bob.post("/messages", body).await.expect(201);
    settle(&bob, private).await;
    let by = |who: &Person| who.id.to_string();
    for (query, count) in [
        ("роза".to_owned(), 4),
        ("роза from:anna".to_owned(), 1),
        ("роза от:@bob".to_owned(), 3),
        ("роза from:\"анна ким\"".to_owned(), 1),
        ("роза from:me".to_owned(), 1),
        (format!("роза from:{}", by(&bob)), 3),
        ("роза from:me from:bob".to_owned(), 4),
        ("роза from:nobody".to_owned(), 0),
        ("роза in:сад".to_owned(), 2),
        ("роза в:bob".to_owned(), 2),
        (format!("роза in:{garden} from:bob"), 1),
        ("роза in:лес".to_owned(), 0),
        ("роза has:link".to_owned(), 1),
        ("есть:ссылка".to_owned(), 1),
        ("has:file".to_owned(), 1),
        ("has:file роза".to_owned(), 1),
        ("has:image".to_owned(), 0),
        ("has:file has:link".to_owned(), 0),
        ("роза before:2020-01-01".to_owned(), 0),
        ("роза after:2020-01-01".to_owned(), 4),
        ("роза after:2090-01-01".to_owned(), 0),
        ("роза до:31.12.2090 -белая".to_owned(), 3),
        ("роза has:fun".to_owned(), 0),
    ] {
        let texts = found(&anna, &query).await;
        assert_eq!(texts.len(), count, "{query}: {texts:?}");
    }
    let private = private.to_string();
    let both = find(&anna, &[("q", "роза"), ("chat_id", &private)]).await.expect(200);
    assert_eq!(both["results"].as_array().unwrap().len(), 2);
    let neither = find(&anna, &[("q", "роза in:сад"), ("chat_id", &private)]).await.expect(200);
    assert_eq!(neither, json!({"results": [], "cursor": null}));
}

#[tokio::test]
async fn what_is_after_a_day_was_sent_on_it_or_later() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Diary", &[]).await;
    anna.post_text(chat, "dear diary one").await;
    server.clock.advance(Duration::from_secs(3 * 86_400));
    let anna = anna.renewed().await;
    let second = anna.post_text(chat, "dear diary two").await;
    settle(&anna, chat).await;
    let day = second["ts"].as_str().unwrap().split('T').next().unwrap();
    assert_eq!(found(&anna, &format!("dear after:{day}")).await, ["dear diary two"]);
    assert_eq!(found(&anna, &format!("dear before:{day}")).await, ["dear diary one"]);
}

#[tokio::test]
async fn an_edited_message_is_found_by_what_it_says_now() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Notes", &[]).await;
    let old = anna.post_text(chat, "the first wording").await;
    settle(&anna, chat).await;
    let path = format!("/messages/{}", old["id"]);
    anna.patch(&path, json!({"content": "another phrase"})).await.expect(200);
    // One that is edited before it was indexed.
    let hasty = anna.post_text(chat, "hasty").await;
    anna.patch(&format!("/messages/{}", hasty["id"]), json!({"content": "careful"})).await.expect(200);
    settle(&anna, chat).await;
    assert_eq!(found(&anna, "wording").await, [""; 0]);
    assert_eq!(found(&anna, "phrase").await, ["another phrase"]);
    assert_eq!(found(&anna, "careful").await, ["careful"]);
    assert_eq!(found(&anna, "hasty").await, [""; 0]);
}

#[tokio::test]
async fn what_was_deleted_is_not_in_the_index_any_more() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Regrets", &[]).await;
    let (deleted, edited) =
        (anna.post_text(chat, "unspeakable").await, anna.post_text(chat, "unwritten").await);
    settle(&anna, chat).await;
    assert_eq!(indexed(&server, "unspeakable").await, 1);
    anna.delete(&format!("/messages/{}", deleted["id"])).await.expect(204);
    anna.patch(&format!("/messages/{}", edited["id"]), json!({"content": "mild"})).await.expect(200);
    settle(&anna, chat).await;
    assert_eq!(indexed(&server, "unspeakable").await, 0);
    assert_eq!(indexed(&server, "unwritten").await, 0);
    assert_eq!(indexed(&server, "mild").await, 1);
}

#[tokio::test]
async fn what_disappears_by_itself_leaves_the_index() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let (short, stays) = (anna.group("Short", &[]).await, anna.group("Stays", &[]).await);
    server.change(&format!("UPDATE chat SET message_life = 60000 WHERE id = {short}")).await;
    anna.post_text(short, "fleeting").await;
    anna.post_text(stays, "lasting").await;
    settle(&anna, stays).await;
    assert_eq!(found(&anna, "fleeting").await, ["fleeting"]);
    let mut socket = anna.socket().await;
    server.clock.advance(Duration::from_secs(61));
    assert_eq!(found(&anna, "fleeting").await, [""; 0], "at once");
    socket.until("message.deleted").await;
    settle(&anna, stays).await;
    assert_eq!((indexed(&server, "fleeting").await, indexed(&server, "lasting").await), (0, 1));
}

#[tokio::test]
async fn of_a_deleted_chat_nothing_stays_in_the_index() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let (doomed, stays) = (anna.group("Doomed", &[]).await, anna.group("Stays", &[]).await);
    anna.post_text(doomed, "swept").await;
    settle(&anna, stays).await;
    assert_eq!(indexed(&server, "swept").await, 1);
    anna.delete(&format!("/chats/{doomed}")).await.expect(204);
    // Said and deleted, but never indexed.
    let server = server.restart().await;
    let anna = Person { url: server.url.clone(), ..anna };
    for _ in 0..400 {
        settle(&anna, stays).await;
        if indexed(&server, "swept").await == 0 {
            break;
        }
    }
    let question = "SELECT count(*) FROM search_place WHERE message_id NOT IN (SELECT id FROM message)";
    let left = server.count_index(question).await;
    assert_eq!((indexed(&server, "swept").await, left), (0, 0));
}

#[tokio::test]
async fn a_clock_that_was_set_back_hides_nothing() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Clock", &[]).await;
    let ahead = anna.post_text(chat, "posted ahead of time").await["id"].as_i64().unwrap();
    settle(&anna, chat).await;
    // As if that had been sent, and indexed, by a clock that was a day ahead.
    let id = ahead + (86_400_000_i64 << 12);
    server
        .change_index(&format!(
            "UPDATE message SET id = {id} WHERE id = {ahead}; \
             UPDATE search_place SET message_id = {id} WHERE message_id = {ahead}"
        ))
        .await;
    let server = server.restart().await;
    let anna = Person { url: server.url.clone(), ..anna };
    anna.post_text(chat, "posted after that").await;
    settle(&anna, chat).await;
    assert_eq!(found(&anna, "posted").await, ["posted after that", "posted ahead of time"]);
}

#[tokio::test]
async fn a_hole_in_the_index_is_filled_at_the_next_start() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Hole", &[]).await;
    let lost = anna.post_text(chat, "lost and found").await["id"].as_i64().unwrap();
    anna.post_text(chat, "found anyway").await;
    settle(&anna, chat).await;
    // Long ago, so that no pass looks back so far.
    let id = lost - (3_600_000_i64 << 12);
    server
        .change_index(&format!(
            "UPDATE message SET id = {id} WHERE id = {lost}; DELETE FROM search_place WHERE message_id = {lost}"
        ))
        .await;
    settle(&anna, chat).await;
    assert_eq!(found(&anna, "found").await, ["found anyway"]);
    let server = server.restart().await;
    let anna = Person { url: server.url.clone(), ..anna };
    settle(&anna, chat).await;
    assert_eq!(found(&anna, "found").await, ["lost and found", "found anyway"]);
}

/// Whatever is sent, edited, deleted and hidden by whoever comes and goes: what one finds is what
/// one sees in the chats that one is in.
#[tokio::test]
async fn one_finds_what_history_shows_and_nothing_else() {
    const WORDS: [&str; 6] = ["роза", "розовый", "сад", "лес", "vineyard", "京都"];
    let server = TestServer::start().await;
    let people = [server.person("anna").await, server.person("bob").await, server.person("eve").await];
    let [anna, bob, eve] = &people;
    let chats =
        [anna.group("One", &[bob, eve]).await, anna.group("Two", &[bob]).await, bob.direct(eve).await];
    let mut dice = Dice(20_260_111);
    let mut sent: Vec<i64> = Vec::new();
    for _ in 0..250 {
        let person = &people[dice.roll(3)];
        let text = format!("{} {}", WORDS[dice.roll(6)], WORDS[dice.roll(6)]);
        let message = sent.get(dice.roll(sent.len().max(1))).copied().unwrap_or_default();
        let path = format!("/messages/{message}");
        // Who may not is refused, and then nothing has changed.
        match dice.roll(10) {
            0..=4 => {
                let body = json!({"chat_id": chats[dice.roll(3)], "type": "text", "content": text});
                let reply = person.post("/messages", body).await;
                if reply.status == 201 {
                    sent.extend(reply.body["id"].as_i64());
                }
            }
            5 | 6 => drop(person.patch(&path, json!({"content": text})).await),
            7 => drop(person.delete(&path).await),
            8 => drop(person.delete(&format!("{path}?for=me")).await),
            _ => {
                let (chat, member) = (chats[dice.roll(2)], people[1 + dice.roll(2)].id);
                let gone = anna.delete(&format!("/chats/{chat}/members/{member}")).await;
                if gone.status != 204 {
                    anna.post(&format!("/chats/{chat}/members"), json!({"user_id": member})).await;
                }
            }
        }
    }
    settle(anna, chats[1]).await;
    let mut seen_at_all = 0;
    for person in &people {
        let mut shown: Vec<Value> = Vec::new();
        for chat in chats {
            let history = person.get(&format!("/messages?chat_id={chat}&limit=200")).await;
            if history.status == 200 {
                shown.extend(history.expect(200).as_array().unwrap().iter().cloned());
            }
        }
        for word in WORDS {
            let has = |message: &&Value| {
                message["type"] != "system"
                    && message["content"].as_str().is_some_and(|text| text.contains(word))
            };
            let mut expected: Vec<i64> =
                shown.iter().filter(has).map(|message| message["id"].as_i64().unwrap()).collect();
            expected.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
            seen_at_all += expected.len();
            let page = find(person, &[("q", word), ("limit", "100")]).await.expect(200);
            let ids = |page: &Value| -> Vec<i64> {
                let results = page["results"].as_array().unwrap();
                results.iter().map(|result| result["message"]["id"].as_i64().unwrap()).collect()
            };
            assert_eq!(ids(&page), expected, "{word}, by {}", person.id);
        }
    }
    assert!(seen_at_all > 100, "{seen_at_all}");
}

#[tokio::test]
async fn polls_places_and_captions_have_words_too() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Kinds", &[]).await;
    let poll = json!({"chat_id": chat, "type": "poll", "content": "Куда едем?", "payload": {"options": ["Карелия", "Алтай"]}});
    anna.post("/messages", poll).await.expect(201);
    let place = json!({"latitude": 59.93, "longitude": 30.31, "name": "Летний сад"});
    anna.post("/messages", json!({"chat_id": chat, "type": "location", "payload": place})).await.expect(201);
    settle(&anna, chat).await;
    for query in ["едем", "алтай карел", "летний сад"] {
        assert_eq!(found(&anna, query).await.len(), 1, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_a_hole_or_a_double() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Many", &[]).await;
    let texts: Vec<String> = (0..130).map(|number| format!("leaf number {number}")).collect();
    for text in &texts {
        anna.post_text(chat, text).await;
    }
    settle(&anna, chat).await;
    let newest_first: Vec<_> = texts.iter().rev().cloned().collect();
    for order in ["newest", "best"] {
        let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let mut asked = vec![("q", "leaf number".to_owned()), ("order", order.to_owned())];
            asked.push(("limit", "50".to_owned()));
            asked.extend(cursor.map(|cursor| ("cursor", cursor)));
            let asked: Vec<(&str, &str)> =
                asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let page = find(&anna, &asked).await.expect(200);
            all.extend(contents(&page));
            pages += 1;
            match page["cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(all, newest_first, "{order}");
        assert_eq!(pages, 3);
    }
    let whole = find(&anna, &[("q", "leaf"), ("limit", "1000")]).await.expect(200);
    assert_eq!(contents(&whole).len(), 100, "at most a hundred");
    let other = find(&anna, &[("q", "leaf"), ("order", "best"), ("cursor", "n5")]).await;
    other.refused(400, "invalid");
}

#[tokio::test]
async fn the_best_fit_comes_first() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Cats", &[]).await;
    for text in ["кот спит, кот ест, кот", "один кот", "который час", "скотный двор"]
    {
        anna.post_text(chat, text).await;
    }
    settle(&anna, chat).await;
    let best = find(&anna, &[("q", "кот"), ("order", "best")]).await.expect(200);
    assert_eq!(contents(&best), ["кот спит, кот ест, кот", "один кот", "который час", "скотный двор"]);
}

#[tokio::test]
async fn a_snippet_lights_what_was_found() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Snippets", &[]).await;
    let long = format!("{}👩‍💻 тут Ёлка стоит {}", "до ".repeat(200), "после ".repeat(200));
    anna.post_text(chat, &long).await;
    settle(&anna, chat).await;
    let page = find(&anna, &[("q", "ёлк стоит")]).await.expect(200);
    assert_eq!(fields(&page), ["results", "cursor"]);
    let result = &page["results"][0];
    assert_eq!(fields(result), ["message", "snippet"]);
    assert_eq!(result["message"]["content"], json!(long));
    let text = result["snippet"]["text"].as_str().unwrap();
    assert!(text.starts_with('…') && text.ends_with('…') && text.chars().count() < 170, "{text}");
    let units: Vec<u16> = text.encode_utf16().collect();
    let cut = |span: &Value| {
        let [from, to] = [0, 1].map(|end| usize::try_from(span[end].as_u64().unwrap()).unwrap());
        String::from_utf16(&units[from..to]).unwrap()
    };
    let lit: Vec<String> = result["snippet"]["highlights"].as_array().unwrap().iter().map(cut).collect();
    assert_eq!(lit, ["Ёлк", "стоит"]);
}

#[tokio::test]
async fn any_string_is_a_search() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Any", &[]).await;
    anna.post_text(chat, "plain words").await;
    settle(&anna, chat).await;
    for query in [
        "",
        " ",
        "\"",
        "\"\"",
        "\"plain words",
        "'",
        "*",
        "plain*",
        "pla*",
        "^plain",
        "NEAR(plain words, 2)",
        "plain OR x",
        "plain AND words",
        "NOT plain",
        "tokens:plain",
        "{tokens}: plain",
        "(",
        ")",
        "+plain",
        "-",
        "--",
        "-\"",
        "plain)",
        "~>@<",
        "@distance",
        "\\",
        "%",
        "_",
        "\0",
        "\u{200b}",
        "\u{202e}x",
        "😀😀😀",
        "\u{10ffff}",
        "from:",
        "in:\"",
        "has:",
        "before:x",
        "от:",
        "'; DROP TABLE message; --",
        "\u{301}\u{301}",
        "in:99999999999999999999",
        "from:99999999999999999999",
        "before:-1-1-1",
    ] {
        let page = find(&anna, &[("q", query)]).await.expect(200);
        assert!(page["results"].is_array(), "{query:?}");
        let best = find(&anna, &[("q", query), ("order", "best")]).await.expect(200);
        assert_eq!(contents(&page).len(), contents(&best).len(), "{query:?}");
    }
    assert_eq!(found(&anna, "pla* words").await, [""; 0], "an asterisk is an asterisk");
    assert_eq!(found(&anna, "plain OR nonsense").await, [""; 0], "OR is a word");
    let mut dice = Dice(5);
    for _ in 0..100 {
        let odd = || char::from_u32(0);
        let signs: String = (0..dice.roll(30))
            .filter_map(|_| match dice.roll(3) {
                0 => char::from_u32(dice.roll(0x80) as u32),
                1 => char::from_u32(dice.roll(0x3000) as u32),
                _ => char::from_u32(dice.roll(0x11_0000) as u32).or_else(odd),
            })
            .collect();
        find(&anna, &[("q", &signs)]).await.expect(200);
    }
    let long = "я".repeat(501);
    for (asked, field) in [
        (vec![], "q"),
        (vec![("q", long.as_str())], "q"),
        (vec![("q", "a"), ("cursor", "nonsense")], "cursor"),
        (vec![("q", "a"), ("cursor", "")], "cursor"),
        (vec![("q", "a"), ("limit", "-1")], "limit"),
        (vec![("q", "a"), ("order", "oldest")], "order"),
        (vec![("q", "a"), ("chat_id", "x")], "chat_id"),
    ] {
        let refusal = find(&anna, &asked).await.refused(400, "invalid");
        assert!(refusal["detail"].as_str().unwrap().starts_with(field), "{refusal}");
    }
    find(&anna, &[("q", &"я".repeat(500))]).await.expect(200);
    let many = join_all((0..20).map(|_| find(&anna, &[("q", "plain")]))).await;
    assert!(many.into_iter().all(|reply| reply.status == 200), "many at once");
}

#[tokio::test]
async fn a_database_without_an_index_is_indexed_after_the_start() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Old", &[]).await;
    for number in 0..600 {
        anna.post_text(chat, &format!("ancient word{number}")).await;
    }
    let clear = match server.database.is_mysql() {
        true => "DELETE FROM search_index",
        false => "INSERT INTO search_index (search_index) VALUES ('delete-all')",
    };
    server.change_index(&format!("DELETE FROM search_place; {clear}")).await;
    let server = server.restart().await;
    let anna = Person { url: server.url.clone(), ..anna };
    settle(&anna, chat).await;
    for number in [0, 255, 256, 599] {
        let text = format!("ancient word{number}");
        assert_eq!(found(&anna, &format!("\"word{number}\"")).await, [text]);
    }
    let all = find(&anna, &[("q", "ancient"), ("limit", "100")]).await.expect(200);
    assert_eq!(contents(&all).len(), 100);
}

/// The file with the index of an embedded database.
const INDEX: &str = "besedka-search.db";

/// What happens to it while no server uses it.
type Change<'a> = Box<dyn FnOnce(&Path) + 'a>;

#[tokio::test]
async fn an_index_that_is_missing_damaged_or_of_another_database_is_built_anew() {
    let server = TestServer::start().await;
    if server.database.is_mysql() {
        return leave("MySQL's index is in the database");
    }
    let other = TestServer::start().await;
    let stranger = other.person("stranger").await;
    let elsewhere = stranger.group("Elsewhere", &[]).await;
    for number in 0..40 {
        stranger.post_text(elsewhere, &format!("strange {number}")).await;
    }
    settle(&stranger, elsewhere).await;
    let foreign = other.dir.path().join(INDEX);
    other.running.stop().await;
    let foreign = std::fs::read(foreign).unwrap();

    let mut server = server;
    let mut anna = server.person("anna").await;
    let chat = anna.group("Garden", &[]).await;
    for number in 0..300 {
        anna.post_text(chat, &format!("ancient word{number}")).await;
    }
    settle(&anna, chat).await;
    // Of a moment from which the messages have changed since.
    let mut earlier = Vec::new();
    server = server.restart_after(|folder| earlier = std::fs::read(folder.join(INDEX)).unwrap()).await;
    anna = Person { url: server.url.clone(), ..anna };
    let edited = anna.post_text(chat, "ancient secret").await;
    settle(&anna, chat).await;
    anna.patch(&format!("/messages/{}", edited["id"]), json!({"content": "ancient rumour"}))
        .await
        .expect(200);
    settle(&anna, chat).await;

    let middle = |file: &Path| {
        let mut bytes = std::fs::read(file).unwrap();
        let (page, middle) = (4_096, bytes.len() / 2 / 4_096 * 4_096);
        bytes[middle..middle + page].fill(0x5a);
        std::fs::write(file, bytes).unwrap();
    };
    let changes: Vec<(&str, Change<'_>)> = vec![
        ("missing", Box::new(|file| std::fs::remove_file(file).unwrap())),
        ("no database", Box::new(|file| std::fs::write(file, vec![7; 100_000]).unwrap())),
        ("empty", Box::new(|file| std::fs::write(file, []).unwrap())),
        ("damaged in the middle", Box::new(middle)),
        ("of another database", Box::new(|file| std::fs::write(file, &foreign).unwrap())),
        ("of an earlier moment", Box::new(|file| std::fs::write(file, &earlier).unwrap())),
    ];
    for (what, change) in changes {
        server = server.restart_after(|folder| change(&folder.join(INDEX))).await;
        anna = Person { url: server.url.clone(), ..anna };
        let lacking = "SELECT count(*) FROM message WHERE id NOT IN (SELECT message_id FROM search_place)";
        let foreign = "SELECT count(*) FROM search_place WHERE message_id NOT IN (SELECT id FROM message)";
        let is_whole = async {
            loop {
                settle(&anna, chat).await;
                let (lacking, foreign) =
                    (server.count_index(lacking).await, server.count_index(foreign).await);
                let edited = find(&anna, &[("q", "ancient rumour")]).await;
                // While it is replaced, searches are refused.
                if (lacking, foreign, indexed(&server, "ancient").await, edited.status) == (0, 0, 301, 200)
                    && contents(&edited.body) == ["ancient rumour"]
                {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), is_whole).await.expect(what);
        for number in [0, 150, 299] {
            let found = found(&anna, &format!("\"word{number}\"")).await;
            assert_eq!(found, [format!("ancient word{number}")], "{what}");
        }
        assert_eq!(found(&anna, "strange").await, [""; 0], "{what}");
        let about = std::fs::metadata(server.dir.path().join(INDEX)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{what}");
    }
    assert_eq!(server.count("SELECT count(*) FROM search_place").await, 0, "nothing is in the database");
}

#[tokio::test]
async fn while_the_index_cannot_be_written_posts_go_on_and_what_is_deleted_is_not_found() {
    let server = TestServer::start().await;
    if server.database.is_mysql() {
        return leave("MySQL's index is in the database");
    }
    let anna = server.person("anna").await;
    let chat = anna.group("Garden", &[]).await;
    let (doomed, edited) = (anna.post_text(chat, "rose one").await, anna.post_text(chat, "rose two").await);
    anna.post_text(chat, "rose three").await;
    settle(&anna, chat).await;
    let busy = server.database.busy_index(server.dir.path()).await;
    for number in 0..20 {
        anna.post_text(chat, &format!("tulip {number}")).await;
    }
    anna.delete(&format!("/messages/{}", doomed["id"])).await.expect(204);
    anna.patch(&format!("/messages/{}", edited["id"]), json!({"content": "lily two"})).await.expect(200);
    assert_eq!(found(&anna, "rose").await, ["rose three"], "deleted and changed, at once");
    assert_eq!(indexed(&server, "rose").await, 3, "although they are in the index");
    busy.over().await;
    settle(&anna, chat).await;
    assert_eq!(found(&anna, "tulip").await.len(), 20);
    assert_eq!(found(&anna, "lily").await, ["lily two"]);
    assert_eq!(indexed(&server, "rose").await, 1);
}

/// As after a crash between the commit in the file and the one in the database, and before either.
#[tokio::test]
async fn what_was_indexed_before_a_crash_is_indexed_again_and_what_was_not_is_made_up_for() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let chat = anna.group("Garden", &[]).await;
    let (first, second) = (anna.post_text(chat, "rose one").await, anna.post_text(chat, "rose two").await);
    settle(&anna, chat).await;
    let (first, second) = (first["id"].as_i64().unwrap(), second["id"].as_i64().unwrap());
    server
        .change(&format!(
            "INSERT INTO search_pending (message_id) VALUES ({first}); \
             UPDATE message SET text = 'lily two' WHERE id = {second}; \
             INSERT INTO search_pending (message_id) VALUES ({second})"
        ))
        .await;
    let server = server.restart().await;
    let anna = Person { url: server.url.clone(), ..anna };
    settle(&anna, chat).await;
    assert_eq!(found(&anna, "rose").await, ["rose one"]);
    assert_eq!(found(&anna, "lily").await, ["lily two"]);
    assert_eq!((indexed(&server, "rose").await, indexed(&server, "lily").await), (1, 1));
    assert_eq!(server.count("SELECT count(*) FROM search_pending").await, 0);
}

/// How many rows of the index have all the tokens of a word.
async fn indexed(server: &TestServer, word: &str) -> i64 {
    let tokens: Vec<String> =
        required_tokens(&Query::parse(word).wanted).iter().map(Token::to_string).collect();
    let has = match server.database.is_mysql() {
        true => format!("MATCH (tokens) AGAINST ('+{}' IN BOOLEAN MODE)", tokens.join(" +")),
        false => format!("search_index MATCH '{}'", tokens.join(" ")),
    };
    server.count_index(&format!("SELECT count(*) FROM search_index WHERE {has}")).await
}

/// Asks with any parameters.
async fn find(who: &Person, parameters: &[(&str, &str)]) -> Reply {
    let mut url = reqwest::Url::parse(&format!("{}/api/v1/search", who.url)).unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    let (client, request) = who.request(Method::GET, "/search").build_split();
    let mut request = request.unwrap();
    *request.url_mut() = url;
    Reply::of(client.execute(request).await.unwrap()).await
}

/// The texts of the first page, newest first.
async fn found(who: &Person, query: &str) -> Vec<String> {
    contents(&find(who, &[("q", query)]).await.expect(200))
}

fn contents(page: &Value) -> Vec<String> {
    let content = |result: &Value| result["message"]["content"].as_str().unwrap_or_default().to_owned();
    page["results"].as_array().unwrap().iter().map(content).collect()
}

/// Waits until what was sent and edited so far can be found.
async fn settle(who: &Person, chat: i64) {
    let sentinel = format!("sentinel{}", uuid::Uuid::new_v4().simple());
    who.post_text(chat, &sentinel).await;
    for _ in 0..400 {
        // The index may just be replaced.
        let reply = find(who, &[("q", &sentinel)]).await;
        if reply.status != 503 && !contents(&reply.expect(200)).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("what was sent is not found in time");
}
