//! Pictures: dimensions, thumbnails and avatars. Generated images contain pixels in sRGB, and no metadata.

use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbaImage,
};
use moxcms::ColorProfile;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::source::Source;
use super::strip::{self, Edited};
use super::{colours, decode_budget};
use crate::model::MediaMetadata;

/// The most memory in bytes for decoding. A picture that needs more is stored without a thumbnail.
const DECODE_BUDGET: u64 = 128 * 1024 * 1024;
/// The largest JPEG file in bytes that is decoded: its decoder reads the whole file into memory.
const MAX_JPEG_SIZE: u64 = 32 * 1024 * 1024;
/// A thumbnail fits into a square of this side, in pixels.
const THUMBNAIL_SIDE: u32 = 512;
/// An avatar is a square of at most this side, in pixels.
const AVATAR_SIDE: u32 = 512;
/// The longest side of the picture that a ThumbHash is computed from, in pixels; more makes no difference.
const THUMBHASH_SIDE: u32 = 100;
/// JPEG quality, 1 to 100.
const QUALITY: u8 = 80;

/// A generated image.
pub(super) struct EncodedImage {
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// A picture's metadata and thumbnail. One that can't be decoded or has an unsupported format has none.
pub(super) fn extract(file: Source) -> (MediaMetadata, Option<EncodedImage>) {
    let Some(picture) = open(file) else { return (MediaMetadata::default(), None) };
    let (width, height) = picture.upright_size();
    let mut metadata =
        MediaMetadata { width: Some(width.into()), height: Some(height.into()), ..MediaMetadata::default() };
    let thumbnail = picture.decode(|image| fit(image, THUMBNAIL_SIDE));
    let Some(thumbnail) = thumbnail else { return (metadata, None) };
    metadata.placeholder = Some(thumbhash(&thumbnail));
    (metadata, encode(&thumbnail))
}

/// An avatar: the centre square of a picture.
pub(super) fn avatar(file: Source) -> Option<EncodedImage> {
    encode(&open(file)?.decode(|image| crop_square(image, AVATAR_SIDE))?)
}

/// How many bytes of memory decoding a picture takes; 0 for one that is not decoded.
pub(super) fn memory(file: Source) -> u64 {
    open(file).map(|picture| picture.memory).filter(|memory| *memory <= DECODE_BUDGET).unwrap_or(0)
}

/// Whether a file is a supported picture, by its header.
pub(super) fn is_readable(file: Source) -> bool {
    open(file).is_some()
}

/// A picture whose header was read.
struct Picture {
    pixels: Pixels,
    orientation: Orientation,
    size: (u32, u32),
    profile: Option<ColorProfile>,
    /// How many bytes of memory decoding takes.
    memory: u64,
}

/// The pixels before they are decoded.
enum Pixels {
    /// In a format that the crate `image` decodes.
    Plain(Box<dyn ImageDecoder>),
    /// A JPEG of four inks: `image` would mix them without regard to their profile.
    Cmyk(Vec<u8>),
    /// Too many.
    Unread,
}

/// Reads a picture's header; `None` when it is not a supported picture.
fn open(file: Source) -> Option<Picture> {
    let mut file = BufReader::new(file);
    let length = file.seek(SeekFrom::End(0)).ok()?;
    let cost = decode_budget::cost(&mut file).ok()?;
    let mut head = [0; 24];
    file.read_exact(&mut head).ok()?;
    file.rewind().ok()?;
    match image::guess_format(&head).ok()? {
        ImageFormat::Jpeg if length > MAX_JPEG_SIZE => None,
        ImageFormat::Jpeg if cost.components == 4 => open_cmyk(file, length, &cost),
        ImageFormat::Png => {
            let profile = colours::of_png(&mut file);
            // Texts, profiles and further frames are not unpacked.
            let edits = strip::png_frame_edits(&mut file).ok()?;
            let frame = BufReader::new(Edited::new(file, &edits).ok()?);
            open_plain(ImageReader::with_format(frame, ImageFormat::Png), &head, 0, &cost, profile)
        }
        format => open_plain(ImageReader::with_format(file, format), &head, length, &cost, None),
    }
}

fn open_plain(
    mut reader: ImageReader<impl BufRead + Seek + 'static>,
    head: &[u8],
    length: u64,
    cost: &decode_budget::Cost,
    profile: Option<ColorProfile>,
) -> Option<Picture> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BUDGET);
    reader.limits(limits);
    let mut decoder = match reader.into_decoder() {
        Ok(decoder) => decoder,
        Err(ImageError::Limits(_)) => {
            // Its size is told all the same: it must not be shown to anybody.
            let (size, orientation) = (declared_size(head)?, Orientation::NoTransforms);
            return Some(Picture { pixels: Pixels::Unread, orientation, size, profile, memory: u64::MAX });
        }
        Err(_) => return None,
    };
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let memory = match cost.largest_frame > pixels {
        true => u64::MAX,
        false => decoder.total_bytes().saturating_add(pixels * cost.per_pixel).saturating_add(length),
    };
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = profile.or_else(|| colours::of_icc(decoder.icc_profile().ok().flatten()));
    let pixels = Pixels::Plain(Box::new(decoder));
    Some(Picture { pixels, orientation, size: (width, height), profile, memory })
}

