//! Pictures: how large they are, and small ones made of them. Whatever is made holds pixels and nothing else.

use std::io::{BufReader, Cursor, Seek, SeekFrom};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::facts::Source;
use super::{Error, Result, heavy};
use crate::model::Facts;

/// The most pixels, and the longest side. A picture may claim any size in thirty bytes.
const MOST_PIXELS: u64 = 40_000_000;
const LONGEST_SIDE: u32 = 10_000;
/// The most memory for pixels while they are read. A larger picture is kept, without a thumbnail.
const BUDGET: u64 = 128 * 1024 * 1024;
/// The largest file of a picture that is read; a JPEG is in memory as a whole.
const LARGEST_FILE: u64 = 32 * 1024 * 1024;
/// A thumbnail fits into a square of this side.
const THUMBNAIL: u32 = 512;
/// An avatar is a square of at most this side.
const AVATAR: u32 = 512;
/// A blur is made of a picture of at most this side; more makes no difference.
const BLUR: u32 = 100;
/// Of JPEG, 1 to 100.
const QUALITY: u8 = 80;
/// A larger colour profile is worth less than it weighs.
const LARGEST_PROFILE: usize = 16 * 1024;

/// A picture that was made here.
pub(super) struct Made {
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// What is known of a picture, and its thumbnail. A picture that can't be read, or of a format that
/// is not read here, has none; one that is too large is refused.
pub(super) fn look(file: Source) -> Result<(Facts, Option<Made>)> {
    let Some(picture) = open(file)? else {
        return Ok((Facts::default(), None));
    };
    let (width, height) = picture.shown();
    let mut facts = Facts { width: Some(width.into()), height: Some(height.into()), ..Facts::default() };
    let made = picture.decode(|image| fit(image, THUMBNAIL));
    let Some((small, profile)) = made else { return Ok((facts, None)) };
    facts.placeholder = Some(blur(&small));
    Ok((facts, encode(&small, profile)))
}

/// A square of the middle of a picture.
pub(super) fn avatar(file: Source) -> Result<Option<Made>> {
    let Some(picture) = open(file)? else { return Ok(None) };
    let made = picture.decode(|image| square(image, AVATAR));
    Ok(made.and_then(|(small, profile)| encode(&small, profile)))
}

/// A picture of which the head was read.
struct Picture<D> {
    decoder: D,
    orientation: Orientation,
    size: (u32, u32),
    /// Whether it would take more memory than it may.
    is_heavy: bool,
}

/// Reads a picture's head. Nothing when it has none that is understood.
fn open(file: Source) -> Result<Option<Picture<impl ImageDecoder>>> {
    let mut file = BufReader::new(file);
    let Ok(length) = file.seek(SeekFrom::End(0)) else { return Ok(None) };
    let Ok(cost) = heavy::cost(&mut file) else { return Ok(None) };
    let Ok(mut reader) = ImageReader::new(file).with_guessed_format() else { return Ok(None) };
    if reader.format() == Some(ImageFormat::Jpeg) && length > LARGEST_FILE {
        return Ok(None);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(BUDGET);
    reader.limits(limits);
    let mut decoder = match reader.into_decoder() {
        Ok(decoder) => decoder,
        Err(ImageError::Limits(_)) => return Err(Error::Bomb),
        Err(_) => return Ok(None),
    };
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MOST_PIXELS || width.max(height) > LONGEST_SIDE {
        return Err(Error::TooManyPixels { width, height });
    }
    let memory = decoder.total_bytes().saturating_add(pixels * cost.per_pixel);
    let is_heavy = memory > BUDGET || cost.part > pixels;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Some(Picture { decoder, orientation, size: (width, height), is_heavy }))
}

impl<D: ImageDecoder> Picture<D> {
    /// Width and height, turned upright.
    fn shown(&self) -> (u32, u32) {
        let (width, height) = self.size;
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }

