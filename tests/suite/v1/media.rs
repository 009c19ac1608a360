//! What pictures, sounds and films tell; bombs; and how much room files may take.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::webp::WebPEncoder;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageFormat, ImageReader, Rgb, RgbImage, Rgba, RgbaImage,
};
use serde_json::{Value, json};

use crate::server::{Dice, Person, Storage, TestServer};
use crate::skip::leave;

/// A place, as EXIF and its kin write it.
const PLACE: &[u8] = b"55.7558N 37.6173E";

/// A picture of which no two corners are alike.
pub fn pixels(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 60]))
}

pub fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let (image, mut bytes) = (image.into(), Cursor::new(Vec::new()));
    match format {
        ImageFormat::WebP => image.to_rgba8().write_with_encoder(WebPEncoder::new_lossless(&mut bytes)),
        format => image.write_to(&mut bytes, format),
    }
    .unwrap();
    bytes.into_inner()
}

/// A JPEG as a telephone makes it: it lies on its side, and says where it was taken, in four ways.
pub fn jpeg_with_a_place(width: u32, height: u32) -> Vec<u8> {
    let plain = encoded(pixels(width, height), ImageFormat::Jpeg);
    let segment = |marker: u8, body: &[&[u8]]| {
        let body = body.concat();
        [&[0xff, marker], &(body.len() as u16 + 2).to_be_bytes()[..], &body].concat()
    };
    [
        &plain[..2],
        &segment(0xe1, &[b"Exif\0\0", &exif()]),
        &segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0<x exif:GPSLatitude='", PLACE, b"'/>"]),
        &segment(0xfe, &[b"taken at ", PLACE]),
        &plain[2..],
        b"\0\0\0\x18ftypmp42",
        PLACE,
    ]
    .concat()
}

/// EXIF with GPS, of a picture to be turned by a quarter.
fn exif() -> Vec<u8> {
    [
        b"II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x25\x88\x04\0\x01\0\0\0\x26\0\0\0\0\0\0\0",
        &b"\x01\0\x02\0\x02\0\x11\0\0\0\x38\0\0\0\0\0\0\0"[..],
        PLACE,
    ]
    .concat()
}

fn png_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = u32::MAX;
    for byte in name.iter().chain(data) {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    [&(data.len() as u32).to_be_bytes()[..], name, data, &(!sum).to_be_bytes()].concat()
}

/// A PNG of a few bytes that says how large it is.
pub fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let data = encoded(pixels(1, 1), ImageFormat::Png)[41..61].to_vec();
    [
        b"\x89PNG\r\n\x1a\n",
        &png_chunk(b"IHDR", &head)[..],
        &png_chunk(b"IDAT", &data),
        &png_chunk(b"IEND", b""),
    ]
    .concat()
}

async fn info(person: &Person, id: &str) -> Value {
    person.get(&format!("/attachments/{id}/info")).await.expect(200)
}

async fn bytes(person: &Person, path: &str) -> (u16, String, Vec<u8>) {
    let request = person.request(reqwest::Method::GET, path);
    let response = request.send().await.unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (response.status().as_u16(), kind.unwrap_or_default(), response.bytes().await.unwrap().to_vec())
}

pub fn tells(file: &[u8], what: &[u8]) -> bool {
    file.windows(what.len()).any(|part| part == what)
}

/// Sends a file by a new form; answers what was sent to it.
async fn send(person: &Person, name: &str, kind: &str, file: Vec<u8>) -> (String, crate::server::Reply) {
    let form = person.post("/attachments", json!({"filename": name, "content_type": kind})).await.expect(200);
    (form["attachment_id"].as_str().unwrap().to_owned(), person.fill_in(&form, file).await)
}

