use std::io::Cursor;

use bytes::Bytes;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

use super::*;

/// What no picture may tell.
const SECRET: &[u8] = b"55.7558N 37.6173E";

fn pixels() -> DynamicImage {
    let mut image = RgbImage::new(32, 16);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        *pixel = image::Rgb([x as u8 * 8, y as u8 * 16, 77]);
    }
    image.into()
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    match format {
        ImageFormat::WebP => pixels().to_rgb8().write_with_encoder(WebPEncoder::new_lossless(&mut bytes)),
        format => pixels().write_to(&mut bytes, format),
    }
    .unwrap();
    bytes.into_inner()
}

/// An EXIF block with a place, of a picture that lies on its side.
fn exif() -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    block.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    block.extend_from_slice(b"\x25\x88\x04\0\x01\0\0\0\x26\0\0\0\0\0\0\0");
    block.extend_from_slice(b"\x01\0\x02\0\x02\0");
    block.extend_from_slice(&(SECRET.len() as u32).to_le_bytes());
    block.extend_from_slice(b"\x38\0\0\0\0\0\0\0");
    block.extend_from_slice(SECRET);
    block
}

fn segment(marker: u8, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    [&[0xff, marker], &(body.len() as u16 + 2).to_be_bytes()[..], &body].concat()
}

fn jpeg_with_secrets() -> Vec<u8> {
    let plain = encoded(ImageFormat::Jpeg);
    [
        &plain[..2],
        &segment(0xe1, &[b"Exif\0\0", &exif()]),
        &segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET]),
        &segment(0xe2, &[b"MPF\0", SECRET]),
        &segment(0xed, &[b"Photoshop 3.0\0", SECRET]),
        &segment(0xfe, &[SECRET]),
        &plain[2..],
        // A second picture, and then a film.
        &plain[..2],
        &segment(0xe1, &[b"Exif\0\0", &exif()]),
        &plain[2..],
        b"\0\0\0\x18ftypmp42",
        SECRET,
    ]
    .concat()
}

fn png_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let sum = png::checksum(&[name, data].concat());
    [&(data.len() as u32).to_be_bytes()[..], name, data, &sum.to_be_bytes()].concat()
}

fn png_with_secrets() -> Vec<u8> {
    let plain = encoded(ImageFormat::Png);
    let head = 8 + 25;
    [
        &plain[..head],
        &png_chunk(b"eXIf", &exif()),
        &png_chunk(b"tEXt", &[b"Comment\0", SECRET].concat()),
        &png_chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", SECRET].concat()),
        &png_chunk(b"zzZz", SECRET),
        &plain[head..],
        SECRET,
    ]
    .concat()
}

fn webp_with_secrets() -> Vec<u8> {
    let plain = encoded(ImageFormat::WebP);
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let pad = vec![0; data.len() % 2];
        [name, &(data.len() as u32).to_le_bytes()[..], data, &pad].concat()
    };
    let size = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let extended = [&[0x0c, 0, 0, 0][..], &size(32), &size(16)].concat();
    let chunks = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &extended),
        plain[12..].to_vec(),
        chunk(b"EXIF", &exif()),
        chunk(b"XMP ", SECRET),
        chunk(b"Zzzz", SECRET),
    ]
    .concat();
    [b"RIFF", &(chunks.len() as u32).to_le_bytes()[..], &chunks, SECRET].concat()
}

fn stripped(file: &[u8], piece: usize) -> Vec<u8> {
    let edits = edits(Cursor::new(file)).unwrap();
    let mut viewed = Vec::new();
    Edited::new(Cursor::new(file), &edits).unwrap().read_to_end(&mut viewed).unwrap();
    let mut applier = Applier::new(edits);
    let copied: Vec<u8> =
        file.chunks(piece).flat_map(|piece| applier.push(Bytes::copy_from_slice(piece))).collect();
    assert!(copied == viewed, "the copy is as the view");
    copied
}

