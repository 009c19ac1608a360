//! Files: announced, uploaded by a form, posted, read.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{PASSWORD, Person, Reply, Storage, TestServer};
use crate::skip::leave;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0 a voice";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom a film";
const PDF: &[u8] = b"%PDF-1.7\n a paper";
const HTML: &[u8] = b"<!DOCTYPE html><html><script>alert(1)</script></html>";
const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

#[tokio::test]
async fn a_voice_message_goes_the_documented_way() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let form = announce(&ann, "voice.opus", "audio/opus").await;
    let id = form["attachment_id"].as_str().unwrap();
    let key = form["fields"]["key"].as_str().unwrap();
    assert_eq!(key.strip_prefix("incoming/").unwrap_or(key), format!("{id}/file"));
    assert_eq!(form["fields"]["Content-Type"], "audio/opus");
    assert!(!form["fields"]["X-Amz-Signature"].as_str().unwrap().is_empty());
    assert!(form["expires_at"].as_str().unwrap().contains('T'));
    let done = ann.fill_in(&form, b"raw frames".to_vec()).await;
    assert_eq!((done.status, done.body), (204, Value::Null));
    let payload = json!({
        "attachment_id": id, "duration_ms": 5000, "codec": "opus", "waveform": [10, 20, 30, 40, 50],
    });
    let body = json!({"chat_id": chat, "type": "voice", "content": null, "payload": payload});
    let sent = ann.post("/messages", body).await.expect(201);
    assert_eq!(sent["payload"], payload);
    assert_eq!(sent["attachments"][0]["size"], 10);
    let read = fetch(&bob, &server, id, None).await;
    assert_eq!((read.status, read.bytes.as_slice()), (200, &b"raw frames"[..]));
}

#[tokio::test]
async fn a_form_may_ask_to_be_answered_with_201() {
    let server = TestServer::start().await;
    if server.is_direct() {
        return leave("of uploads to this server; here they go to a bucket");
    }
    let ann = server.person("ann").await;
    let form = announce(&ann, "a.png", "image/png").await;
    let fields = fields(&form).text("success_action_status", "201");
    let response = ann
        .http
        .post(form["url"].as_str().unwrap())
        .multipart(fields.part("file", Part::bytes(PNG).file_name("blob")))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["content-type"], "application/xml");
    let text = response.text().await.unwrap();
    let key = format!("<Key>{}</Key>", form["fields"]["key"].as_str().unwrap());
    assert!(text.contains("<PostResponse>") && text.contains(&key), "{text}");
}

#[tokio::test]
async fn a_name_does_not_turn_the_direction_of_writing() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let id = ann.upload("report\u{202e}fdp\u{2066}\u{200f}.exe", "application/pdf", b"MZ".to_vec()).await;
    let info = ann.get(&format!("/attachments/{id}/info")).await.expect(200);
    assert_eq!(info["filename"], "reportfdp.exe");
    let only = json!({"filename": "\u{202e}", "content_type": "image/png"});
    ann.post("/attachments", only).await.refused(400, "invalid");
}

#[tokio::test]
async fn what_is_wrong_with_an_announcement_is_sent() {
    let server = TestServer::with(&["--rate-limits", "off", "--upload-limit", "1000"]).await;
    let ann = server.person("ann").await;
    for (body, field) in [
        (json!({"filename": "", "content_type": "image/png"}), "filename"),
        (json!({"filename": "ж".repeat(256), "content_type": "image/png"}), "filename"),
        (json!({"filename": "a\nb", "content_type": "image/png"}), "filename"),
        (json!({"filename": "a", "content_type": "png"}), "content_type"),
        (json!({"filename": "a", "content_type": "image/png\r\nX: y"}), "content_type"),
        (json!({"filename": "a", "content_type": "image/png", "size": 0}), "size"),
        (json!({"content_type": "image/png"}), "filename"),
    ] {
        let refused = ann.post("/attachments", body.clone()).await.refused(400, "invalid");
        assert!(refused["detail"].as_str().unwrap().contains(field), "{body} {refused}");
    }
    let large = json!({"filename": "a", "content_type": "image/png", "size": 1001});
    ann.post("/attachments", large).await.refused(413, "too_large");
}