#[tokio::test]
async fn a_picture_is_measured_blurred_and_made_small() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (name, format) in [
        ("image/png", ImageFormat::Png),
        ("image/jpeg", ImageFormat::Jpeg),
        ("image/gif", ImageFormat::Gif),
        ("image/webp", ImageFormat::WebP),
    ] {
        let file = encoded(pixels(1_200, 600), format);
        let id = ann.upload("a", name, file.clone()).await;
        let told = info(&ann, &id).await;
        assert_eq!((&told["width"], &told["height"]), (&json!(1_200), &json!(600)), "{name}");
        let blur = told["placeholder"].as_str().unwrap();
        assert!((20..=40).contains(&blur.len()), "{name} {blur}");
        assert_eq!(told["has_thumbnail"], true);
        let (status, kind, small) = bytes(&ann, &format!("/attachments/{id}/thumbnail")).await;
        assert_eq!((status, kind.as_str()), (200, "image/jpeg"), "{name}");
        let small = image::load_from_memory(&small).unwrap();
        assert_eq!(small.dimensions(), (512, 256), "{name}");
        let Rgb([red, green, _]) = *small.to_rgb8().get_pixel(500, 10);
        assert!(red > 200 && green < 50, "{name} {red} {green}");
        let (_, kind, whole) = bytes(&ann, &format!("/attachments/{id}")).await;
        assert_eq!((kind.as_str(), whole == file), (name, true), "{name} had nothing to hide");
    }
}

#[tokio::test]
async fn a_photograph_loses_its_place_and_stands_upright() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let file = jpeg_with_a_place(800, 400);
    assert!(tells(&file, PLACE));
    // However it is declared: some clients don't look.
    for kind in ["image/jpeg", "image/png", "application/octet-stream"] {
        let id = ann.upload("photo.jpg", kind, file.clone()).await;
        let (_, _, clean) = bytes(&ann, &format!("/attachments/{id}")).await;
        assert!(!tells(&clean, PLACE) && !tells(&clean, b"GPS") && !tells(&clean, b"ftyp"), "{kind}");
        let reader = ImageReader::new(Cursor::new(clean.clone())).with_guessed_format().unwrap();
        let orientation = reader.into_decoder().unwrap().orientation().unwrap();
        assert_eq!(orientation, image::metadata::Orientation::Rotate90, "{kind}");
        let before = image::load_from_memory(&file).unwrap();
        assert_eq!(image::load_from_memory(&clean).unwrap(), before, "the pixels are untouched");
        let told = info(&ann, &id).await;
        assert_eq!(told["size"], clean.len());
        if kind == "application/octet-stream" {
            assert_eq!((&told["width"], &told["has_thumbnail"]), (&Value::Null, &json!(false)));
            continue;
        }
        assert_eq!((&told["width"], &told["height"]), (&json!(400), &json!(800)), "{kind}");
        let (_, _, small) = bytes(&ann, &format!("/attachments/{id}/thumbnail")).await;
        assert!(!tells(&small, b"Exif") && !tells(&small, PLACE));
        let small = image::load_from_memory(&small).unwrap();
        assert_eq!(small.dimensions(), (256, 512));
        let Rgb([red, green, _]) = *small.to_rgb8().get_pixel(250, 10);
        assert!(red < 50 && green < 50, "what was at the left bottom is at the left top: {red} {green}");
    }
}

#[tokio::test]
async fn what_can_be_seen_through_stays_so_in_the_thumbnail() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let file = encoded(RgbaImage::from_pixel(900, 900, Rgba([200, 10, 10, 90])), ImageFormat::Png);
    let id = ann.upload("sticker.png", "image/png", file).await;
    let (_, kind, small) = bytes(&ann, &format!("/attachments/{id}/thumbnail")).await;
    assert_eq!(kind, "image/webp");
    assert_eq!(image::load_from_memory(&small).unwrap().to_rgba8().get_pixel(9, 9).0, [200, 10, 10, 90]);
}

