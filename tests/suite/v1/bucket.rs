//! Files in a bucket to which browsers go by themselves, and what both storages refuse alike.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::media::{jpeg_with_a_place, tells};
use crate::bucket::Bucket;
use crate::server::{Person, Reply, Storage, TestServer, client};

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const OFF: &[&str] = &["--rate-limits", "off"];

async fn announce(person: &Person, name: &str, kind: &str, size: usize) -> Value {
    let body = json!({"filename": name, "content_type": kind, "size": size});
    person.post("/attachments", body).await.expect(200)
}

fn id(form: &Value) -> &str {
    form["attachment_id"].as_str().unwrap()
}

/// The same form with another field; without the field when there is no value.
fn with(form: &Value, field: &str, value: Option<&str>) -> Value {
    let mut form = form.clone();
    let fields = form["fields"].as_object_mut().unwrap();
    match value {
        Some(value) => fields.insert(field.to_owned(), json!(value)),
        None => fields.remove(field),
    };
    form
}

fn flipped(text: &str) -> String {
    let first = if text.starts_with('a') { "b" } else { "a" };
    format!("{first}{}", &text[1..])
}

/// Sends a form that is not as the server made it, in every way. Answers it as it was, for none was taken, and what is
/// sent when the file is too large: buckets differ there.
pub async fn wrong_forms_are_refused(server: &TestServer, ann: &Person) -> (Value, Reply) {
    let storage = server.storage;
    let form = announce(ann, "a.png", "image/png", 100).await;
    let other = announce(ann, "b.png", "image/png", 100).await;
    let field = |form: &Value, name: &str| form["fields"][name].as_str().unwrap().to_owned();
    let forged = flipped(&field(&form, "X-Amz-Signature"));
    for (wrong, form) in [
        ("forged", with(&form, "X-Amz-Signature", Some(&forged))),
        ("another's", with(&form, "X-Amz-Signature", Some(&field(&other, "X-Amz-Signature")))),
        ("mistyped", with(&form, "Content-Type", Some("text/html"))),
        ("unsigned", with(&form, "X-Amz-Signature", None)),
        ("foreign", with(&form, "key", Some(&field(&other, "key")))),
        ("elsewhere", with(&form, "key", Some("../../etc/passwd"))),
        ("a finished file's", with(&form, "key", Some(&format!("{}/a.png", id(&form))))),
    ] {
        // Where there is no bucket in between, it is the form's own.
        if wrong == "a finished file's" && storage != Storage::Bucket {
            continue;
        }
        let refused = ann.send_form(&form, PNG.to_vec()).await;
        assert_eq!(refused.status, 403, "{storage:?} {wrong} {}", refused.body);
    }
    if storage == Storage::Bucket {
        let policy = flipped(&field(&form, "Policy"));
        let refused = ann.send_form(&with(&form, "Policy", Some(&policy)), PNG.to_vec()).await;
        assert!(refused.status >= 400, "{}", refused.body);
    }
    let large = ann.send_form(&form, [PNG, &[0; 100]].concat()).await;
    ann.get(&format!("/attachments/{}/info", id(&form))).await.refused(404, "not_found");
    ann.get(&format!("/attachments/{}/info", id(&other))).await.refused(404, "not_found");
    (form, large)
}

/// Sends a form after its quarter of an hour.
pub async fn a_late_form_is_refused(server: &TestServer, ann: &str) {
    // A bucket has a clock of its own, by which the form was made a while ago.
    server.clock.turn_back(Duration::from_secs(16 * 60));
    let ann = server.person(ann).await;
    let form = announce(&ann, "a.png", "image/png", 100).await;
    server.clock.advance(Duration::from_secs(16 * 60));
    ann.send_form(&form, PNG.to_vec()).await.refused(403, "forbidden");
}

#[tokio::test]
async fn forged_oversized_mistyped_unsigned_and_foreign_forms_are_refused_wherever_files_are() {
    for storage in [Storage::Folder, Storage::Bucket, Storage::Behind] {
        let server = TestServer::storing(storage, OFF).await;
        let ann = server.person("ann").await;
        let (form, large) = wrong_forms_are_refused(&server, &ann).await;
        large.refused(413, "too_large");
        assert_eq!(server.kept(), Vec::<std::path::PathBuf>::new(), "{storage:?}");
        assert_eq!(ann.fill_in(&form, PNG.to_vec()).await.status, 204, "the form is good still");
    }
}