fn decoded(file: &[u8]) -> (DynamicImage, u8, Option<Vec<u8>>) {
    let reader = ImageReader::new(Cursor::new(file.to_vec())).with_guessed_format().unwrap();
    let mut decoder = reader.into_decoder().unwrap();
    let (orientation, exif) = (decoder.orientation().unwrap(), decoder.exif_metadata().unwrap());
    (DynamicImage::from_decoder(decoder).unwrap(), orientation.to_exif(), exif)
}

#[test]
fn a_picture_keeps_its_pixels_and_its_upside_and_nothing_else() {
    for (format, file) in [
        (ImageFormat::Jpeg, jpeg_with_secrets()),
        (ImageFormat::Png, png_with_secrets()),
        (ImageFormat::WebP, webp_with_secrets()),
    ] {
        let (before, up, metadata) = decoded(&file);
        assert_eq!(up, 6, "{format:?}");
        assert!(
            metadata.unwrap().windows(SECRET.len()).any(|part| part == SECRET),
            "{format:?} has a secret"
        );
        let clean = stripped(&file, file.len());
        assert!(!clean.windows(4).any(|part| part == &SECRET[..4]), "{format:?} tells no secret");
        let (after, up, metadata) = decoded(&clean);
        assert_eq!((after == before, up), (true, 6), "{format:?}");
        assert_eq!(metadata.unwrap(), tiff::orientation_block(Orientation::Rotate90), "{format:?}");
        assert_eq!(stripped(&clean, 7), clean, "{format:?} has nothing left to take");
    }
}

use image::metadata::Orientation;

#[test]
fn it_makes_no_difference_in_which_pieces_a_picture_comes() {
    for file in [jpeg_with_secrets(), png_with_secrets(), webp_with_secrets()] {
        let whole = stripped(&file, file.len());
        for piece in [1, 2, 3, 5, 11, 64, 257] {
            assert_eq!(stripped(&file, piece), whole, "{piece}");
        }
    }
}

#[test]
fn a_second_picture_stays_and_loses_its_place_too() {
    let clean = stripped(&jpeg_with_secrets(), 100);
    let start = clean.windows(4).enumerate().filter(|(_, part)| **part == [0xff, 0xd8, 0xff, 0xe1]);
    let second = start.map(|(at, _)| at).nth(1).unwrap();
    let (image, up, _) = decoded(&clean[second..]);
    assert_eq!((image.width(), up), (32, 6));
}

#[test]
fn what_has_nothing_to_take_stays_as_it_is() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let file = encoded(format);
        assert_eq!(stripped(&file, 10), file, "{format:?}");
    }
    for file in
        [&b""[..], b"GIF89a", b"\xff\xd8\xff", b"a long text that is no picture at all", b"RIFFxxxxWAVEfmt "]
    {
        assert_eq!(stripped(file, 3), file);
    }
}

#[test]
fn broken_pictures_end_where_they_break_and_tell_nothing() {
    for file in [jpeg_with_secrets(), png_with_secrets(), webp_with_secrets()] {
        for length in 0..file.len() {
            let clean = stripped(&file[..length], 50);
            assert!(clean.len() <= length + 64);
            assert!(!clean.windows(4).any(|part| part == &SECRET[..4]), "cut at {length}");
        }
        // Every byte wrong in turn: whatever comes of it, it ends.
        for wrong in 0..file.len().min(400) {
            let mut file = file.clone();
            file[wrong] ^= 0xff;
            assert!(stripped(&file, 50).len() <= file.len() + 64);
        }
    }
}

/// A file as a program makes it, with a place and an author.
macro_rules! media {
    ($name:literal) => {
        (&$name[..], &include_bytes!(concat!("../../../../tests/suite/media/", $name))[..])
    };
}

fn tells(file: &[u8], what: &[u8]) -> bool {
    file.windows(what.len()).any(|part| part == what)
}