#[tokio::test]
async fn a_thumbnail_is_for_whom_the_file_is() {
    let server = TestServer::start().await;
    let (ann, bob) = tokio::join!(server.person("ann"), server.person("bob"));
    let eve = server.person("eve").await;
    let chat = ann.group("Garden", &[&bob]).await;
    let id = ann.upload("a.png", "image/png", encoded(pixels(40, 30), ImageFormat::Png)).await;
    let path = format!("/attachments/{id}/thumbnail");
    assert_eq!(bytes(&bob, &path).await.0, 404, "not posted yet");
    let body = json!({"chat_id": chat, "type": "image", "payload": {"attachment_id": id}});
    let sent = ann.post("/messages", body).await.expect(201);
    let file = &sent["attachments"][0];
    assert_eq!(
        (&file["width"], &file["height"], &file["has_thumbnail"]),
        (&json!(40), &json!(30), &json!(true))
    );
    assert!(file["placeholder"].is_string());
    let (status, _, small) = bytes(&bob, &path).await;
    assert_eq!((status, image::load_from_memory(&small).unwrap().dimensions()), (200, (40, 30)));
    eve.get(&path).await.refused(404, "not_found");
    server.nobody().get(&path).await.refused(401, "unauthorized");
    let link = info(&bob, &id).await["thumbnail_url"].as_str().unwrap().to_owned();
    let open = async |link: &str| bob.http.get(link).send().await.unwrap();
    let opened = open(&link).await;
    if !server.is_direct() {
        assert_eq!(opened.headers()["content-security-policy"], "sandbox; default-src 'none'");
    }
    assert_eq!(opened.headers()["cache-control"], "private, no-store");
    assert_eq!(opened.bytes().await.unwrap(), small);
    server.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(open(&link).await.status(), 403);
}

#[tokio::test]
async fn a_thumbnail_goes_with_its_file() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    ann.upload("a.png", "image/png", encoded(pixels(600, 600), ImageFormat::Png)).await;
    assert_eq!(server.kept().len(), 2);
    server.clock.advance(Duration::from_secs(25 * 3_600 + 1));
    server.running.messenger.clean_up().await.unwrap();
    assert_eq!(server.kept().len(), 0);
    if server.storage == Storage::Folder {
        assert_eq!(
            std::fs::read_dir(server.dir.path().join("files")).unwrap().count(),
            0,
            "not even a folder"
        );
    }
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_sent_as_a_file_only() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let gif = [
        b"GIF89a",
        &[0x60, 0xea, 0x60, 0xea, 0, 0, 0][..],
        b"\x2c\0\0\0\0\x60\xea\x60\xea\0\x02\x02\x44\x01\0;",
    ]
    .concat();
    for (name, file, status) in [
        ("a photograph of 48 megapixels", png_that_claims(8_064, 6_048), 201),
        ("a panorama", png_that_claims(16_000, 3_000), 201),
        ("the widest", png_that_claims(30_000, 1), 201),
        ("the largest", png_that_claims(20_000, 10_000), 201),
        ("a wider one", png_that_claims(30_001, 1), 400),
        ("a higher one", png_that_claims(1, 30_001), 400),
        ("too many pixels", png_that_claims(20_000, 10_001), 400),
        ("the largest there can be", png_that_claims(i32::MAX as u32, i32::MAX as u32), 400),
        ("an animation", gif, 400),
    ] {
        let id = ann.upload("picture", "image/png", file.clone()).await;
        let post = async |kind: &str| {
            let body = json!({"chat_id": chat, "type": kind, "payload": {"attachment_id": id}});
            ann.post("/messages", body).await
        };
        let answer = post("image").await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        if status == 400 {
            assert!(answer["detail"].as_str().unwrap().contains("200,000,000"), "{name}: {}", answer.body);
        }
        post("file").await.expect(201);
        let (_, _, kept) = bytes(&ann, &format!("/attachments/{id}")).await;
        assert!(kept == file, "{name}");
    }
}