#[tokio::test]
async fn a_form_that_was_tampered_with_is_refused_and_nothing_is_kept() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let form = announce(&ann, "a.png", "image/png").await;
    let other = announce(&ann, "b.png", "image/png").await;
    let with = |field: &str, value: Value| {
        let mut form = form.clone();
        form["fields"][field] = value;
        form
    };
    let id = form["attachment_id"].as_str().unwrap();
    let mut flipped = form["fields"]["X-Amz-Signature"].as_str().unwrap().to_owned();
    let first = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(..1, first);
    for wrong in [
        with("key", json!(format!("{id}/other.png"))),
        with("key", other["fields"]["key"].clone()),
        with("key", json!("../../etc/passwd")),
        with("key", json!("")),
        with("Content-Type", json!("text/html")),
        with("X-Amz-Signature", json!(flipped)),
        with("X-Amz-Signature", other["fields"]["X-Amz-Signature"].clone()),
        with("X-Amz-Signature", json!("")),
    ] {
        ann.fill_in(&wrong, PNG.to_vec()).await.refused(403, "forbidden");
    }
    let unsigned = Form::new()
        .text("key", form["fields"]["key"].as_str().unwrap().to_owned())
        .text("Content-Type", "image/png");
    let unsigned = unsigned.part("file", Part::bytes(PNG).file_name("blob"));
    send_form(&ann, &form, unsigned).await.refused(403, "forbidden");
    let bare = Form::new().part("file", Part::bytes(PNG).file_name("blob"));
    send_form(&ann, &form, bare).await.refused(403, "forbidden");
    let file_first = Form::new()
        .part("file", Part::bytes(PNG).file_name("blob"))
        .text("key", form["fields"]["key"].as_str().unwrap().to_owned());
    send_form(&ann, &form, file_first).await.refused(403, "forbidden");
    assert_eq!(server.kept(), Vec::<PathBuf>::new());
    assert_eq!(ann.fill_in(&form, PNG.to_vec()).await.status, 204, "the form is good still");
}

#[tokio::test]
async fn what_is_wrong_with_the_file_is_refused_and_the_form_stays_good() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let body = json!({"filename": "a.png", "content_type": "image/png", "size": 100});
    let form = ann.post("/attachments", body).await.expect(200);
    let large = [PNG, &[0; 100]].concat();
    ann.fill_in(&form, large).await.refused(413, "too_large");
    ann.fill_in(&form, Vec::new()).await.refused(400, "invalid");
    if !server.is_direct() {
        let without = fields(&form);
        send_form(&ann, &form, without).await.refused(400, "invalid");
        let as_json = ann.http.post(form["url"].as_str().unwrap()).json(&json!({})).send().await.unwrap();
        Reply::of(as_json).await.refused(415, "unsupported_media_type");
    }
    assert_eq!(server.kept(), Vec::<PathBuf>::new());
    assert_eq!(ann.fill_in(&form, PNG.to_vec()).await.status, 204);
    assert_eq!(server.kept().len(), 1);
    if !server.is_direct() {
        ann.fill_in(&form, PNG.to_vec()).await.refused(409, "conflict");
        assert_eq!(server.kept().len(), 1);
    }
}

