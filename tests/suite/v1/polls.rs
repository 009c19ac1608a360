//! `/messages/{id}/vote`, `/messages/{id}/close`: polls.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, is_time, names};

/// Somebody who asks, somebody who votes, and their group.
async fn two() -> (TestServer, Person, Person, i64) {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    (server, ann, bob, chat)
}

async fn asked(person: &Person, chat: i64, more: Value) -> i64 {
    let mut payload = json!({"options": ["Tea", "Coffee", "Вода"]});
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({"chat_id": chat, "type": "poll", "content": "What to drink?", "payload": payload});
    person.post("/messages", body).await.expect(201)["id"].as_i64().unwrap()
}

async fn vote(person: &Person, poll: i64, options: Value) -> crate::server::Reply {
    person.put(&format!("/messages/{poll}/vote"), json!({"options": options})).await
}

async fn own(person: &Person, poll: i64) -> Value {
    person.get(&format!("/messages/{poll}/vote")).await.expect(200)["options"].clone()
}

#[tokio::test]
async fn votes_are_counted_named_and_told() {
    let (_server, ann, bob, chat) = two().await;
    let poll = asked(&ann, chat, json!({})).await;
    let mut socket = bob.socket().await;
    let shown = vote(&ann, poll, json!([2])).await.expect(200);
    assert_eq!(
        shown["poll"],
        json!({
            "options": [
                {"text": "Tea", "votes": 0, "user_ids": []},
                {"text": "Coffee", "votes": 0, "user_ids": []},
                {"text": "Вода", "votes": 1, "user_ids": [ann.id]},
            ],
            "voters": 1, "multiple": false, "anonymous": false, "closed_at": null,
        })
    );
    assert_eq!(socket.until("message.updated").await, shown);
    vote(&bob, poll, json!([2])).await.expect(200);
    vote(&ann, poll, json!([0])).await.expect(200);
    let shown = bob.get(&format!("/messages/{poll}")).await.expect(200);
    assert_eq!(shown["poll"]["options"][0]["user_ids"], json!([ann.id]), "a vote replaces the one before");
    assert_eq!(shown["poll"]["options"][2]["user_ids"], json!([bob.id]));
    assert_eq!(shown["poll"]["voters"], 2);
    assert_eq!((own(&ann, poll).await, own(&bob, poll).await), (json!([0]), json!([2])));
    let shown = vote(&ann, poll, json!([])).await.expect(200);
    assert_eq!((&shown["poll"]["voters"], own(&ann, poll).await), (&json!(1), json!([])));
}