/// Files as programs make them, whose types a browser guesses by their names.
#[tokio::test]
async fn every_file_can_be_sent_as_a_file_as_it_was() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    for (name, kind, file) in [
        ("drawing.dxf", "image/vnd.dxf", &include_bytes!("../media/drawing.dxf")[..]),
        ("drawing.eps", "image/x-eps", include_bytes!("../media/drawing.eps")),
        ("c-first.tif", "image/tiff", include_bytes!("../media/c-first.tif")),
        ("big.tif", "image/tiff", include_bytes!("../media/big.tif")),
        ("tool.ts", "video/mp2t", include_bytes!("../media/tool.ts")),
        ("x.tga", "image/x-tga", b"\0\0\x02\0\0\0\0\0\0\0\0\0\x01\0\x01\0\x18\0\x01\x02\x03"),
        ("a.awb", "audio/amr-wb", b"#!AMR-WB\n\x24\0\0"),
        ("page.png", "image/png", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("words.jpg", "image/jpeg", b"words and no picture at all"),
        ("paper.mp3", "audio/mpeg", b"%PDF-1.7 and more"),
    ] {
        let id = ann.upload(name, kind, file.to_vec()).await;
        let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": id}});
        let sent = ann.post("/messages", body).await.expect(201);
        assert_eq!(sent["attachments"][0]["filename"], name);
        let (status, served, kept) = bytes(&ann, &format!("/attachments/{id}")).await;
        assert_eq!((status, kept == file), (200, true), "{name}");
        // A browser runs nothing of it: it shows pictures and plays sounds, and saves everything else.
        let request = ann.request(reqwest::Method::GET, &format!("/attachments/{id}"));
        let response = request.send().await.unwrap();
        let disposition = response.headers()["content-disposition"].to_str().unwrap();
        let is_medium = ["image/", "audio/", "video/"].iter().any(|kind| served.starts_with(kind));
        assert!(is_medium || disposition.starts_with("attachment"), "{name} {served} {disposition}");
    }
}

#[tokio::test]
async fn who_wants_keeps_the_file_as_it_was_taken() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let file = jpeg_with_a_place(80, 40);
    let body = json!({"filename": "a.jpg", "content_type": "image/jpeg", "keep_original": true});
    let form = ann.post("/attachments", body).await.expect(200);
    assert_eq!(ann.fill_in(&form, file.clone()).await.status, 204);
    let id = form["attachment_id"].as_str().unwrap();
    assert!(bytes(&ann, &format!("/attachments/{id}")).await.2 == file);
    let (_, _, small) = bytes(&ann, &format!("/attachments/{id}/thumbnail")).await;
    assert!(!tells(&small, PLACE));
}

#[tokio::test]
async fn where_and_by_whom_it_was_taken_is_taken_out() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (name, kind, file) in [
        ("place.heic", "image/heic", &include_bytes!("../media/place.heic")[..]),
        ("place.avif", "image/avif", include_bytes!("../media/place.avif")),
        ("place-brob.jxl", "image/jxl", include_bytes!("../media/place-brob.jxl")),
        ("place.tif", "image/tiff", include_bytes!("../media/place.tif")),
        ("place-xmp.gif", "image/gif", include_bytes!("../media/place-xmp.gif")),
        ("place.mp4", "video/mp4", include_bytes!("../media/place.mp4")),
        ("place.mov", "video/quicktime", include_bytes!("../media/place.mov")),
        ("place-motion.jpg", "image/jpeg", include_bytes!("../media/place-motion.jpg")),
    ] {
        let id = ann.upload(name, kind, file.to_vec()).await;
        let (_, _, clean) = bytes(&ann, &format!("/attachments/{id}")).await;
        for secret in ["SECRETAUTHOR", "48.85", "brob", "GPS", "loci"] {
            assert!(!tells(&clean, secret.as_bytes()), "{name} {secret}");
        }
        assert_eq!(info(&ann, &id).await["size"], clean.len(), "{name}");
    }
}

