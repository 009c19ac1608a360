//! Files: sent in one go, read by links.

use std::time::Duration;

use futures_util::stream;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde_json::{Value, json};

use super::{Mimu, fields, refused, reply, two};
use crate::server::{Reply, Storage, TestServer};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0 a voice";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom a film";
const PDF: &[u8] = b"%PDF-1.7\n a paper";
const MIB: usize = 1024 * 1024;

fn part(bytes: impl Into<Body>, name: &str) -> Part {
    Part::stream(bytes).file_name(name.to_owned()).mime_str("application/octet-stream").unwrap()
}

async fn upload(mimu: &Mimu, kind: &str, part: Part) -> Reply {
    let form = Form::new().text("type", kind.to_owned()).part("file", part);
    reply(mimu.request(Method::POST, "/api/v1/upload").multipart(form)).await
}

async fn sent(mimu: &Mimu, kind: &str, bytes: &'static [u8], name: &str) -> Value {
    fields(upload(mimu, kind, part(bytes, name)).await)
}

#[tokio::test]
async fn the_server_finds_out_what_a_file_is() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    for (kind, bytes, found) in [
        ("image", PNG, "image/png"),
        ("voice", OGG, "audio/ogg"),
        ("voice", MP4, "audio/mp4"),
        ("video", MP4, "video/mp4"),
        ("file", PDF, "application/pdf"),
        ("file", b"words", "application/octet-stream"),
    ] {
        let file = sent(&ann, kind, bytes, "a").await;
        assert_eq!((&file["mimeType"], &file["size"]), (&json!(found), &json!(bytes.len())), "{kind}");
    }
    for (kind, bytes) in [("image", PDF), ("voice", PNG), ("video", PDF), ("sound", OGG), ("file", b"")] {
        refused(upload(&ann, kind, part(bytes, "a")).await, 400, "invalid");
    }
    let form = Form::new().text("type", "file");
    refused(reply(ann.request(Method::POST, "/api/v1/upload").multipart(form)).await, 400, "invalid");
    assert_eq!(server.count("SELECT COUNT(*) FROM attachment WHERE uploaded_at IS NULL").await, 0);
}

#[tokio::test]
async fn a_picture_a_film_a_voice_and_a_file_are_sent() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let chat = ann.friend(&bob).await;
    let say = async |body: Value, file: &Value| {
        let mut body = body;
        body["chatId"] = json!(chat);
        body["fileId"] = file["fileId"].clone();
        fields(ann.post("/api/v1/messages", body).await)
    };
    let image = sent(&ann, "image", PNG, "a.png").await;
    say(json!({"type": "image", "caption": "Смотри"}), &image).await;
    let video = sent(&ann, "video", MP4, "a.mp4").await;
    say(json!({"type": "video"}), &video).await;
    let voice = sent(&ann, "voice", OGG, "a.ogg").await;
    say(json!({"type": "voice", "durationSeconds": 7}), &voice).await;
    let file = sent(&ann, "file", PDF, "a.pdf").await;
    say(json!({"type": "file", "fileName": "Отчёт.pdf", "fileSize": 17, "caption": "вот"}), &file).await;
    let turned = json!({"type": "file", "fileName": "report\u{202e}xcod.exe"});
    say(turned, &sent(&ann, "file", PDF, "b.pdf").await).await;
    let mut told = bob.messages(&chat).await;
    assert_eq!(told.pop().unwrap()["fileName"], "reportxcod.exe");
    let kinds: Vec<_> = told.iter().map(|message| message["type"].clone()).collect();
    assert_eq!(kinds, ["image", "video", "voice", "file"]);
    assert_eq!((&told[0]["text"], &told[0]["fileId"]), (&json!("Смотри"), &image["fileId"]));
    assert_eq!((&told[1]["text"], &told[1]["mimeType"]), (&Value::Null, &json!("video/mp4")));
    assert_eq!(told[2]["voiceDurationSeconds"], 7);
    assert_eq!((&told[3]["fileName"], &told[3]["fileSize"]), (&json!("Отчёт.pdf"), &json!(17)));
    assert_eq!(told[3]["text"], "вот");
    for (message, bytes) in told.iter().zip([PNG, MP4, OGG, PDF]) {
        // A link needs no header.
        let read = bob.http.get(message["mediaUrl"].as_str().unwrap()).send().await.unwrap();
        assert_eq!((read.status().as_u16(), &read.bytes().await.unwrap()[..]), (200, bytes));
    }
    let wrong = json!({"chatId": chat, "type": "image", "fileId": file["fileId"]});
    refused(ann.post("/api/v1/messages", wrong).await, 400, "invalid");
    let theirs = json!({"chatId": chat, "type": "image", "fileId": image["fileId"]});
    refused(bob.post("/api/v1/messages", theirs).await, 400, "invalid");
}

