use std::io::Cursor;

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
    let mut stripper = MetadataStripper::new();
    let mut kept = Vec::new();
    for piece in file.chunks(piece) {
        kept.extend_from_slice(&stripper.push(Bytes::copy_from_slice(piece)));
    }
    kept.extend_from_slice(&stripper.finish());
    kept
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
        let (before, up, told) = decoded(&file);
        assert_eq!(up, 6, "{format:?}");
        assert!(told.unwrap().windows(SECRET.len()).any(|part| part == SECRET), "{format:?} has a secret");
        let clean = stripped(&file, file.len());
        assert!(!clean.windows(4).any(|part| part == &SECRET[..4]), "{format:?} tells no secret");
        let (after, up, told) = decoded(&clean);
        assert_eq!((after == before, up), (true, 6), "{format:?}");
        assert_eq!(
            &told.unwrap()[..tiff::LENGTH],
            tiff::orientation_block(Orientation::Rotate90),
            "{format:?}"
        );
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
            assert!(clean.len() <= length);
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