#[tokio::test]
async fn a_thumbnail_has_the_colours_of_its_picture() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let adobe = [[255, 24, 24], [0, 201, 0], [20, 57, 214], [240, 240, 199]];
    let p3 = [[240, 0, 0], [0, 204, 0], [34, 61, 218], [240, 240, 195]];
    for (name, kind, file, colours) in [
        ("adobe-rgb-27k.jpg", "image/jpeg", &include_bytes!("../media/adobe-rgb-27k.jpg")[..], adobe),
        ("cicp-p3.png", "image/png", include_bytes!("../media/cicp-p3.png"), p3),
    ] {
        let id = ann.upload(name, kind, file.to_vec()).await;
        let (_, _, small) = bytes(&ann, &format!("/attachments/{id}/thumbnail")).await;
        let small = image::load_from_memory(&small).unwrap().to_rgb8();
        let (width, height) = small.dimensions();
        let middles =
            [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| small.get_pixel(width * x / 4, height * y / 4).0);
        for (found, right) in middles.iter().flatten().zip(colours.iter().flatten()) {
            assert!(found.abs_diff(*right) <= 14, "{name} {middles:?}");
        }
    }
}

/// The most memory that this process has had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn bombs_do_not_make_the_server_large() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let before = peak();
    // Within the bounds, of pixels that pack well: 200 KB that become 36 MB.
    let packed = encoded(RgbImage::new(3_500, 3_500), ImageFormat::Png);
    assert!(packed.len() < 500_000, "{}", packed.len());
    // 160 MB of pixels are more than a decoder gets: known by its size, and without a thumbnail.
    let heavy = png_that_claims(8_000, 5_000);
    // A colour profile, and a text, of 160 MB of zeros each.
    let zeros = zeros_packed(160 << 20);
    let plain = encoded(pixels(20, 20), ImageFormat::Png);
    let profile = png_chunk(b"iCCP", &[b"x\0\0", &zeros[..]].concat());
    let text = png_chunk(b"zTXt", &[b"x\0\0", &zeros[..]].concat());
    let stuffed = [&plain[..33], &profile, &text, &plain[33..]].concat();
    let files = [packed, heavy, stuffed];
    let uploads = files.iter().cycle().take(12).map(|file| send(&ann, "a.png", "image/png", file.clone()));
    let answers = futures_util::future::join_all(uploads).await;
    for (index, (id, answer)) in answers.into_iter().enumerate() {
        match index % 3 {
            0 => assert_eq!(info(&ann, &id).await["has_thumbnail"], true),
            1 => {
                let told = info(&ann, &id).await;
                assert_eq!((&told["width"], &told["has_thumbnail"]), (&json!(8_000), &json!(false)));
            }
            _ => assert!(matches!(answer.status, 204 | 400), "{}", answer.body),
        }
    }
    let more = peak() - before;
    assert!(more < 256, "{more} MiB more");
}

/// Zeros as zlib packs them.
fn zeros_packed(length: usize) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..length >> 20 {
        packer.write_all(&[0; 1 << 20]).unwrap();
    }
    packer.finish().unwrap()
}

#[tokio::test]
async fn a_broken_picture_is_kept_as_a_file() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let jpeg = encoded(pixels(300, 200), ImageFormat::Jpeg);
    let png = encoded(pixels(300, 200), ImageFormat::Png);
    for (name, kind, file) in [
        ("cut in its pixels", "image/png", &png[..png.len() / 2]),
        ("cut in its head", "image/png", &png[..20]),
        ("cut in its head", "image/jpeg", &jpeg[..100]),
        ("of a kind that is not read here", "image/bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0"),
    ] {
        let id = ann.upload("a", kind, file.to_vec()).await;
        assert_eq!(info(&ann, &id).await["has_thumbnail"], false, "{name}");
        assert_eq!(bytes(&ann, &format!("/attachments/{id}")).await.0, 200, "{name}");
        ann.get(&format!("/attachments/{id}/thumbnail")).await.refused(404, "not_found");
    }
    let id = ann.upload("a.jpg", "image/jpeg", jpeg[..jpeg.len() / 2].to_vec()).await;
    assert_eq!(info(&ann, &id).await["width"], 300, "what came of it is shown");
}

