//! Avatars: made of uploaded pictures, seen by everybody who knows of their owner.

use std::time::Duration;

use image::{GenericImageView, ImageFormat};
use serde_json::{Value, json};

use super::media::{encoded, jpeg_with_a_place, pixels, png_that_claims, tells};
use crate::server::{Person, Reply, TestServer, fresh_key};

const A_DAY: Duration = Duration::from_secs(25 * 3_600 + 1);

/// Makes an avatar of a picture that is uploaded for it; answers where it is.
async fn avatar(person: &Person, picture: Vec<u8>) -> String {
    let id = person.upload("me.png", "image/png", picture).await;
    let me = person.put("/users/me/avatar", json!({"attachment_id": id})).await.expect(200);
    me["avatar_url"].as_str().unwrap().to_owned()
}

/// What somebody without a token gets to see.
async fn seen(server: &TestServer, path: &str) -> Reply {
    server.nobody().get(path.strip_prefix("/api/v1").unwrap()).await
}

async fn shown(server: &TestServer, path: &str) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let request = server.nobody().request(reqwest::Method::GET, path.strip_prefix("/api/v1").unwrap());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    (response.headers().clone(), response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn an_avatar_is_a_square_of_which_everybody_receives() {
    let server = TestServer::start().await;
    let (ann, bob) = tokio::join!(server.person("ann"), server.person("bob"));
    let chat = ann.group("Garden", &[&bob]).await;
    let (mut own, mut his) = (ann.socket().await, bob.socket().await);
    let picture = ann.upload("me.jpg", "image/jpeg", jpeg_with_a_place(1_600, 800)).await;
    let me = ann.put("/users/me/avatar", json!({"attachment_id": picture})).await.expect(200);
    let path = me["avatar_url"].as_str().unwrap();
    assert!(path.starts_with("/api/v1/avatars/") && !path.contains(&picture), "{path}");
    assert_eq!(own.until("user.updated").await["avatar_url"], path);
    let told = his.until("member.updated").await;
    assert_eq!((&told["chat_id"], &told["member"]["user"]["avatar_url"]), (&json!(chat), &json!(path)));
    assert_eq!(bob.get(&format!("/users/{}", ann.id)).await.expect(200)["avatar_url"], path);
    let (headers, bytes) = shown(&server, path).await;
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(headers["content-security-policy"], "sandbox; default-src 'none'");
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert!(!tells(&bytes, b"Exif") && bytes.len() < 100_000);
    let image = image::load_from_memory(&bytes).unwrap();
    assert_eq!(image.dimensions(), (512, 512));
    let corner = image.to_rgb8().get_pixel(506, 5).0;
    assert!(corner[0] < 100 && corner[1] < 30, "it stands upright: {corner:?}");
}

#[tokio::test]
async fn a_replaced_avatar_goes_and_so_does_its_weight() {
    let server = TestServer::with(&["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let first = avatar(&ann, encoded(pixels(600, 700), ImageFormat::Png)).await;
    let second = avatar(&ann, encoded(pixels(30, 20), ImageFormat::Png)).await;
    seen(&server, &first).await.refused(404, "not_found");
    assert_eq!(image::load_from_memory(&shown(&server, &second).await.1).unwrap().dimensions(), (20, 20));
    server.clock.advance(A_DAY);
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept().len(), 1, "neither the pictures nor the first avatar");
    let ann = server.again(&ann, "ann").await;
    let weight = shown(&server, &second).await.1.len();
    assert_eq!(ann.get("/users/me/quota").await.expect(200)["used"], weight);
    // It is sent back with the rest of the profile.
    let me = ann.put("/users/me", json!({"display_name": "Анна", "avatar_url": second})).await.expect(200);
    assert_eq!((&me["avatar_url"], &me["display_name"]), (&json!(second), &json!("Анна")));
    ann.delete("/users/me/avatar").await.expect(204);
    assert_eq!(ann.get("/users/me").await.expect(200)["avatar_url"], Value::Null);
    seen(&server, &second).await.refused(404, "not_found");
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept().len(), 0);
    assert_eq!(ann.get("/users/me/quota").await.expect(200)["used"], 0);
}

#[tokio::test]
async fn a_picture_elsewhere_takes_the_place_of_an_avatar() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let path = avatar(&ann, encoded(pixels(30, 20), ImageFormat::Png)).await;
    let elsewhere = "https://example.com/ann.png";
    let me = ann.put("/users/me", json!({"avatar_url": elsewhere})).await.expect(200);
    assert_eq!(me["avatar_url"], elsewhere);
    seen(&server, &path).await.refused(404, "not_found");
    let path = avatar(&ann, encoded(pixels(30, 20), ImageFormat::Png)).await;
    let me = ann.put("/users/me", json!({"avatar_url": null})).await.expect(200);
    assert_eq!(me["avatar_url"], Value::Null, "nor the one elsewhere");
    seen(&server, &path).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_avatar_is_made_of_one_s_own_picture_and_of_nothing_else() {
    let server = TestServer::start().await;
    let (ann, bob) = tokio::join!(server.person("ann"), server.person("bob"));
    let picture = || encoded(pixels(30, 20), ImageFormat::Png);
    let bobs = bob.upload("a.png", "image/png", picture()).await;
    let text = ann.upload("a.txt", "text/plain", b"a text".to_vec()).await;
    let drawn =
        ann.upload("a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()).await;
    let bomb = ann.upload("a", "application/octet-stream", png_that_claims(50_000, 50_000)).await;
    let form =
        ann.post("/attachments", json!({"filename": "a", "content_type": "image/png"})).await.expect(200);
    let coming = form["attachment_id"].as_str().unwrap().to_owned();
    for id in [bobs, text, drawn, bomb, coming, uuid::Uuid::nil().to_string(), "me".to_owned()] {
        ann.put("/users/me/avatar", json!({"attachment_id": id})).await.refused(400, "invalid");
    }
    ann.put("/users/me/avatar", json!({})).await.refused(400, "invalid");
    assert_eq!(ann.get("/users/me").await.expect(200)["avatar_url"], Value::Null);
    // A file that is no avatar is not shown to everybody.
    let own = ann.upload("a.png", "image/png", picture()).await;
    server.nobody().get(&format!("/avatars/{own}")).await.refused(404, "not_found");
    server.nobody().get("/avatars/me").await.refused(404, "not_found");
    server.nobody().put("/users/me/avatar", json!({"attachment_id": own})).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn of_avatars_that_are_set_at_once_one_stays() {
    let server = TestServer::with(&["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let set = (1..=6).map(|side| avatar(&ann, encoded(pixels(side, side), ImageFormat::Png)));
    futures_util::future::join_all(set).await;
    server.clock.advance(A_DAY);
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept().len(), 1);
    let me = server.again(&ann, "ann").await.get("/users/me").await.expect(200);
    shown(&server, me["avatar_url"].as_str().unwrap()).await;
}

#[tokio::test]
async fn an_avatar_is_set_once_for_each_key() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let id = ann.upload("a.png", "image/png", encoded(pixels(30, 20), ImageFormat::Png)).await;
    let key = fresh_key();
    let set = async || {
        let body = json!({"attachment_id": id});
        ann.send(reqwest::Method::PUT, "/users/me/avatar", Some(&key), Some(body)).await
    };
    let me = set().await.expect(200);
    let again = set().await.refused(409, "duplicate_request");
    assert_eq!(again["original"], json!({"status": 200, "body": me}));
}

#[tokio::test]
async fn a_chat_has_an_avatar_as_its_admins_like() {
    let server = TestServer::with(&["--rate-limits", "off"]).await;
    let (ann, bob) = tokio::join!(server.person("ann"), server.person("bob"));
    let eve = server.person("eve").await;
    let chat = ann.group("Garden", &[&bob]).await;
    let path = format!("/chats/{chat}/avatar");
    let upload = async |person: &Person| {
        person.upload("a.png", "image/png", encoded(pixels(30, 20), ImageFormat::Png)).await
    };
    for (person, refused) in [(&bob, 403), (&eve, 403)] {
        let body = json!({"attachment_id": upload(person).await});
        person.put(&path, body).await.refused(refused, "forbidden");
        person.delete(&path).await.refused(refused, "forbidden");
    }
    let mut his = bob.socket().await;
    let body = json!({"attachment_id": upload(&ann).await});
    let now = ann.put(&path, body.clone()).await.expect(200);
    let url = now["avatar_url"].as_str().unwrap().to_owned();
    assert_eq!(his.until("chat.updated").await["avatar_url"], url);
    assert_eq!(bob.get(&format!("/chats/{chat}")).await.expect(200)["avatar_url"], url);
    assert_eq!(image::load_from_memory(&shown(&server, &url).await.1).unwrap().dimensions(), (20, 20));
    let renamed = ann.patch(&format!("/chats/{chat}"), json!({"title": "Orchard"})).await.expect(200);
    assert_eq!(renamed["avatar_url"], url, "it stays with another name");
    let other = ann.put(&path, body.clone()).await.expect(200)["avatar_url"].as_str().unwrap().to_owned();
    seen(&server, &url).await.refused(404, "not_found");
    ann.delete(&path).await.expect(204);
    seen(&server, &other).await.refused(404, "not_found");
    assert_eq!(ann.get(&format!("/chats/{chat}")).await.expect(200)["avatar_url"], Value::Null);
    let private = ann.direct(&bob).await;
    ann.put(&format!("/chats/{private}/avatar"), body.clone()).await.refused(403, "forbidden");
    ann.put("/chats/1/avatar", body).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_avatar_goes_with_its_chat() {
    let server = TestServer::with(&["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let mut urls = Vec::new();
    for gone in ["delete", "leave"] {
        let chat = ann.group("Garden", &[]).await;
        let id = ann.upload("a.png", "image/png", encoded(pixels(30, 20), ImageFormat::Png)).await;
        let now = ann.put(&format!("/chats/{chat}/avatar"), json!({"attachment_id": id})).await.expect(200);
        urls.push(now["avatar_url"].as_str().unwrap().to_owned());
        let path = if gone == "delete" {
            format!("/chats/{chat}")
        } else {
            format!("/chats/{chat}/members/{}", ann.id)
        };
        ann.delete(&path).await.expect(204);
    }
    for url in &urls {
        seen(&server, url).await.refused(404, "not_found");
    }
    server.clock.advance(A_DAY);
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept().len(), 0);
}