    /// Something smaller made of its pixels, upright, with its colour profile. Of an animation, the first picture.
    fn decode(
        mut self,
        shrink: impl FnOnce(DynamicImage) -> DynamicImage,
    ) -> Option<(DynamicImage, Option<Vec<u8>>)> {
        if self.is_heavy {
            return None;
        }
        let profile = self.decoder.icc_profile().ok().flatten();
        let image = DynamicImage::from_decoder(self.decoder).ok()?;
        // A profile of other colours than the pixels have by now would spoil them.
        let profile = profile.filter(|profile| {
            image.color().has_color()
                && profile.get(16..20) == Some(b"RGB ")
                && profile.len() <= LARGEST_PROFILE
        });
        let mut small = shrink(image);
        small.apply_orientation(self.orientation);
        Some((small, profile))
    }
}

/// As large as fits into a square.
fn fit(image: DynamicImage, side: u32) -> DynamicImage {
    if image.width().max(image.height()) <= side { image } else { image.thumbnail(side, side) }
}

/// Its middle, square.
fn square(image: DynamicImage, side: u32) -> DynamicImage {
    let (width, height) = image.dimensions();
    let short = width.min(height);
    let (width, height) = match short <= side {
        true => (width, height),
        // At least the side in both directions, so that nothing is missing when it is cut.
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

/// A ThumbHash.
fn blur(image: &DynamicImage) -> Vec<u8> {
    let tiny = match image.width().max(image.height()) <= BLUR {
        true => image.to_rgba8(),
        false => image.thumbnail(BLUR, BLUR).to_rgba8(),
    };
    thumbhash::rgba_to_thumb_hash(tiny.width() as usize, tiny.height() as usize, &tiny)
}

/// A JPEG; a WebP when something can be seen through.
fn encode(image: &DynamicImage, profile: Option<Vec<u8>>) -> Option<Made> {
    use image::ImageEncoder;
    let mut bytes = Cursor::new(Vec::new());
    let is_clear = image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255);
    let content_type = if is_clear {
        let mut encoder = WebPEncoder::new_lossless(&mut bytes);
        profile.map(|profile| encoder.set_icc_profile(profile));
        image.to_rgba8().write_with_encoder(encoder).ok()?;
        "image/webp"
    } else {
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        profile.map(|profile| encoder.set_icc_profile(profile));
        image.to_rgb8().write_with_encoder(encoder).ok()?;
        "image/jpeg"
    };
    Some(Made { content_type, bytes: bytes.into_inner() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::strip::Strip;

    #[test]
    fn a_webp_that_hides_a_larger_frame_gets_no_decoder() {
        // An animation of 60 by 40 pixels, with a frame of 16,383 by 16,383 in it.
        let file = [
            &b"RIFF\x5c\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x3b\0\0\x27\0\0ANIM\x06\0\0\0\xff\xff\xff\xff\0\0"
                [..],
            b"ANMF\x24\0\0\0\0\0\0\0\0\0\x3b\0\0\x27\0\0\xc8\0\0\x02",
            b"VP8 \x0c\0\0\0\x10\x02\0\x9d\x01\x2a\xff\x3f\xff\x3f\0\0",
        ];
        let picture = open(Box::new(Cursor::new(file.concat()))).unwrap().unwrap();
        assert_eq!((picture.size, picture.is_heavy), ((60, 40), true));
    }

    #[test]
    fn whatever_is_wrong_with_a_picture_it_ends() {
        let picture =
            image::RgbaImage::from_fn(24, 16, |x, y| image::Rgba([x as u8 * 9, y as u8 * 9, 60, 200]));
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
                    let mut strip = Strip::new();
                    let kept = [strip.push(file.clone().into()), strip.finish()].concat();
                    assert!(kept.len() <= file.len());
                    for file in [file, kept] {
                        let _ = look(Box::new(Cursor::new(file.clone())));
                        let _ = avatar(Box::new(Cursor::new(file)));
                    }
                }
            }
        }
    }
}