#[tokio::test]
async fn a_sound_tells_its_length_and_its_loudness() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let voice: Vec<f32> = (0..96_000)
        .map(|moment| if moment < 48_000 { 0.0 } else { (moment as f32 * 0.05).sin() * 0.5 })
        .collect();
    // A browser's recording does not say how long it is.
    let recorded = include_bytes!("../media/voice.webm").to_vec();
    for (name, kind, file, length) in [
        ("a.opus", "audio/ogg", ruopus::encode_ogg_opus(&voice, 1, 24_000), 2_000),
        ("a.webm", "audio/webm;codecs=opus", recorded.clone(), 1_000),
        ("a.webm", "video/webm", recorded, 1_000),
    ] {
        let id = ann.upload(name, kind, file).await;
        let told = info(&ann, &id).await;
        let duration = told["duration_ms"].as_i64().unwrap();
        assert!((duration - length).abs() < 50, "{name} {duration}");
        let bars: Vec<i64> =
            told["waveform"].as_array().unwrap().iter().map(|bar| bar.as_i64().unwrap()).collect();
        assert!((30..=64).contains(&bars.len()), "{name} {bars:?}");
        assert!(bars.iter().all(|bar| (0..=100).contains(bar)) && bars.contains(&100), "{name} {bars:?}");
        assert!(bars[3] < 10 && bars[bars.len() - 4] > 70, "{name} {bars:?}");
        assert_eq!((&told["width"], &told["has_thumbnail"]), (&Value::Null, &json!(false)));
    }
}

#[tokio::test]
async fn a_film_tells_its_length_and_its_size_as_it_is_shown() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let (turned, recorded) = (include_bytes!("../media/turned.mp4"), include_bytes!("../media/film.webm"));
    for (name, kind, file, size) in [
        ("a.mp4", "video/mp4", &turned[..], (16, 32)),
        ("a.mov", "video/quicktime", &turned[..], (16, 32)),
        ("a.webm", "video/webm", &recorded[..], (32, 16)),
        ("a.mp4", "video/mp4", include_bytes!("../media/x265.mp4"), (96, 64)),
        ("a.mp4", "video/mp4", include_bytes!("../media/wide-pixels.mp4"), (96, 72)),
        ("a.mkv", "video/x-matroska", include_bytes!("../media/wide-pixels.mkv"), (96, 72)),
        ("a.mov", "video/quicktime", include_bytes!("../media/mjpeg.mov"), (96, 64)),
        ("a.mov", "video/quicktime", include_bytes!("../media/no-ftyp.mov"), (96, 64)),
    ] {
        let id = ann.upload(name, kind, file.to_vec()).await;
        let told = info(&ann, &id).await;
        assert_eq!((&told["width"], &told["height"]), (&json!(size.0), &json!(size.1)), "{kind}");
        let length = told["duration_ms"].as_i64().unwrap();
        assert!([1_000, 2_000].contains(&length), "{name} {kind} {length}");
        assert_eq!(told.get("waveform"), None);
    }
}

#[tokio::test]
async fn the_length_of_a_sound_is_measured() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (name, file, length, has_bars) in [
        ("two-links.opus", &include_bytes!("../media/two-links.opus")[..], 8_000, true),
        ("five-one.opus", include_bytes!("../media/five-one.opus"), 2_000, false),
        ("quiet-loud.opus", include_bytes!("../media/quiet-loud.opus"), 4_000, true),
    ] {
        let id = ann.upload(name, "audio/ogg", file.to_vec()).await;
        let told = info(&ann, &id).await;
        let duration = told["duration_ms"].as_i64().unwrap();
        assert!((duration - length).abs() <= 20, "{name} {duration}");
        assert_eq!(told["waveform"].is_array(), has_bars, "{name}");
    }
}