#[tokio::test]
async fn a_form_runs_out_after_fifteen_minutes() {
    let server = TestServer::start().await;
    if server.is_direct() {
        return leave("see the same of `bucket`");
    }
    let ann = server.person("ann").await;
    let (form, late) =
        (announce(&ann, "a.png", "image/png").await, announce(&ann, "b.png", "image/png").await);
    server.clock.advance(Duration::from_secs(14 * 60));
    assert_eq!(ann.fill_in(&form, PNG.to_vec()).await.status, 204);
    server.clock.advance(Duration::from_secs(61));
    ann.fill_in(&late, PNG.to_vec()).await.refused(403, "forbidden");
    assert_eq!(server.kept().len(), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_and_may_be_tried_again() {
    let server = TestServer::start().await;
    if server.is_direct() {
        return leave("of uploads to this server; here they go to a bucket");
    }
    let ann = server.person("ann").await;
    let form = announce(&ann, "a.bin", "application/octet-stream").await;
    for sent in [0, 100, 600_000] {
        let mut stream = TcpStream::connect(server.running.address).await.unwrap();
        stream.write_all(&by_hand(&form, 1_000_000, &vec![7; sent])).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
            .await
            .expect("the server gives up too");
        assert!(!String::from_utf8_lossy(&answer).contains(" 204 "), "{}", String::from_utf8_lossy(&answer));
        assert_eq!(server.kept(), Vec::<PathBuf>::new(), "after {sent} bytes");
    }
    // One that hangs up without waiting for an answer.
    let mut stream = TcpStream::connect(server.running.address).await.unwrap();
    stream.write_all(&by_hand(&form, 1_000_000, &[7; 300_000])).await.unwrap();
    drop(stream);
    until(|| server.kept().is_empty()).await;
    let mut done = ann.fill_in(&form, b"whole".to_vec()).await;
    // The turn of the one that hung up may not be over yet.
    while done.status == 409 {
        tokio::task::yield_now().await;
        done = ann.fill_in(&form, b"whole".to_vec()).await;
    }
    assert_eq!(done.status, 204, "{}", done.body);
    let id = form["attachment_id"].as_str().unwrap();
    assert_eq!(fetch(&ann, &server, id, None).await.bytes, b"whole");
    assert_eq!(server.kept().len(), 1);
}

#[tokio::test]
async fn a_file_is_read_by_its_owner_and_the_members_of_its_chat_only() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let eve = server.person("eve").await;
    let chat = ann.group("Garden", &[&bob]).await;
    let id = ann.upload("a.png", "image/png", PNG.to_vec()).await;
    assert_eq!(fetch(&ann, &server, &id, None).await.status, 200);
    assert_eq!(fetch(&bob, &server, &id, None).await.status, 404, "not posted yet");
    post_file(&ann, chat, "image", &id).await.expect(201);
    assert_eq!(fetch(&bob, &server, &id, None).await.bytes, PNG);
    bob.get(&format!("/attachments/{id}/info")).await.expect(200);
    eve.get(&format!("/attachments/{id}")).await.refused(404, "not_found");
    eve.get(&format!("/attachments/{id}/info")).await.refused(404, "not_found");
    server.nobody().get(&format!("/attachments/{id}")).await.refused(401, "unauthorized");
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    assert_eq!(fetch(&bob, &server, &id, None).await.status, 404, "removed");
}

#[tokio::test]
async fn a_link_needs_no_token_and_runs_out() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let id = ann.upload("a.png", "image/png", PNG.to_vec()).await;
    let other = ann.upload("b.png", "image/png", PNG.to_vec()).await;
    let info = ann.get(&format!("/attachments/{id}/info")).await.expect(200);
    assert_eq!(
        (&info["id"], &info["filename"], &info["content_type"], &info["size"]),
        (&json!(id), &json!("a.png"), &json!("image/png"), &json!(PNG.len()))
    );
    let link = info["url"].as_str().unwrap();
    let open = async |link: &str| ann.http.get(link).send().await.unwrap();
    let opened = open(link).await;
    assert_eq!(opened.status(), 200);
    assert_eq!(opened.bytes().await.unwrap(), PNG);
    let (base, query) = link.split_once('?').unwrap();
    let (expires, signature) = query.split_once('&').unwrap();
    let later: i64 = expires.trim_start_matches("expires=").parse().unwrap();
    for tampered in [
        link.replace(&id, &other),
        format!("{base}?expires={}&{signature}", later + 1_000),
        format!("{base}?{expires}&signature=AAAA"),
        format!("{base}?{expires}&signature="),
    ] {
        Reply::of(open(&tampered).await).await.refused(403, "forbidden");
    }
    assert_eq!(open(&format!("{base}?{expires}")).await.status(), 401);
    server.clock.advance(Duration::from_secs(5 * 60));
    Reply::of(open(link).await).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_part_of_a_file_is_answered_as_the_rfc_says() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let id = ann.upload("digits.txt", "text/plain", b"0123456789".to_vec()).await;
    for (range, part, bytes) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=4-", "bytes 4-9/10", "456789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=5-999", "bytes 5-9/10", "56789"),
        ("bytes=-999", "bytes 0-9/10", "0123456789"),
    ] {
        if server.is_direct() && range == "bytes=-999" {
            continue; // The tests' bucket can't do it.
        }
        let read = fetch(&ann, &server, &id, Some(range)).await;
        assert_eq!(read.status, 206, "{range}");
        assert_eq!(read.headers["content-range"], part, "{range}");
        assert_eq!(String::from_utf8_lossy(&read.bytes), bytes, "{range}");
        assert_eq!(read.headers["content-length"], bytes.len().to_string(), "{range}");
    }
    for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
        let read = fetch(&ann, &server, &id, Some(range)).await;
        assert_eq!(read.status, 416, "{range}");
        assert_eq!(read.headers["content-range"], "bytes */10", "{range}");
    }
    if server.is_direct() {
        return; // What it does not understand, the tests' bucket refuses.
    }
    for range in ["bytes=0-1,4-5", "bytes=3-1", "lines=1-2", "bytes=a-b", "bytes"] {
        let read = fetch(&ann, &server, &id, Some(range)).await;
        assert_eq!((read.status, read.bytes.len()), (200, 10), "{range}");
        assert_eq!(read.headers["accept-ranges"], "bytes");
    }
}