#[tokio::test]
async fn a_new_poll_is_shown_as_it_is_told_and_read() {
    let (_server, ann, bob, chat) = two().await;
    let mut socket = bob.socket().await;
    let poll = asked(&ann, chat, json!({"multiple": true})).await;
    let told = socket.until("message.created").await;
    assert_eq!((&told["poll"]["voters"], &told["poll"]["multiple"]), (&json!(0), &json!(true)));
    assert_eq!(bob.get(&format!("/messages/{poll}")).await.expect(200), told);
    let text = ann.post_text(chat, "no poll").await;
    assert_eq!(text.get("poll"), None);
    let path = format!("/messages/{}", text["id"]);
    ann.put(&format!("{path}/vote"), json!({"options": [0]})).await.refused(404, "not_found");
    ann.get(&format!("{path}/vote")).await.refused(404, "not_found");
    ann.post(&format!("{path}/close"), json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn several_may_be_chosen_where_the_poll_says_so() {
    let (_server, ann, _bob, chat) = two().await;
    let several = asked(&ann, chat, json!({"multiple": true})).await;
    let shown = vote(&ann, several, json!([2, 0, 2])).await.expect(200);
    let votes: Vec<_> = (0..3).map(|n| shown["poll"]["options"][n]["votes"].clone()).collect();
    assert_eq!((votes, own(&ann, several).await), (vec![json!(1), json!(0), json!(1)], json!([0, 2])));
    assert_eq!(shown["poll"]["voters"], 1);
    let one = asked(&ann, chat, json!({})).await;
    vote(&ann, one, json!([0, 1])).await.refused(400, "invalid");
    for wrong in [json!([3]), json!([-1]), json!([i64::MAX]), json!(["0"]), json!(0), json!(null)] {
        let body = vote(&ann, one, wrong.clone()).await.refused(400, "invalid");
        assert!(body["detail"].as_str().unwrap().contains("options"), "{wrong} {body}");
    }
    assert_eq!(own(&ann, one).await, json!([]));
}

#[tokio::test]
async fn voting_many_times_at_once_leaves_one_vote() {
    let (_server, ann, bob, chat) = two().await;
    let poll = asked(&ann, chat, json!({})).await;
    let votes = join_all((0..20).map(|number| {
        let bob = &bob;
        async move { vote(bob, poll, json!([number % 3])).await.expect(200) }
    }));
    votes.await;
    let shown = ann.get(&format!("/messages/{poll}")).await.expect(200);
    let sum: i64 = (0..3).map(|n| shown["poll"]["options"][n]["votes"].as_i64().unwrap()).sum();
    assert_eq!((sum, &shown["poll"]["voters"]), (1, &json!(1)), "{shown}");
}

#[tokio::test]
async fn what_one_chose_is_told_to_ones_own_devices_alone() {
    let (server, ann, bob, chat) = two().await;
    let poll = asked(&ann, chat, json!({"anonymous": true})).await;
    let phone = server.again(&bob, "bob").await;
    let (mut own, mut others) = (phone.socket().await, ann.socket().await);
    let cursor = bob.cursor().await;
    vote(&bob, poll, json!([1])).await.expect(200);
    assert_eq!(own.until("poll.voted").await, json!({"message_id": poll, "chat_id": chat, "options": [1]}));
    let received = ann.receives(&mut others).await;
    assert_eq!(names(&received), ["message.updated"]);
    let shown = &received[0]["data"]["poll"];
    assert_eq!((&shown["options"][1]["votes"], &shown["options"][1]["user_ids"]), (&json!(1), &json!(null)));
    let page = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    let events = page["events"].as_array().unwrap();
    let voted = events.iter().find(|event| event["event"] == "poll.voted").unwrap();
    assert_eq!(voted["data"]["options"], json!([1]));
    vote(&bob, poll, json!([1])).await.expect(200);
    assert_eq!(names(&ann.receives(&mut others).await), [""; 0], "the same vote again tells nothing");
}

#[tokio::test]
async fn a_closed_poll_takes_no_votes() {
    let (_server, ann, bob, chat) = two().await;
    let poll = asked(&bob, chat, json!({})).await;
    vote(&ann, poll, json!([0])).await.expect(200);
    let shown = bob.post(&format!("/messages/{poll}/close"), json!({})).await.expect(200);
    assert!(is_time(&shown["poll"]["closed_at"]), "{shown}");
    vote(&ann, poll, json!([1])).await.refused(409, "conflict");
    vote(&ann, poll, json!([])).await.refused(409, "conflict");
    assert_eq!(own(&ann, poll).await, json!([0]));
    let again = ann.post(&format!("/messages/{poll}/close"), json!({})).await.expect(200);
    assert_eq!(again, shown, "whoever moderates may too; closed is closed");
}

#[tokio::test]
async fn only_members_vote_and_only_who_asked_or_moderates_closes() {
    let (server, ann, bob, chat) = two().await;
    let eve = server.person("eve").await;
    let poll = asked(&ann, chat, json!({})).await;
    vote(&eve, poll, json!([0])).await.refused(403, "forbidden");
    eve.get(&format!("/messages/{poll}/vote")).await.refused(403, "forbidden");
    bob.post(&format!("/messages/{poll}/close"), json!({})).await.refused(403, "forbidden");
    ann.delete(&format!("/messages/{poll}")).await.expect(204);
    vote(&bob, poll, json!([0])).await.refused(404, "not_found");
    let shown = bob.get(&format!("/messages/{poll}")).await.expect(200);
    assert_eq!((&shown["deleted"], shown.get("poll")), (&json!(true), None));
}

#[tokio::test]
async fn a_forwarded_poll_has_votes_of_its_own() {
    let (_server, ann, bob, chat) = two().await;
    let other = ann.direct(&bob).await;
    let poll = asked(&ann, chat, json!({})).await;
    vote(&ann, poll, json!([0])).await.expect(200);
    let body = json!({"chat_ids": [other]});
    let forwarded = ann.post(&format!("/messages/{poll}/forward"), body).await.expect(201);
    assert_eq!((&forwarded[0]["poll"]["voters"], own(&ann, poll).await), (&json!(0), json!([0])));
    let shown = vote(&bob, forwarded[0]["id"].as_i64().unwrap(), json!([1])).await.expect(200);
    assert_eq!(shown["poll"]["options"][1]["user_ids"], json!([bob.id]));
}

#[tokio::test]
async fn all_who_chose_something_are_listed_page_by_page() {
    let (server, ann, bob, chat) = two().await;
    let eve = server.person("eve").await;
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": eve.id})).await.expect(201);
    let poll = asked(&ann, chat, json!({})).await;
    for person in [&eve, &ann, &bob] {
        vote(person, poll, json!([1])).await.expect(200);
        server.clock.advance(std::time::Duration::from_millis(5));
    }
    let page = async |query: &str| {
        let page = ann.get(&format!("/messages/{poll}/voters?option=1{query}")).await.expect(200);
        page.as_array().unwrap().iter().map(|person| person["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(page("").await, [eve.id, ann.id, bob.id]);
    assert_eq!(page("&limit=2").await, [eve.id, ann.id]);
    assert_eq!(page(&format!("&limit=2&after_id={}", ann.id)).await, [bob.id]);
    assert_eq!(page(&format!("&after_id={}", bob.id)).await, [0; 0]);
    assert_eq!(page("&after_id=7").await, [0; 0], "who did not vote is no place to go on from");
    let secret = asked(&ann, chat, json!({"anonymous": true})).await;
    ann.get(&format!("/messages/{secret}/voters?option=1")).await.refused(403, "forbidden");
    ann.get(&format!("/messages/{poll}/voters?option=3")).await.refused(400, "invalid");
    let sent = ann.post_text(chat, "no poll").await;
    ann.get(&format!("/messages/{}/voters?option=0", sent["id"])).await.refused(404, "not_found");
}