/// Width and height in the header of a PNG or GIF.
fn declared_size(head: &[u8]) -> Option<(u32, u32)> {
    match head {
        [b'G', b'I', b'F', _, _, _, a, b, c, d, ..] => {
            Some((u16::from_le_bytes([*a, *b]).into(), u16::from_le_bytes([*c, *d]).into()))
        }
        [0x89, b'P', b'N', b'G', ..] => {
            let [a, b, c, d, e, f, g, h] = head.get(16..24)?.try_into().ok()?;
            Some((u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])))
        }
        _ => None,
    }
}

fn open_cmyk(mut file: BufReader<Source>, length: u64, cost: &decode_budget::Cost) -> Option<Picture> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?);
    file.read_to_end(&mut bytes).ok()?;
    let mut decoder = zune_decoder(&bytes);
    decoder.decode_headers().ok()?;
    let (width, height) = decoder.dimensions()?;
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let profile = colours::of_icc(decoder.icc_profile());
    let memory = (width as u64 * height as u64).saturating_mul(4 + cost.per_pixel).saturating_add(length);
    drop(decoder);
    Some(Picture {
        pixels: Pixels::Cmyk(bytes),
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        size: (u32::try_from(width).ok()?, u32::try_from(height).ok()?),
        profile,
        memory,
    })
}

fn zune_decoder(bytes: &[u8]) -> JpegDecoder<ZCursor<&[u8]>> {
    let options = DecoderOptions::default().set_strict_mode(false);
    let options = options.set_max_width(usize::MAX).set_max_height(usize::MAX);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options)
}

/// The inks of a JPEG of four colours, 255 for full ink, shrunk.
fn decode_cmyk(bytes: &[u8], shrink: impl FnOnce(DynamicImage) -> DynamicImage) -> Option<RgbaImage> {
    let mut decoder = zune_decoder(bytes);
    decoder.decode_headers().ok()?;
    let (width, height) = decoder.dimensions()?;
    let space = decoder.input_colorspace()?;
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
    let raw = decoder.decode().ok()?;
    let image = RgbaImage::from_raw(u32::try_from(width).ok()?, u32::try_from(height).ok()?, raw)?;
    let mut inks = shrink(image.into()).to_rgba8();
    for pixel in inks.pixels_mut() {
        let [a, b, c, black] = pixel.0;
        let [red, green, blue] = match space {
            ColorSpace::YCCK => rgb_of_ycc([a, b, c]),
            _ => [a, b, c],
        };
        // Inverted, as Adobe's programs began and all others do.
        pixel.0 = [255 - red, 255 - green, 255 - blue, 255 - black];
    }
    Some(inks)
}

fn rgb_of_ycc([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_14 * cb - 0.714_14 * cr, y + 1.772 * cb]
        .map(|channel| channel.round().clamp(0.0, 255.0) as u8)
}

impl Picture {
    /// Width and height after applying the orientation.
    fn upright_size(&self) -> (u32, u32) {
        let (width, height) = self.size;
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }

    /// Decodes, shrinks, converts to sRGB and turns upright. Of an animation, the first frame.
    fn decode(self, shrink: impl FnOnce(DynamicImage) -> DynamicImage) -> Option<DynamicImage> {
        if self.memory > DECODE_BUDGET {
            return None;
        }
        let profile = self.profile.as_ref();
        let mut small = match self.pixels {
            Pixels::Plain(decoder) => {
                let small = shrink(DynamicImage::from_decoder(decoder).ok()?);
                match profile {
                    Some(profile) => colours::to_srgb(small, profile),
                    None => small,
                }
            }
            Pixels::Cmyk(bytes) => colours::cmyk_to_srgb(&decode_cmyk(&bytes, shrink)?, profile),
            Pixels::Unread => return None,
        };
        small.apply_orientation(self.orientation);
        Some(small)
    }
}

/// Scales down to fit into a square.
fn fit(image: DynamicImage, side: u32) -> DynamicImage {
    if image.width().max(image.height()) <= side { image } else { image.thumbnail(side, side) }
}

/// Scales down and crops to the centre square.
fn crop_square(image: DynamicImage, side: u32) -> DynamicImage {
    let (width, height) = image.dimensions();
    let short = width.min(height);
    let (width, height) = match short <= side {
        true => (width, height),
        // At least `side` in both directions, so that the crop is complete.
        false => (scale(width, side, short), scale(height, side, short)),
    };
    let small = if short <= side { image } else { image.thumbnail_exact(width, height) };
    let side = side.min(short);
    small.crop_imm((width - side) / 2, (height - side) / 2, side, side)
}