#[tokio::test]
async fn head_answers_the_headers_alone() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let id = ann.upload("digits.txt", "text/plain", b"0123456789".to_vec()).await;
    let url = format!("{}/api/v1/attachments/{id}", server.url);
    let head = ann.http.head(url).bearer_auth(&ann.token).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], "10");
    if !server.is_direct() {
        assert_eq!(head.headers()["content-type"], "text/plain");
    }
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_could_run_a_script_is_saved_and_never_shown() {
    let server = TestServer::start().await;
    if server.is_direct() {
        return leave("see the same of `bucket`");
    }
    let ann = server.person("ann").await;
    for (name, declared, bytes, place) in [
        ("a.html", "text/html", HTML, "attachment"),
        ("a.svg", "image/svg+xml", SVG, "attachment"),
        ("a.pdf", "application/pdf", PDF, "attachment"),
        ("a.txt", "text/plain", HTML, "attachment"),
        ("a.png", "image/png", PNG, "inline"),
        ("a.ogg", "audio/ogg", OGG, "inline"),
        ("a.mp4", "video/mp4", MP4, "inline"),
    ] {
        let id = ann.upload(name, declared, bytes.to_vec()).await;
        let Read { headers, .. } = fetch(&ann, &server, &id, None).await;
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), declared);
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
        let policy = header("content-security-policy");
        assert!(policy.contains("sandbox"), "{name}: {policy}");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("allow-scripts"),
            "{name}: {policy}"
        );
        let disposition = header("content-disposition");
        assert!(disposition.starts_with(&format!("{place}; ")), "{name}: {disposition}");
    }
}

#[tokio::test]
async fn any_name_of_a_file_comes_back_and_none_leaves_the_folder() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (given, name, encoded) in [
        (
            "Отчёт за год.pdf",
            "Отчёт за год.pdf",
            "%D0%9E%D1%82%D1%87%D1%91%D1%82%20%D0%B7%D0%B0%20%D0%B3%D0%BE%D0%B4.pdf",
        ),
        ("a\"b';c=.txt", "a\"b';c=.txt", "a%22b%27%3Bc%3D.txt"),
        ("../../etc/passwd", "passwd", "passwd"),
        ("C:\\Users\\ann\\b.txt", "b.txt", "b.txt"),
        ("..", "..", ".."),
        (".", ".", "."),
        ("100%.txt", "100%.txt", "100%25.txt"),
        ("a#b?c.txt", "a#b?c.txt", "a%23b%3Fc.txt"),
        ("лёд 🧊.txt", "лёд 🧊.txt", "%D0%BB%D1%91%D0%B4%20%F0%9F%A7%8A.txt"),
    ] {
        let id = ann.upload(given, "application/octet-stream", b"bytes".to_vec()).await;
        let info = ann.get(&format!("/attachments/{id}/info")).await.expect(200);
        assert_eq!(info["filename"], name);
        let read = fetch(&ann, &server, &id, None).await;
        assert_eq!((read.status, read.bytes.as_slice()), (200, &b"bytes"[..]), "{given}");
        let disposition = read.headers["content-disposition"].to_str().unwrap().to_owned();
        assert!(disposition.ends_with(&format!("filename*=UTF-8''{encoded}")), "{disposition}");
    }
    let files = server.dir.path().join("files");
    let kept = server.kept();
    assert_eq!(kept.len(), 9, "each has a place of its own: {kept:?}");
    for file in kept {
        assert!(file.canonicalize().unwrap().starts_with(files.canonicalize().unwrap()), "{file:?}");
    }
}