#[tokio::test]
async fn files_take_no_more_room_than_one_may_have() {
    let server = TestServer::with(&["--rate-limits", "off", "--quota-per-user", "1000"]).await;
    let ann = server.person("ann").await;
    let room = async || ann.get("/users/me/quota").await.expect(200);
    assert_eq!(room().await, json!({"used": 0, "limit": 1_000}));
    let (id, answer) = send(&ann, "a", "text/plain", vec![b'a'; 600]).await;
    assert_eq!((answer.status, room().await["used"].clone()), (204, json!(600)));
    let large = json!({"filename": "b", "content_type": "text/plain", "size": 401});
    ann.post("/attachments", large).await.refused(413, "quota_exceeded");
    let (_, answer) = send(&ann, "b", "text/plain", vec![b'b'; 401]).await;
    // A bucket was told how much there is room for, and not why.
    answer.refused(413, if server.is_direct() { "too_large" } else { "quota_exceeded" });
    assert_eq!(server.kept().len(), 1);
    if server.is_direct() {
        return; // "b" may come still: see `bucket`
    }
    let (_, answer) = send(&ann, "c", "text/plain", vec![b'c'; 400]).await;
    assert_eq!((answer.status, room().await["used"].clone()), (204, json!(1_000)));
    let any = json!({"filename": "d", "content_type": "text/plain"});
    ann.post("/attachments", any.clone()).await.refused(413, "quota_exceeded");
    let bob = server.person("bob").await;
    bob.post("/attachments", any.clone()).await.expect(200);
    // What goes makes room again.
    server.clock.advance(Duration::from_secs(25 * 3_600 + 1));
    server.running.messenger.clean_up().await.unwrap();
    let ann = server.again(&ann, "ann").await;
    assert_eq!(ann.get("/users/me/quota").await.expect(200)["used"], 0);
    ann.post("/attachments", any).await.expect(200);
    ann.get(&format!("/attachments/{id}/info")).await.refused(404, "not_found");
}

#[tokio::test]
async fn of_many_that_end_at_once_as_many_fit_as_there_is_room_for() {
    let server = TestServer::with(&["--rate-limits", "off", "--quota-per-user", "1000"]).await;
    if server.is_direct() {
        return leave("see the same of `bucket`");
    }
    let ann = server.person("ann").await;
    let uploads = (0..12).map(|_| send(&ann, "a", "text/plain", vec![b'a'; 300]));
    let answers = futures_util::future::join_all(uploads).await;
    let taken = answers.iter().filter(|(_, answer)| answer.status == 204).count();
    let refused = answers.iter().filter(|(_, answer)| answer["code"] == "quota_exceeded").count();
    assert_eq!((taken, refused), (3, 9));
    assert_eq!(ann.get("/users/me/quota").await.expect(200)["used"], 900);
    assert_eq!(server.kept().len(), 3);
}

#[tokio::test]
async fn all_together_have_a_bound_too_and_one_without_has_none() {
    let flags = ["--rate-limits", "off", "--quota-per-user", "0", "--quota-total", "1000"];
    let server = TestServer::with(&flags).await;
    let (ann, bob) = tokio::join!(server.person("ann"), server.person("bob"));
    assert_eq!(send(&ann, "a", "text/plain", vec![b'a'; 700]).await.1.status, 204);
    assert_eq!(ann.get("/users/me/quota").await.expect(200), json!({"used": 700, "limit": null}));
    if !server.is_direct() {
        let refused = send(&bob, "b", "text/plain", vec![b'b'; 301]).await.1.refused(413, "quota_exceeded");
        assert!(refused["detail"].as_str().unwrap().contains("server"), "{refused}");
    }
    assert_eq!(send(&bob, "b", "text/plain", vec![b'b'; 300]).await.1.status, 204);
}

