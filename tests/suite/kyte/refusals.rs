//! Whatever goes wrong, the answer is an object with a message: an early build indexes it without looking.

use reqwest::Method;
use serde_json::json;

use super::{Friend, pair, refused};
use crate::server::{Reply, TestServer, fields};

async fn sent(request: reqwest::RequestBuilder) -> Reply {
    Reply::to(request).await
}

#[tokio::test]
async fn it_is_found_below_api_too() {
    let (server, ann, _bob, garden) = pair().await;
    for base in ["/kyte", "/kyte/api", "/kyte//api"] {
        let friend = Friend { base: format!("{}{base}", server.url), ..ann.clone() };
        assert_eq!(friend.get("/chats").await.expect(200)["chats"][0]["id"], garden.as_str(), "{base}");
        let alive = friend.get("/health").await.expect(200);
        assert_eq!((fields(&alive), &alive["status"]), (vec!["status", "timestamp"], &json!("ok")));
        assert!(super::is_time(&alive["timestamp"]));
        refused(friend.get("/nothing").await, 404);
    }
}

#[tokio::test]
async fn every_error_is_an_object_with_a_message() {
    let (_server, ann, _bob, garden) = pair().await;
    let say = format!("/chats/{garden}/messages");
    for path in ["/", "/nothing", "/chats/", "/ws", "/chats/1/2/3", "/api/api/chats"] {
        let reply = ann.get(path).await;
        if reply.status != 200 {
            refused(reply, 404);
        }
    }
    refused(ann.put("/chats", json!({})).await, 405);
    refused(ann.get("/groups/join").await, 405);
    refused(sent(ann.request(Method::POST, &say).body("{\"content\":\"a\"}")).await, 415);
    let json =
        |body: Vec<u8>| ann.request(Method::POST, &say).header("Content-Type", "application/json").body(body);
    for body in ["", "{", "[]", "null", "\"text\"", "{\"content\": []}"] {
        refused(sent(json(body.as_bytes().to_vec())).await, 400);
    }
    let mut large = b"{\"content\":\"a\"}".to_vec();
    large.resize(128 * 1024, b' ');
    assert_eq!(sent(json(large.clone())).await.status, 201, "128 KiB fit");
    large.push(b' ');
    refused(sent(json(large)).await, 413);
}

#[tokio::test]
async fn tokens_are_one_apis() {
    let (server, ann, _bob, garden) = pair().await;
    for token in ["", "nonsense", "a.b.c", &ann.refresh] {
        refused(Friend { token: token.to_owned(), ..ann.clone() }.get("/chats").await, 401);
    }
    let basic = ann.http.get(format!("{}/chats", ann.base)).header("Authorization", "Basic YTpi");
    refused(sent(basic).await, 401);
    // A token of another API is one of the same api.
    let other = server.person("eve").await;
    let eve = Friend { token: other.token.clone(), ..ann.clone() };
    eve.get("/chats").await.expect(200);
    refused(eve.get(&format!("/chats/{garden}/messages")).await, 403);
    ann.elsewhere(&server).get("/users/me").await.expect(200);
    // One that may only read says nothing.
    let reader = Friend { token: ann.elsewhere(&server).with_token(&["read"]).await.token, ..ann.clone() };
    reader.get("/chats").await.expect(200);
    refused(reader.post(&format!("/chats/{garden}/messages"), json!({"content": "a"})).await, 403);
    refused(reader.put("/user/profile", json!({"name": "a"})).await, 403);
}

#[tokio::test]
async fn who_asks_too_often_is_told_so() {
    let server = TestServer::with(&["--rate-limits", "on"]).await;
    let ann = Friend::new(&server, "ann").await;
    let chat = ann.group("Garden", &[]).await["id"].as_str().unwrap().to_owned();
    let mut refusals = 0;
    for number in 0..60 {
        let reply =
            ann.post(&format!("/chats/{chat}/messages"), json!({"content": number.to_string()})).await;
        if reply.status != 201 {
            assert!(reply.header("Retry-After").parse::<u64>().unwrap() > 0);
            refused(reply, 429);
            refusals += 1;
        }
    }
    assert!(refusals > 0);
}

#[tokio::test]
async fn it_is_alone_at_its_own_host() {
    let server = TestServer::with(&["--rate-limits", "off", "--kyte-hosts", "kyte.example.org"]).await;
    let ann = Friend::new(&server, "ann").await;
    let at = |path: &str| {
        let request = ann.http.get(format!("{}{path}", server.url)).bearer_auth(&ann.token);
        request.header("Host", "Kyte.Example.org:8443")
    };
    for path in ["/chats", "/api/chats"] {
        sent(at(path)).await.expect(200);
    }
    assert_eq!(sent(at("/health")).await.expect(200)["status"], "ok");
    for path in ["/api/v1/chats", "/kyte/chats", "/docs"] {
        refused(sent(at(path)).await, 404);
    }
}