#[tokio::test]
async fn the_longest_names_of_any_script_are_served_and_name_nothing_in_the_storage() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    for letter in ["a", "ж", "文", "🧊"] {
        for length in [42, 251] {
            let name = format!("{}.pdf", letter.repeat(length));
            let id = ann.upload(&name, "application/pdf", PDF.to_vec()).await;
            let sent = post_file(&ann, chat, "file", &id).await.expect(201);
            assert_eq!(sent["attachments"][0]["filename"], name.as_str());
            let read = fetch(&bob, &server, &id, None).await;
            assert_eq!((read.status, read.bytes.as_slice()), (200, PDF), "{name}");
            let encoded: String = letter.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let encoded = if letter == "a" { letter.to_owned() } else { encoded };
            let ending = format!("filename*=UTF-8''{}.pdf", encoded.repeat(length));
            let disposition = read.headers["content-disposition"].to_str().unwrap().to_owned();
            assert!(disposition.ends_with(&ending), "{disposition}");
        }
    }
    let picture = ann.upload("план.png", "image/png", PNG.to_vec()).await;
    post_file(&ann, chat, "image", &picture).await.expect(201);
    let kept = server.kept();
    assert_eq!(kept.len(), 9);
    let folder = server.dir.path().join("files");
    for file in kept {
        let path = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        let (id, rest) = path.split_once('/').unwrap();
        assert!(uuid::Uuid::try_parse(id).is_ok() && rest == "file", "{path}");
    }
}