fn scale(length: u32, side: u32, short: u32) -> u32 {
    let scaled = u64::from(length) * u64::from(side) / u64::from(short);
    u32::try_from(scaled).unwrap_or(side).max(side)
}

/// A ThumbHash, shown blurred while the thumbnail loads.
fn thumbhash(image: &DynamicImage) -> Vec<u8> {
    let tiny = match image.width().max(image.height()) <= THUMBHASH_SIDE {
        true => image.to_rgba8(),
        false => image.thumbnail(THUMBHASH_SIDE, THUMBHASH_SIDE).to_rgba8(),
    };
    thumbhash::rgba_to_thumb_hash(tiny.width() as usize, tiny.height() as usize, &tiny)
}

/// Encodes as JPEG, or as WebP when there is transparency.
fn encode(image: &DynamicImage) -> Option<EncodedImage> {
    let mut bytes = Cursor::new(Vec::new());
    let is_transparent = image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255);
    let content_type = if is_transparent {
        let encoder = WebPEncoder::new_lossless(&mut bytes);
        image.to_rgba8().write_with_encoder(encoder).ok()?;
        "image/webp"
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        image.to_rgb8().write_with_encoder(encoder).ok()?;
        "image/jpeg"
    };
    Some(EncodedImage { content_type, bytes: bytes.into_inner() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webp_that_hides_a_larger_frame_gets_no_decoder() {
        // An animation of 60 by 40 pixels, with a frame of 16,383 by 16,383 in it.
        let file = [
            &b"RIFF\x5c\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x3b\0\0\x27\0\0ANIM\x06\0\0\0\xff\xff\xff\xff\0\0"
                [..],
            b"ANMF\x24\0\0\0\0\0\0\0\0\0\x3b\0\0\x27\0\0\xc8\0\0\x02",
            b"VP8 \x0c\0\0\0\x10\x02\0\x9d\x01\x2a\xff\x3f\xff\x3f\0\0",
        ];
        let picture = open(Box::new(Cursor::new(file.concat()))).unwrap();
        assert_eq!((picture.size, picture.memory), ((60, 40), u64::MAX));
    }

    #[test]
    fn the_largest_picture_there_can_be_tells_its_size() {
        let mut file = Cursor::new(Vec::new());
        RgbaImage::new(1, 1).write_to(&mut file, ImageFormat::Png).unwrap();
        let mut file = file.into_inner();
        file[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        // The checksum of the header.
        let sum = strip::png_checksum(&file[12..29]);
        file[29..33].copy_from_slice(&sum.to_be_bytes());
        let (metadata, thumbnail) = extract(Box::new(Cursor::new(file)));
        assert_eq!(metadata.width, Some(i64::from(i32::MAX)));
        assert!(thumbnail.is_none());
    }

    #[test]
    fn inks_and_gamma_become_srgb() {
        for (name, file, left, right) in [
            // Red and cyan, in four inks.
            (
                "cmyk.jpg",
                &include_bytes!("../../../tests/suite/media/cmyk.jpg")[..],
                [255, 0, 0],
                [0, 255, 255],
            ),
            // A half, with a gamma of 1.
            ("linear.png", include_bytes!("../../../tests/suite/media/linear.png"), [188; 3], [188; 3]),
        ] {
            let (_, thumbnail) = extract(Box::new(Cursor::new(file)));
            let small = image::load_from_memory(&thumbnail.unwrap().bytes).unwrap().to_rgb8();
            for (x, right) in [(16, left), (48, right)] {
                let found = small.get_pixel(x, 8).0;
                assert!(
                    found.iter().zip(right).all(|(one, other)| one.abs_diff(other) < 8),
                    "{name} {found:?}"
                );
            }
        }
    }

    #[test]
    fn whatever_is_wrong_with_a_picture_it_ends() {
        let picture = RgbaImage::from_fn(24, 16, |x, y| image::Rgba([x as u8 * 9, y as u8 * 9, 60, 200]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let mut whole = Cursor::new(Vec::new());
            let picture = DynamicImage::from(picture.clone());
            match format {
                ImageFormat::Jpeg => picture.to_rgb8().write_to(&mut whole, format).unwrap(),
                _ => picture.write_to(&mut whole, format).unwrap(),
            }
            let whole = whole.into_inner();
            for at in 0..whole.len() {
                let mut file = whole.clone();
                file[at] ^= 0xff;
                for file in [file, whole[..at].to_vec()] {
                    let edits = strip::edits(Cursor::new(&file)).unwrap();
                    let mut kept = Vec::new();
                    Edited::new(Cursor::new(&file), &edits).unwrap().read_to_end(&mut kept).unwrap();
                    assert!(kept.len() <= file.len() + 40);
                    for file in [file, kept] {
                        let _ = extract(Box::new(Cursor::new(file.clone())));
                        let _ = avatar(Box::new(Cursor::new(file)));
                    }
                }
            }
        }
    }
}