#[test]
fn place_and_author_are_taken_out_of_every_container() {
    for ((name, file), secrets, is_cut) in [
        (media!("place.heic"), &[&b"SECRETAUTHOR"[..]][..], false),
        (media!("place.avif"), &[b"SECRETAUTHOR"], false),
        (media!("place-brob.jxl"), &[b"brob", b"Exif"], true),
        (media!("place.tif"), &[b"SECRETAUTHOR"], false),
        (media!("place-xmp.gif"), &[b"SECRETAUTHOR", b"GPS"], true),
        (media!("place.mp4"), &[b"SECRETAUTHOR", b"loci"], false),
        (media!("place.mov"), &[b"48.85", b"location.ISO6709"], false),
        (media!("place-motion.jpg"), &[b"SECRETAUTHOR", b"Exif", b"ftyp"], true),
    ] {
        let clean = stripped(file, 1_000);
        for secret in secrets {
            assert!(tells(file, secret) && !tells(&clean, secret), "{name}");
        }
        assert_eq!(clean.len() == file.len(), !is_cut, "{name}");
        assert!(stripped(&clean, 77) == clean, "{name} has nothing left to take");
        // Cut anywhere, it ends.
        for length in (0..file.len()).step_by(7) {
            let _ = edits(Cursor::new(&file[..length]));
        }
        for wrong in 0..file.len().min(3_000) {
            let mut file = file.to_vec();
            file[wrong] ^= 0xff;
            let _ = edits(Cursor::new(&file));
        }
    }
}

#[test]
fn what_other_parts_refer_to_stays_where_it_was() {
    let (_, file) = media!("place.mp4");
    let clean = stripped(file, 100);
    let at = |file: &[u8], name: &[u8]| file.windows(4).position(|part| part == name);
    for name in [b"moov", b"mdat", b"stco", b"avcC"] {
        assert_eq!(at(file, name), at(&clean, name));
    }
    let (begin, end) = (at(file, b"mdat").unwrap(), at(file, b"moov").unwrap());
    assert!(file[begin..end.max(begin)] == clean[begin..end.max(begin)], "the samples are untouched");
}

#[test]
fn fill_bytes_before_a_restart_marker_belong_to_the_pixels() {
    let (_, file) = media!("fill-before-restart-rows.jpg");
    assert!(stripped(file, 64) == file);
}

#[test]
fn a_webp_without_exif_does_not_announce_it() {
    let (_, file) = media!("empty-exif.webp");
    let clean = stripped(file, 64);
    assert!(!tells(&clean, b"EXIF") && clean[20] & 0x0c == 0);
    assert_eq!(u32::from_le_bytes(clean[4..8].try_into().unwrap()) as usize, clean.len() - 8);
}

#[test]
fn a_long_exif_block_says_which_side_is_up() {
    let plain = encoded(ImageFormat::Png);
    // The directory follows 72,000 bytes of something else.
    let mut block = b"II*\0".to_vec();
    block.extend_from_slice(&72_008_u32.to_le_bytes());
    block.resize(72_008, b'x');
    block.extend_from_slice(b"\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
    let file = [&plain[..33], &png_chunk(b"eXIf", &block), &plain[33..]].concat();
    let clean = stripped(&file, 999);
    let (image, up, _) = decoded(&clean);
    assert_eq!((image == pixels(), up), (true, 6));
    assert!(clean.len() < plain.len() + 100);
}

#[test]
fn a_drawing_in_a_png_stays() {
    let plain = encoded(ImageFormat::Png);
    let drawing = png_chunk(b"tEXt", b"mxfile\0%3Cmxfile%3E");
    let author = png_chunk(b"tEXt", b"Author\0somebody");
    let file = [&plain[..33], &drawing, &author, &plain[33..]].concat();
    assert!(stripped(&file, 9) == [&plain[..33], &drawing, &plain[33..]].concat());
}

#[test]
fn tags_are_taken_out_of_matroska() {
    let (_, file) = media!("wide-pixels.mkv");
    let clean = stripped(file, 64);
    assert_eq!(clean.len(), file.len());
    assert!(tells(file, b"ENCODER") && !tells(&clean, b"ENCODER"));
}