/// Earlier versions named a stored file as its sender did.
#[tokio::test]
async fn a_file_that_an_earlier_version_stored_by_its_name_is_found_and_deleted() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let id = ann.upload("my paper.pdf", "application/pdf", PDF.to_vec()).await;
    let sent = post_file(&ann, chat, "file", &id).await.expect(201);
    let kept = server.kept();
    std::fs::rename(&kept[0], kept[0].with_file_name("my_paper.pdf")).unwrap();
    server.change("UPDATE attachment SET stored_by_name = 1").await;
    let read = fetch(&bob, &server, &id, None).await;
    assert_eq!((read.status, read.bytes.as_slice()), (200, PDF));
    ann.delete(&format!("/messages/{}", sent["id"])).await.expect(204);
    server.clock.advance(Duration::from_secs(25 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn only_one_s_own_uploaded_files_of_the_right_kind_can_be_posted() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let bobs = bob.upload("b.png", "image/png", PNG.to_vec()).await;
    post_file(&ann, chat, "image", &bobs).await.refused(400, "invalid");
    let pending = announce(&ann, "a.png", "image/png").await;
    let pending = pending["attachment_id"].as_str().unwrap();
    post_file(&ann, chat, "image", pending).await.refused(400, "invalid");
    let unknown = uuid::Uuid::new_v4().to_string();
    post_file(&ann, chat, "image", &unknown).await.refused(400, "invalid");
    let paper = ann.upload("a.pdf", "application/pdf", PDF.to_vec()).await;
    for kind in ["image", "video", "voice"] {
        post_file(&ann, chat, kind, &paper).await.refused(400, "invalid");
    }
    post_file(&ann, chat, "file", &paper).await.expect(201);
    let picture = ann.upload("a.png", "image/png", PNG.to_vec()).await;
    let sent = post_file(&ann, chat, "image", &picture).await.expect(201);
    assert_eq!(sent["attachments"][0]["content_type"], "image/png");
    let film = ann.upload("a.mp4", "video/mp4", MP4.to_vec()).await;
    post_file(&ann, chat, "video", &film).await.expect(201);
    assert_eq!(
        ann.get(&format!("/messages?chat_id={chat}")).await.body.as_array().unwrap().len(),
        3,
        "nothing refused was sent"
    );
}

#[tokio::test]
async fn a_file_that_is_not_posted_within_a_day_goes() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let posted = ann.upload("a.png", "image/png", PNG.to_vec()).await;
    post_file(&ann, chat, "image", &posted).await.expect(201);
    let forsaken = ann.upload("b.png", "image/png", PNG.to_vec()).await;
    announce(&ann, "never.png", "image/png").await;
    let old = server.kept();
    assert_eq!(old.len(), 2);
    server.clock.advance(Duration::from_secs(24 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept(), old, "not before its time");
    let ann = server.again(&ann, "ann").await;
    post_file(&ann, chat, "image", &forsaken).await.refused(400, "invalid");
    server.clock.advance(Duration::from_secs(3_600));
    server.running.messenger.clean_up().await.unwrap();
    let left = server.kept();
    assert_eq!(left.len(), 1);
    assert!(left[0].to_string_lossy().contains(&posted), "{left:?}");
    let ann = server.again(&ann, "ann").await;
    assert_eq!(fetch(&ann, &server, &posted, None).await.bytes, PNG);
    ann.get(&format!("/attachments/{forsaken}/info")).await.refused(404, "not_found");
    let rows = server.count("SELECT count(*) FROM attachment").await;
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_file_of_a_deleted_message_is_read_by_nobody_else_and_goes() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.direct(&bob).await;
    let id = ann.upload("a.png", "image/png", PNG.to_vec()).await;
    let message = post_file(&ann, chat, "image", &id).await.expect(201)["id"].clone();
    let again_posted = post_file(&ann, chat, "image", &id).await.expect(201)["id"].clone();
    ann.delete(&format!("/messages/{message}")).await.expect(204);
    assert_eq!(fetch(&bob, &server, &id, None).await.status, 200, "it stands in another message");
    ann.delete(&format!("/messages/{again_posted}")).await.expect(204);
    assert_eq!(fetch(&bob, &server, &id, None).await.status, 404);
    bob.get(&format!("/attachments/{id}/info")).await.refused(404, "not_found");
    server.clock.advance(Duration::from_secs(25 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_link_ends_when_its_message_is_hidden_or_its_author_erased() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.group("Garden", &[&bob]).await;
    let id = bob.upload("a.png", "image/png", PNG.to_vec()).await;
    let message = post_file(&bob, chat, "image", &id).await.expect(201)["id"].clone();
    let link = async |person: &Person| {
        let info = person.get(&format!("/attachments/{id}/info")).await.expect(200);
        info["url"].as_str().unwrap().to_owned()
    };
    let status = async |link: &str| server.nobody().http.get(link).send().await.unwrap().status().as_u16();
    let (eve, others) = (server.person("eve").await, link(&ann).await);
    ann.post(&format!("/chats/{chat}/members"), json!({"user_id": eve.id})).await.expect(201);
    let hers = link(&eve).await;
    assert_eq!((status(&others).await, status(&hers).await), (200, 200));
    eve.delete(&format!("/messages/{message}?for=me")).await.expect(204);
    assert_eq!((status(&others).await, status(&hers).await), (200, 404));
    eve.get(&format!("/attachments/{id}/info")).await.refused(404, "not_found");
    // Before the messages are deleted one after another.
    let leave = json!({"password": PASSWORD, "messages": "delete"});
    bob.post("/users/me/deletion", leave).await.expect(204);
    assert_eq!(status(&others).await, 404);
}

#[tokio::test]
async fn announcing_again_with_the_same_key_answers_the_same_form() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let body = json!({"filename": "a.png", "content_type": "image/png"});
    let announce = async || -> Reply {
        ann.send(Method::POST, "/attachments", Some("one-key"), Some(body.clone())).await
    };
    let first = announce().await.expect(200);
    let again = announce().await.refused(409, "duplicate_request");
    let original = &again["original"];
    assert_eq!(original["status"], 200);
    assert_eq!(original["body"]["attachment_id"], first["attachment_id"]);
    assert_eq!(original["body"]["fields"], first["fields"]);
    let url = original["body"]["url"].as_str().unwrap();
    assert!(first["url"].as_str().unwrap().ends_with(url) && !url.is_empty(), "{url}");
}

struct Read {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

async fn fetch(person: &Person, server: &TestServer, id: &str, range: Option<&str>) -> Read {
    let url = format!("{}/api/v1/attachments/{id}", server.url);
    let mut request = person.http.get(url).bearer_auth(&person.token);
    if let Some(range) = range {
        request = request.header("Range", range);
    }
    let response = request.send().await.unwrap();
    Read {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        bytes: response.bytes().await.unwrap().to_vec(),
    }
}

async fn announce(person: &Person, filename: &str, content_type: &str) -> Value {
    let body = json!({"filename": filename, "content_type": content_type});
    person.post("/attachments", body).await.expect(200)
}

async fn post_file(person: &Person, chat: i64, kind: &str, id: &str) -> Reply {
    let payload = match kind {
        "voice" => json!({"attachment_id": id, "duration_ms": 5000, "codec": "opus"}),
        _ => json!({"attachment_id": id}),
    };
    let body = json!({"chat_id": chat, "type": kind, "payload": payload});
    person.post("/messages", body).await
}

/// The fields of a form as they were given.
fn fields(form: &Value) -> Form {
    ["key", "Content-Type", "X-Amz-Signature"].iter().fold(Form::new(), |filled, name| {
        filled.text(*name, form["fields"][name].as_str().unwrap().to_owned())
    })
}

async fn send_form(person: &Person, form: &Value, filled: Form) -> Reply {
    let url = form["url"].as_str().unwrap();
    Reply::to(person.http.post(url).multipart(filled)).await
}

#[tokio::test]
async fn what_a_killed_server_left_of_an_upload_goes_with_its_attachment() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let form = announce(&ann, "begun.bin", "application/octet-stream").await;
    let begun = form["attachment_id"].as_str().unwrap();
    let posted = ann.upload("posted.bin", "application/octet-stream", b"whole".to_vec()).await;
    let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": posted}});
    let message = ann.post("/messages", body).await.expect(201)["id"].clone();
    let [begun, posted] = [begun, &posted].map(|id| server.dir.path().join("files").join(id));
    for folder in [&begun, &posted] {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("file#1"), "ha").unwrap();
    }
    server.clock.advance(Duration::from_secs(26 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    assert!(!begun.exists() && posted.join("file").exists());
    ann.renewed().await.delete(&format!("/messages/{message}")).await.expect(204);
    server.running.messenger.clean_up().await.unwrap();
    assert!(!posted.exists());
}

#[tokio::test]
async fn a_file_that_can_not_be_deleted_keeps_no_other_from_being_deleted() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let mut files = Vec::new();
    for name in ["first.bin", "second.bin"] {
        let id = ann.upload(name, "application/octet-stream", b"whole".to_vec()).await;
        files.push(server.dir.path().join("files").join(id).join("file"));
    }
    // A folder that is not empty is where the first file was.
    std::fs::remove_file(&files[0]).unwrap();
    std::fs::create_dir_all(files[0].join("strange")).unwrap();
    server.clock.advance(Duration::from_secs(26 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    assert!(files[0].exists() && !files[1].exists());
    std::fs::remove_dir_all(&files[0]).unwrap();
    std::fs::write(&files[0], "whole").unwrap();
    server.running.messenger.clean_up().await.unwrap();
    assert!(!files[0].exists(), "it is tried again");
}

/// A filled-in form as bytes, which says that the file has `length` bytes and has fewer.
fn by_hand(form: &Value, length: usize, file: &[u8]) -> Vec<u8> {
    let mut body = String::new();
    for name in ["key", "Content-Type", "X-Amz-Signature"] {
        let value = form["fields"][name].as_str().unwrap();
        body += &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\n\r\n";
    let head = format!(
        "POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: {}\r\n\r\n",
        body.len() + length + "\r\n--b--\r\n".len()
    );
    [head.as_bytes(), body.as_bytes(), file].concat()
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it comes to be so in time");
}

async fn two(server: &TestServer) -> (Person, Person) {
    tokio::join!(server.person("ann"), server.person("bob"))
}