#[tokio::test]
async fn a_form_that_has_run_out_is_refused_wherever_files_are() {
    for storage in [Storage::Folder, Storage::Bucket] {
        let server = TestServer::storing(storage, OFF).await;
        a_late_form_is_refused(&server, "ann").await;
        assert_eq!(server.kept(), Vec::<std::path::PathBuf>::new(), "{storage:?}");
    }
}

#[tokio::test]
async fn what_is_sent_past_us_is_looked_at_before_anybody_sees_it() {
    let server = TestServer::storing(Storage::Bucket, OFF).await;
    let (ann, bob) = tokio::join!(server.person("ann"), server.person("bob"));
    let chat = ann.direct(&bob).await;
    let photo = jpeg_with_a_place(800, 400);
    let form = announce(&ann, "photo.jpg", "image/jpeg", photo.len()).await;
    assert!(form["url"].as_str().unwrap().starts_with(&server.bucket.as_ref().unwrap().url));
    assert_eq!(ann.send_form(&form, photo.clone()).await.status, 204);
    let body = json!({"chat_id": chat, "type": "image", "payload": {"attachment_id": id(&form)}});
    let sent = ann.post("/messages", body).await.expect(201);
    let file = &sent["attachments"][0];
    assert_eq!(
        (&file["width"], &file["height"], &file["has_thumbnail"]),
        (&json!(400), &json!(800), &json!(true))
    );
    // The form is good for some minutes more, and reaches what is posted no longer.
    let other = jpeg_with_a_place(300, 300);
    assert_eq!(ann.send_form(&form, other).await.status, 204);
    for path in ["", "/thumbnail"] {
        let read = bob.request(Method::GET, &format!("/attachments/{}{path}", id(&form)));
        let seen = read.send().await.unwrap().bytes().await.unwrap();
        let (width, height) = (
            image::load_from_memory(&seen).unwrap().width(),
            image::load_from_memory(&seen).unwrap().height(),
        );
        assert_eq!((width, height), if path.is_empty() { (800, 400) } else { (256, 512) });
        assert!(!tells(&seen, b"GPS") && !tells(&seen, b"37.6173E"));
    }
    // What it left there goes.
    server.clock.advance(Duration::from_secs(26 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    assert!(
        server.kept().iter().all(|file| !file.to_string_lossy().contains("incoming")),
        "{:?}",
        server.kept()
    );
    assert_eq!(server.kept().len(), 2);
}

#[tokio::test]
async fn what_is_not_what_it_says_is_posted_as_a_file_only() {
    let server = TestServer::storing(Storage::Bucket, OFF).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let form = announce(&ann, "a.png", "image/png", 100).await;
    let body = json!({"chat_id": chat, "type": "image", "payload": {"attachment_id": id(&form)}});
    ann.post("/messages", body.clone()).await.refused(400, "invalid");
    assert_eq!(ann.send_form(&form, b"<!DOCTYPE html><script>".to_vec()).await.status, 204);
    let refused = ann.post("/messages", body.clone()).await.refused(400, "invalid");
    assert!(refused["detail"].as_str().unwrap().contains("text/html"), "{refused}");
    let file = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": id(&form)}});
    ann.post("/messages", file).await.expect(201);
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_told_whoever_looked_at_the_file_first() {
    let server = TestServer::storing(Storage::Bucket, OFF).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    for (bytes, status, code, words) in
        [(vec![b'a'; 101], 413, "too_large", "100 bytes"), (Vec::new(), 400, "invalid", "empty")]
    {
        let form = announce(&ann, "a.txt", "text/plain", 100).await;
        // The bucket's policy stops these already; not every bucket obeys it.
        let sent = server.dir.path().join(format!("{}/incoming/{}/file", crate::bucket::NAME, id(&form)));
        std::fs::create_dir_all(sent.parent().unwrap()).unwrap();
        std::fs::write(&sent, bytes).unwrap();
        // Another request looks at all uploads of their owner, to know what room is left.
        announce(&ann, "b.txt", "text/plain", 100).await;
        assert!(!sent.exists(), "{code}");
        let file = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": id(&form)}});
        for _ in 0..2 {
            let answer = ann.get(&format!("/attachments/{}/info", id(&form))).await.refused(status, code);
            assert!(answer["detail"].as_str().unwrap().contains(words), "{answer}");
            ann.post("/messages", file.clone()).await.refused(status, code);
        }
        assert_eq!(ann.send_form(&form, vec![b'a'; 100]).await.status, 204);
        ann.post("/messages", file).await.expect(201);
        ann.get(&format!("/attachments/{}/info", id(&form))).await.expect(200);
    }
}

#[tokio::test]
async fn a_file_comes_from_the_bucket_by_a_link_that_forbids_what_it_could_do() {
    let server = TestServer::storing(Storage::Bucket, OFF).await;
    let (ann, eve) = tokio::join!(server.person("ann"), server.person("eve"));
    let plain = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let ask = async |method: Method, id: &str| {
        let url = format!("{}/api/v1/attachments/{id}", server.url);
        plain.request(method, url).bearer_auth(&ann.token).send().await.unwrap()
    };
    let page = ann.upload("страница.html", "text/html", b"<!DOCTYPE html><script>".to_vec()).await;
    let asked = ask(Method::GET, &page).await;
    assert_eq!(asked.status(), StatusCode::TEMPORARY_REDIRECT);
    let link = asked.headers()["location"].to_str().unwrap().to_owned();
    assert!(link.contains("X-Amz-Expires=300&"), "{link}");
    let page = plain.get(&link).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "application/octet-stream");
    let disposition = page.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment; ") && disposition.contains("%D1%81"), "{disposition}");
    // Nobody can make a page of it.
    let tampered = link.replace("application%2Foctet-stream", "text%2Fhtml");
    assert_ne!(tampered, link);
    assert_eq!(plain.get(&tampered).send().await.unwrap().status(), 403);
    assert_eq!(plain.get(link.split('?').next().unwrap()).send().await.unwrap().status(), 403);

    let picture = ann.upload("a.png", "image/png", PNG.to_vec()).await;
    let head = ask(Method::HEAD, &picture).await;
    let link = head.headers()["location"].to_str().unwrap();
    let head = plain.head(link).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK, "a link is for the method by which was asked");
    assert_eq!(head.headers()["content-length"], PNG.len().to_string());
    eve.get(&format!("/attachments/{picture}")).await.refused(404, "not_found");
    server.nobody().get(&format!("/attachments/{picture}")).await.refused(401, "unauthorized");
    let avatar = ann.put("/users/me/avatar", json!({"attachment_id": picture})).await;
    assert_eq!(avatar.status, 400, "it is too small a picture to be read: {}", avatar.body);
}

#[tokio::test]
async fn a_page_may_send_to_the_bucket_and_show_what_is_there() {
    for (storage, is_named) in [(Storage::Bucket, true), (Storage::Behind, false), (Storage::Folder, false)] {
        let server = TestServer::storing(storage, OFF).await;
        let page = client().get(format!("{}/docs/", server.url)).send().await.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        let origin = server.bucket.as_ref().map_or("http://127.0.0.1", |bucket| bucket.url.as_str());
        assert_eq!(policy.contains(origin), is_named, "{storage:?} {policy}");
        if is_named {
            for may in ["connect-src 'self' ", "img-src 'self' blob: data: ", "media-src 'self' blob: "] {
                assert!(policy.contains(&format!("{may}{origin};")), "{policy}");
            }
        }
    }
}

#[tokio::test]
async fn a_bucket_that_shuts_pages_out_is_told_of() {
    let server = TestServer::storing(Storage::Bucket, OFF).await;
    let messenger = &server.running.messenger;
    messenger.probe_cors(crate::bucket::PAGES).await.unwrap();
    let trouble = messenger.probe_cors("https://other.example.org").await.unwrap_err().to_string();
    assert!(trouble.contains("https://other.example.org") && trouble.contains("CORS"), "{trouble}");
    let behind = TestServer::storing(Storage::Behind, OFF).await;
    behind.running.messenger.probe_cors("https://other.example.org").await.unwrap();
}

#[tokio::test]
async fn large_files_pass_the_server_in_parts_and_the_bucket_s_own_are_copied_there() {
    // Wherever it is cut, what follows could be the form's end.
    let large: Vec<u8> = (0..17_000_000_u32).flat_map(|number| [b'\r', number as u8]).collect();
    for (storage, size) in [(Storage::Behind, 12_000_000), (Storage::Bucket, 34_000_000)] {
        let server = TestServer::storing(storage, OFF).await;
        let ann = server.person("ann").await;
        let file = large[..size].to_vec();
        let sent = ann.upload("a.bin", "application/octet-stream", file.clone()).await;
        let info = ann.get(&format!("/attachments/{sent}/info")).await.expect(200);
        assert_eq!(info["size"], size);
        let read = ann.request(Method::GET, &format!("/attachments/{sent}")).send().await.unwrap();
        assert!(read.bytes().await.unwrap() == file, "{storage:?}");
        assert_eq!(server.kept().len(), 1);
    }
}

#[tokio::test]
async fn what_was_sent_and_never_asked_for_counts_and_goes_after_a_day() {
    let flags = ["--rate-limits", "off", "--quota-per-user", "1000"];
    let server = TestServer::storing(Storage::Bucket, &flags).await;
    let ann = server.person("ann").await;
    let used = async |ann: &Person| ann.get("/users/me/quota").await.expect(200)["used"].clone();
    let form = announce(&ann, "a", "text/plain", 600).await;
    // What may come is kept room for.
    let more = json!({"filename": "b", "content_type": "text/plain", "size": 500});
    ann.post("/attachments", more.clone()).await.refused(413, "quota_exceeded");
    assert_eq!(ann.send_form(&form, vec![b'a'; 300]).await.status, 204);
    assert_eq!(used(&ann).await, 0);
    let second = ann.post("/attachments", more).await.expect(200);
    assert_eq!(used(&ann).await, 300, "it is looked for when its owner wants more room");
    assert_eq!(ann.send_form(&second, vec![b'b'; 400]).await.status, 204);
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(used(&ann).await, 700);
    server.clock.advance(Duration::from_secs(25 * 3_600 + 1));
    server.running.messenger.clean_up().await.unwrap();
    let ann = server.again(&ann, "ann").await;
    assert_eq!(used(&ann).await, 0);
    assert_eq!(server.kept(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn while_the_bucket_is_down_everything_else_goes_on() {
    let mut server = TestServer::storing(Storage::Bucket, OFF).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let sent = ann.upload("a.png", "image/png", PNG.to_vec()).await;
    let form = announce(&ann, "b.png", "image/png", 100).await;
    let address = server.bucket.take().unwrap().url.replace("http://", "");
    let ready = async || {
        let answer = client().get(format!("{}/ready", server.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(ready().await, (200, json!({"status": "ok", "files": "unavailable"})));
    ann.post_text(chat, "still here").await;
    let body = json!({"chat_id": chat, "type": "image", "payload": {"attachment_id": id(&form)}});
    ann.post("/messages", body).await.refused(503, "files_unavailable");
    // A server that starts meanwhile does so, too.
    let server = server.restart().await;
    let ann = Person { url: server.url.clone(), ..ann };
    ann.post_text(chat, "and there").await;
    let _back = Bucket::at(server.dir.path(), &address).await;
    let read = ann.request(Method::GET, &format!("/attachments/{sent}")).send().await.unwrap();
    assert_eq!(read.bytes().await.unwrap(), PNG);
    assert_eq!(ann.fill_in(&form, PNG.to_vec()).await.status, 204);
}

#[tokio::test]
async fn a_bucket_that_is_set_up_wrong_is_told_in_a_sentence_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::over(dir.path()).await;
    let right = bucket.storage_url("");
    let elsewhere = right.replace("s3://files", "s3://nowhere");
    for (url, secret, sentence) in [
        (&elsewhere, crate::bucket::SECRET, "there is no bucket nowhere at http://127.0.0.1:"),
        (&right, "another", "AWS_SECRET_ACCESS_KEY is not the access key's"),
    ] {
        let refused = TestServer::refused(url, crate::bucket::KEY_ID, secret).await;
        assert!(refused.contains(sentence) && !refused.contains('\n'), "{refused}");
    }
    let unknown = TestServer::refused(&right, "nobody", crate::bucket::SECRET).await;
    assert!(unknown.contains("AWS_ACCESS_KEY_ID"), "{unknown}");
    assert!(!unknown.contains(crate::bucket::SECRET), "{unknown}");
}

#[tokio::test]
async fn files_move_while_the_server_goes_on() {
    let server = TestServer::storing(Storage::Folder, OFF).await;
    let ann = server.person("ann").await;
    let photo = ann.upload("photo.jpg", "image/jpeg", jpeg_with_a_place(800, 400)).await;
    let text = ann.upload("a.txt", "text/plain", b"some text".to_vec()).await;
    let gone = ann.upload("b.txt", "text/plain", b"other text".to_vec()).await;
    let read = async |ann: &Person, path: &str| {
        let answer = ann.request(Method::GET, &format!("/attachments/{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    };
    let (whole, small) = (read(&ann, &photo).await, read(&ann, &format!("{photo}/thumbnail")).await);
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::over(folder.path()).await;
    let old = format!("file:{}", server.dir.path().join("files").display());
    let server = server.moving_to(&bucket.storage_url(""), &old).await;
    let ann = Person { url: server.url.clone(), ..ann };
    assert_eq!(read(&ann, &photo).await, whole, "what is not there yet is read where it was");
    assert_eq!(read(&ann, &format!("{photo}/thumbnail")).await, small);
    let new = ann.upload("c.txt", "text/plain", b"new text".to_vec()).await;

    let moving = server.moving(&old, &bucket.storage_url(""));
    moving.probe().await.unwrap();
    let operator = server.beside().await;
    let moved = operator.migrate_files(&moving, |_| {}).await.unwrap();
    assert_eq!((moved.seen, moved.all, moved.copied, moved.already), (4, 4, 4, 1));
    let again = operator.migrate_files(&moving, |_| {}).await.unwrap();
    assert_eq!((again.copied, again.already, again.missing, again.damaged), (0, 5, 0, 0));
    // What was broken off, or rotted, is copied again; what is damaged at its source is told.
    std::fs::write(folder.path().join(format!("files/{text}/file")), b"some tex!").unwrap();
    let mended = operator.migrate_files(&moving, |_| {}).await.unwrap();
    assert_eq!((mended.copied, mended.already), (1, 4));
    for place in [server.dir.path(), folder.path()] {
        std::fs::write(place.join(format!("files/{gone}/file")), b"wrong text").unwrap();
    }
    assert_eq!(operator.migrate_files(&moving, |_| {}).await.unwrap().damaged, 1);

    std::fs::remove_dir_all(server.dir.path().join("files")).unwrap();
    assert_eq!(read(&ann, &photo).await, whole);
    assert_eq!(read(&ann, &format!("{photo}/thumbnail")).await, small);
    assert_eq!(read(&ann, &new).await.1, "new text");
}

#[tokio::test]
async fn files_do_not_move_by_a_database_that_knows_none_of_them() {
    let server = TestServer::storing(Storage::Folder, OFF).await;
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| format!("file:{}", folder.path().join(name).display()));
    let moving = server.moving(&old, &new);
    let operator = server.beside().await;
    // An upload that was not confirmed is no file yet.
    std::fs::create_dir_all(folder.path().join("old/incoming/one")).unwrap();
    std::fs::write(folder.path().join("old/incoming/one/file"), "text").unwrap();
    assert_eq!(operator.migrate_files(&moving, |_| {}).await.unwrap().all, 0);
    std::fs::create_dir_all(folder.path().join("old/two")).unwrap();
    std::fs::write(folder.path().join("old/two/file"), "text").unwrap();
    let refused = operator.migrate_files(&moving, |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("the database knows none"), "{refused}");
}