#[tokio::test]
async fn a_voice_message_learns_from_its_file_what_its_sender_did_not_say() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let say = async |id: &str, more: Value| {
        let mut payload = json!({"attachment_id": id, "codec": "opus", "duration_ms": null});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ann.post("/messages", json!({"chat_id": chat, "type": "voice", "payload": payload})).await
    };
    let recorded = include_bytes!("../media/voice.webm").to_vec();
    let id = ann.upload("a.webm", "audio/webm;codecs=opus", recorded).await;
    let told = say(&id, json!({})).await.expect(201);
    let payload = &told["payload"];
    assert!((950..=1_050).contains(&payload["duration_ms"].as_i64().unwrap()), "{payload}");
    assert_eq!(payload["waveform"], told["attachments"][0]["waveform"]);
    let kept = ann.get(&format!("/messages?chat_id={chat}")).await.expect(200);
    assert_eq!(&kept[0]["payload"], payload);
    // What the sender says stays.
    let sent = say(&id, json!({"duration_ms": 3, "waveform": [1, 2]})).await.expect(201);
    assert_eq!((&sent["payload"]["duration_ms"], &sent["payload"]["waveform"]), (&json!(3), &json!([1, 2])));
    let mute = ann.upload("a.opus", "audio/opus", b"raw frames".to_vec()).await;
    say(&mute, json!({})).await.refused(400, "invalid");
    say(&mute, json!({"duration_ms": 5_000})).await.expect(201);
}

#[tokio::test]
async fn a_voice_message_is_not_as_large_as_other_files_may_be() {
    let server = TestServer::with(&["--rate-limits", "off", "--voice-limit", "1000"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    for (size, status) in [(1_000, 201), (1_001, 413)] {
        let id = ann.upload("a.opus", "audio/opus", vec![b'a'; size]).await;
        let payload = json!({"attachment_id": id, "codec": "opus", "duration_ms": 1});
        let answer =
            ann.post("/messages", json!({"chat_id": chat, "type": "voice", "payload": payload})).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let file = json!({"attachment_id": id});
        ann.post("/messages", json!({"chat_id": chat, "type": "file", "payload": file})).await.expect(201);
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_file_the_server_goes_on() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut dice = Dice(0x5eed);
    let picture = || pixels(60, 40);
    let whole = [
        ("image/png", encoded(picture(), ImageFormat::Png)),
        ("image/jpeg", jpeg_with_a_place(60, 40)),
        ("image/gif", encoded(picture(), ImageFormat::Gif)),
        ("image/webp", encoded(picture(), ImageFormat::WebP)),
        ("audio/ogg", ruopus::encode_ogg_opus(&[0.1; 9_600], 1, 24_000)),
        ("audio/webm", include_bytes!("../media/voice.webm").to_vec()),
        ("video/webm", include_bytes!("../media/film.webm").to_vec()),
        ("video/mp4", include_bytes!("../media/turned.mp4").to_vec()),
    ];
    let mut broken = Vec::new();
    for (kind, file) in &whole {
        for _ in 0..12 {
            let mut file = file.clone();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(file.len());
                match dice.roll(4) {
                    0 => file.truncate(at.max(1)),
                    1 => file[at] = dice.roll(256) as u8,
                    // A length that is not true.
                    _ => (at..file.len().min(at + 4)).for_each(|at| file[at] = 0xff),
                }
            }
            broken.push((*kind, file));
        }
    }
    for some in broken.chunks(16) {
        let uploads = some.iter().map(|(kind, file)| send(&ann, "a", kind, file.clone()));
        for (_, answer) in futures_util::future::join_all(uploads).await {
            assert!(matches!(answer.status, 204 | 400), "{}", answer.body);
        }
    }
    ann.upload("a.png", "image/png", whole[0].1.clone()).await;
}