#[tokio::test]
async fn a_file_is_read_whole_and_in_parts() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let file = sent(&ann, "file", PDF, "a.pdf").await;
    let id = file["fileId"].as_str().unwrap();
    for what in ["files", "stream"] {
        let read = |mimu: &Mimu| mimu.request(Method::GET, &format!("/api/v1/{what}/{id}"));
        let whole = read(&ann).send().await.unwrap();
        assert_eq!(whole.status(), 200);
        assert_eq!(whole.headers()["content-length"], "17");
        assert_eq!(whole.headers()["accept-ranges"], "bytes");
        assert_eq!(&whole.bytes().await.unwrap()[..], PDF);
        let part = read(&ann).header("Range", "bytes=0-3").send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert_eq!(part.headers()["content-range"], "bytes 0-3/17");
        assert_eq!(&part.bytes().await.unwrap()[..], b"%PDF");
        assert_eq!(read(&ann).header("Range", "bytes=17-").send().await.unwrap().status(), 416);
        refused(reply(read(&bob)).await, 404, "not_found");
    }
    refused(ann.get("/api/v1/files/x").await, 404, "not_found");
}

#[tokio::test]
async fn a_file_in_a_bucket_is_answered_and_not_redirected_to() {
    let server = TestServer::storing(Storage::Bucket, &["--rate-limits", "off"]).await;
    let ann = Mimu::new(&server, "ann").await;
    let file = sent(&ann, "image", PNG, "a.png").await;
    let read = ann.http.get(file["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(read.url().as_str(), file["url"].as_str().unwrap());
    assert_eq!((read.status().as_u16(), &read.bytes().await.unwrap()[..]), (200, PNG));
}

#[tokio::test]
async fn a_link_is_good_for_an_hour() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let file = sent(&ann, "image", PNG, "a.png").await;
    let url = file["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/mimu/api/v1/files/", server.url)));
    let status = async |url: &str| ann.http.get(url).send().await.unwrap().status().as_u16();
    assert_eq!(status(url).await, 200);
    assert_eq!(status(&url.replace("signature=", "signature=A")).await, 403);
    server.clock.advance(Duration::from_secs(3_599));
    assert_eq!(status(url).await, 200);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(status(url).await, 403);
}

#[tokio::test]
async fn a_picture_has_a_small_one() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let mut png = Vec::new();
    let picture = image::RgbImage::from_pixel(1_200, 600, image::Rgb([10, 120, 60]));
    picture.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let file = fields(upload(&ann, "image", part(png, "large.png")).await);
    let id = file["fileId"].as_str().unwrap();
    let info = fields(ann.get(&format!("/api/v1/files/{id}/info")).await);
    assert_eq!(
        (&info["width"], &info["height"], &info["fileName"]),
        (&json!(1200), &json!(600), &json!("large.png"))
    );
    assert_eq!((&info["fileId"], &info["mimeType"]), (&file["fileId"], &json!("image/png")));
    let small = ann.http.get(info["thumbnailUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(
        (small.status().as_u16(), &small.headers()["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    let small = image::load_from_memory(&small.bytes().await.unwrap()).unwrap();
    assert_eq!((small.width(), small.height()), (512, 256));
    // One that could not be read is shown as it is; what is no picture has none.
    let odd = sent(&ann, "image", PNG, "a.png").await;
    let path = format!("/api/v1/thumbnails/{}", odd["fileId"].as_str().unwrap());
    let shown = ann.request(Method::GET, &path).send().await.unwrap();
    assert_eq!((shown.status().as_u16(), &shown.bytes().await.unwrap()[..]), (200, PNG));
    let paper = sent(&ann, "file", PDF, "a.pdf").await;
    let path = format!("/api/v1/thumbnails/{}", paper["fileId"].as_str().unwrap());
    refused(ann.get(&path).await, 404, "not_found");
}

#[tokio::test]
async fn each_type_has_its_limit_and_the_refusal_is_received() {
    let server = TestServer::start().await;
    let ann = Mimu::new(&server, "ann").await;
    let filled = |head: &'static [u8], size: usize| {
        let chunk = bytes::Bytes::from(vec![0; MIB / 4]);
        let rest = (0..size.div_ceil(MIB / 4)).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
        let head = std::iter::once(Ok(bytes::Bytes::from_static(head)));
        part(Body::wrap_stream(stream::iter(head.chain(rest))), "large")
    };
    for (kind, head, most) in [("image", PNG, 10), ("voice", OGG, 5), ("video", MP4, 100)] {
        refused(upload(&ann, kind, filled(head, most * MIB)).await, 413, "too_large");
    }
    fields(upload(&ann, "voice", filled(OGG, 5 * MIB - MIB / 4)).await);
    assert_eq!(server.kept().len(), 1, "nothing is kept of what was refused");
}

#[tokio::test]
async fn a_file_is_deleted_unless_it_stands_in_a_message() {
    let server = TestServer::start().await;
    let (ann, bob) = two(&server).await;
    let file = sent(&ann, "file", PDF, "a.pdf").await;
    let path = format!("/api/v1/files/{}", file["fileId"].as_str().unwrap());
    refused(bob.delete(&path, "").await, 404, "not_found");
    let body = json!({"chatId": "chat-1", "type": "file", "fileId": file["fileId"], "fileName": "a.pdf", "fileSize": 17});
    let sent = fields(ann.post("/api/v1/messages", body).await);
    refused(ann.delete(&path, "").await, 409, "conflict");
    let message = format!("/api/v1/messages/{}", sent["messageId"].as_str().unwrap());
    fields(ann.delete(&message, "chat-1").await);
    fields(ann.delete(&path, "").await);
    refused(ann.get(&path).await, 404, "not_found");
    refused(ann.delete(&path, "").await, 404, "not_found");
    assert!(server.kept().is_empty());
}
