//! Pictures: dimensions, thumbnails and avatars. Generated images contain pixels and a colour profile, no metadata.

use std::io::{BufReader, Cursor, Seek, SeekFrom};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::source::Source;
use super::{Error, Result, decode_budget};
use crate::model::MediaMetadata;

/// Limits on the declared dimensions: a file of thirty bytes can claim any size.
const MAX_PIXELS: u64 = 40_000_000;
const MAX_SIDE: u32 = 10_000;
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
/// A larger colour profile, in bytes, is dropped: it would outweigh the thumbnail.
const MAX_PROFILE_SIZE: usize = 16 * 1024;

/// A generated image.
pub(super) struct EncodedImage {
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// A picture's metadata and thumbnail. One that can't be decoded or has an unsupported format has none; one
/// that is too large is refused.
pub(super) fn extract(file: Source) -> Result<(MediaMetadata, Option<EncodedImage>)> {
    let Some(picture) = open(file)? else {
        return Ok((MediaMetadata::default(), None));
    };
    let (width, height) = picture.upright_size();
    let mut metadata =
        MediaMetadata { width: Some(width.into()), height: Some(height.into()), ..MediaMetadata::default() };
    let thumbnail = picture.decode(|image| fit(image, THUMBNAIL_SIDE));
    let Some((thumbnail, profile)) = thumbnail else { return Ok((metadata, None)) };
    metadata.placeholder = Some(thumbhash(&thumbnail));
    Ok((metadata, encode(&thumbnail, profile)))
}

/// An avatar: the centre square of a picture.
pub(super) fn avatar(file: Source) -> Result<Option<EncodedImage>> {
    let Some(picture) = open(file)? else { return Ok(None) };
    let square = picture.decode(|image| crop_square(image, AVATAR_SIDE));
    Ok(square.and_then(|(square, profile)| encode(&square, profile)))
}

/// A picture whose header was read.
struct Picture<D> {
    decoder: D,
    orientation: Orientation,
    size: (u32, u32),
    /// Whether decoding would take more memory than allowed.
    exceeds_budget: bool,
}

/// Reads a picture's header; `None` when it is not a supported picture.
fn open(file: Source) -> Result<Option<Picture<impl ImageDecoder>>> {
    let mut file = BufReader::new(file);
    let Ok(length) = file.seek(SeekFrom::End(0)) else { return Ok(None) };
    let Ok(cost) = decode_budget::cost(&mut file) else { return Ok(None) };
    let Ok(mut reader) = ImageReader::new(file).with_guessed_format() else { return Ok(None) };
    if reader.format() == Some(ImageFormat::Jpeg) && length > MAX_JPEG_SIZE {
        return Ok(None);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BUDGET);
    reader.limits(limits);
    let mut decoder = match reader.into_decoder() {
        Ok(decoder) => decoder,
        Err(ImageError::Limits(_)) => return Err(Error::DecompressionBomb),
        Err(_) => return Ok(None),
    };
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE {
        return Err(Error::TooManyPixels { width, height });
    }
    let memory = decoder.total_bytes().saturating_add(pixels * cost.per_pixel);
    let exceeds_budget = memory > DECODE_BUDGET || cost.largest_frame > pixels;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Some(Picture { decoder, orientation, size: (width, height), exceeds_budget }))
}

impl<D: ImageDecoder> Picture<D> {
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

    /// Decodes, shrinks and turns upright; also returns the colour profile. Of an animation, the first frame.
    fn decode(
        mut self,
        shrink: impl FnOnce(DynamicImage) -> DynamicImage,
    ) -> Option<(DynamicImage, Option<Vec<u8>>)> {
        if self.exceeds_budget {
            return None;
        }
        let profile = self.decoder.icc_profile().ok().flatten();
        let image = DynamicImage::from_decoder(self.decoder).ok()?;
        // The decoded pixels are RGB or grey: a profile of another colour space, such as CMYK, would distort them.
        let profile = profile.filter(|profile| {
            image.color().has_color()
                && profile.get(16..20) == Some(b"RGB ")
                && profile.len() <= MAX_PROFILE_SIZE
        });
        let mut small = shrink(image);
        small.apply_orientation(self.orientation);
        Some((small, profile))
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
fn encode(image: &DynamicImage, profile: Option<Vec<u8>>) -> Option<EncodedImage> {
    use image::ImageEncoder;
    let mut bytes = Cursor::new(Vec::new());
    let is_transparent = image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255);
    let content_type = if is_transparent {
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
    Some(EncodedImage { content_type, bytes: bytes.into_inner() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::strip::MetadataStripper;

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
        assert_eq!((picture.size, picture.exceeds_budget), ((60, 40), true));
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
                    let mut stripper = MetadataStripper::new();
                    let kept = [stripper.push(file.clone().into()), stripper.finish()].concat();
                    assert!(kept.len() <= file.len());
                    for file in [file, kept] {
                        let _ = extract(Box::new(Cursor::new(file.clone())));
                        let _ = avatar(Box::new(Cursor::new(file)));
                    }
                }
            }
        }
    }
}
