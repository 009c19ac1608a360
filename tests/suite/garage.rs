//! Garage (`make test-garage`), for a second opinion on what a bucket takes: it was written by others than the server that
//! stands in for a bucket in the other tests.

use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::json;

use crate::bucket::{KEY_ID, SECRET};
use crate::server::{Storage, TestServer};
use crate::v1::bucket::{PNG, a_late_form_is_refused, wrong_forms_are_refused};
use crate::v1::media::jpeg_with_a_place;

const OFF: &[&str] = &["--rate-limits", "off"];

/// Where it is: a `--storage-url`.
#[expect(clippy::disallowed_methods, reason = "it is told to the tests and is no setting")]
fn storage_url() -> String {
    std::env::var("BESEDKA_TEST_BUCKET").expect("tests/garage.sh runs these")
}

#[tokio::test]
#[ignore = "it needs Garage: make test-garage"]
async fn it_takes_the_forms_that_the_server_made_and_no_others() {
    let server = TestServer::over(Storage::Bucket, &storage_url(), OFF).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (form, large) = wrong_forms_are_refused(&server, &ann).await;
    large.refused(403, "forbidden");
    assert_eq!(ann.fill_in(&form, PNG.to_vec()).await.status, 204);

    let chat = ann.direct(&bob).await;
    let photo = ann.upload("photo.jpg", "image/jpeg", jpeg_with_a_place(800, 400)).await;
    let body = json!({"chat_id": chat, "type": "image", "payload": {"attachment_id": photo}});
    ann.post("/messages", body).await.expect(201);
    for (path, size) in [("", (800, 400)), ("/thumbnail", (256, 512))] {
        let read = bob.request(Method::GET, &format!("/attachments/{photo}{path}")).send().await.unwrap();
        let picture = image::load_from_memory(&read.bytes().await.unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), size);
    }
    let plain = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let page = ann.upload("страница.html", "text/html", b"<!DOCTYPE html><script>".to_vec()).await;
    let asked = plain.get(format!("{}/api/v1/attachments/{page}", server.url)).bearer_auth(&ann.token);
    let link = asked.send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    let tampered = link.replace("application%2Foctet-stream", "text%2Fhtml");
    let page = plain.get(&link).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"application/octet-stream".parse().unwrap())
    );
    assert!(page.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    assert_eq!(plain.get(&tampered).send().await.unwrap().status(), 403);
    a_late_form_is_refused(&server, "late").await;
}

#[tokio::test]
#[ignore = "it needs Garage: make test-garage"]
async fn large_files_and_parts_of_them_pass_the_server() {
    let large: Vec<u8> = (0..8_500_000_u32).flat_map(u32::to_le_bytes).collect();
    for (storage, more) in [(Storage::Behind, "&direct=off"), (Storage::Bucket, "")] {
        let server = TestServer::over(storage, &(storage_url() + more), OFF).await;
        let ann = server.person("ann").await;
        let sent = ann.upload("a.bin", "application/octet-stream", large.clone()).await;
        let path = format!("/attachments/{sent}");
        let read = ann.request(Method::GET, &path).send().await.unwrap();
        assert!(read.bytes().await.unwrap() == large, "{storage:?}");
        let part =
            ann.request(Method::GET, &path).header("Range", "bytes=20000000-20000999").send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert!(part.bytes().await.unwrap() == large[20_000_000..20_001_000], "{storage:?}");
    }
}

#[tokio::test]
#[ignore = "it needs Garage: make test-garage"]
async fn what_is_set_up_wrong_is_told_in_a_sentence() {
    let right = storage_url();
    let other = SECRET.replace('0', "1");
    for (url, key, secret, sentence) in [
        (right.replace("s3://files", "s3://nowhere"), KEY_ID, SECRET, "nowhere"),
        (right.clone(), KEY_ID, &*other, "AWS_SECRET_ACCESS_KEY"),
        (right.clone(), "GK0000000000000000000000ff", SECRET, "AWS_ACCESS_KEY_ID"),
        (right.replace("region=garage", "region=elsewhere"), KEY_ID, SECRET, "region"),
    ] {
        let refused = TestServer::refused(&url, key, secret).await;
        assert!(refused.contains(sentence) && !refused.contains('\n'), "{refused}");
    }
}
