//! The colours of pictures: profiles and what else says how numbers are meant, converted to sRGB for thumbnails.

use std::io::{Read, Seek, SeekFrom};

use flate2::{Decompress, FlushDecompress};
use image::{DynamicImage, RgbaImage};
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, TransferCharacteristics, TransformOptions, curve_from_gamma,
};

/// The largest colour profile that is read, in bytes; those of printers have up to 3 MiB.
const MAX_PROFILE: usize = 4 * 1024 * 1024;
/// How many chunks may precede a PNG's pixels.
const MAX_CHUNKS: usize = 1_000;

/// The profile of a picture, if it has one that can be read.
pub(super) fn of_icc(profile: Option<Vec<u8>>) -> Option<ColorProfile> {
    let profile = profile.filter(|profile| profile.len() <= MAX_PROFILE)?;
    ColorProfile::new_from_slice(&profile).ok()
}

/// The colours of a PNG: of several statements the most exact one counts, as the standard demands.
pub(super) fn of_png(file: &mut (impl Read + Seek)) -> Option<ColorProfile> {
    let (mut cicp, mut icc, mut is_srgb, mut gamma, mut primaries) = (None, None, false, None, None);
    let mut at = 8;
    for _ in 0..MAX_CHUNKS {
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let [a, b, c, d, name @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]);
        let mut data = |most: u32| -> Option<Vec<u8>> {
            let mut data = vec![0; length.min(most) as usize];
            file.read_exact(&mut data).ok()?;
            Some(data)
        };
        match &name {
            b"IDAT" | b"IEND" => break,
            b"cICP" => cicp = of_cicp(&data(4)?),
            b"iCCP" if length as usize <= MAX_PROFILE => icc = of_icc(inflated(&data(length)?)),
            b"sRGB" => is_srgb = true,
            b"gAMA" => gamma = numbers::<1>(&data(4)?).map(|[gamma]| gamma).filter(|gamma| *gamma > 0.0),
            b"cHRM" => primaries = numbers::<8>(&data(32)?),
            _ => {}
        }
        at += 12 + u64::from(length);
    }
    if cicp.is_some() || icc.is_some() {
        return cicp.or(icc);
    }
    if is_srgb || gamma.is_none() && primaries.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some([white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y]) = primaries
        && [white_y, red_y, green_y, blue_y].iter().all(|number| *number > 0.0)
    {
        let at = |x: f64, y: f64| Chromaticity { x: x as f32, y: y as f32 };
        let primaries =
            ColorPrimaries { red: at(red_x, red_y), green: at(green_x, green_y), blue: at(blue_x, blue_y) };
        profile.update_rgb_colorimetry(at(white_x, white_y).to_xyyb(), primaries);
    }
    // What sRGB has is written as 1 / 2.2.
    if let Some(gamma) = gamma.filter(|gamma| (gamma - 0.454_55).abs() > 0.001) {
        let curve = curve_from_gamma((1.0 / gamma) as f32);
        profile.cicp = None;
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    }
    Some(profile)
}

/// The numbers of a PNG, in hundred thousandths.
fn numbers<const N: usize>(data: &[u8]) -> Option<[f64; N]> {
    let mut found = [0.0; N];
    for (number, bytes) in found.iter_mut().zip(data.chunks_exact(4)) {
        *number = f64::from(u32::from_be_bytes(bytes.try_into().ok()?)) / 100_000.0;
    }
    (data.len() == N * 4).then_some(found)
}

/// Code points of ITU-T H.273.
fn of_cicp(data: &[u8]) -> Option<ColorProfile> {
    let &[primaries, transfer, _, full_range] = data else { return None };
    let cicp = CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: full_range == 1,
    };
    let profile = ColorProfile::new_from_cicp(cicp);
    profile.red_trc.is_some().then_some(profile)
}

/// The profile in an `iCCP` chunk: a name, zero, the method of compression and the compressed data.
fn inflated(chunk: &[u8]) -> Option<Vec<u8>> {
    let name = chunk.iter().position(|byte| *byte == 0)?;
    let mut profile = Vec::with_capacity(64 * 1024);
    let mut inflate = Decompress::new(true);
    let data = chunk.get(name + 2..)?;
    loop {
        let (used, length) = (inflate.total_in() as usize, profile.len());
        if length > MAX_PROFILE {
            return None;
        }
        profile.reserve(64 * 1024);
        let status = inflate.decompress_vec(data.get(used..)?, &mut profile, FlushDecompress::Finish);
        match status.ok()? {
            flate2::Status::StreamEnd => return Some(profile),
            _ if inflate.total_in() as usize == used && profile.len() == length => return None,
            _ => {}
        }
    }
}

/// Converts a small picture to sRGB; one whose colours can't be converted stays as it is.
pub(super) fn to_srgb(image: DynamicImage, profile: &ColorProfile) -> DynamicImage {
    converted(&image, profile).unwrap_or(image)
}

fn converted(image: &DynamicImage, profile: &ColorProfile) -> Option<DynamicImage> {
    let source = match profile.color_space {
        DataColorSpace::Rgb => (Layout::Rgba, image.to_rgba8().into_raw()),
        DataColorSpace::Gray if !image.color().has_color() => {
            (Layout::GrayAlpha, image.to_luma_alpha8().into_raw())
        }
        _ => return None,
    };
    transform(source, profile, image.width(), image.height()).map(DynamicImage::from)
}

/// Converts a small picture in CMYK, of which 255 is full ink.
pub(super) fn cmyk_to_srgb(inks: &RgbaImage, profile: Option<&ColorProfile>) -> DynamicImage {
    let profile = profile.filter(|profile| profile.color_space == DataColorSpace::Cmyk);
    let by_profile = profile.and_then(|profile| {
        // The fourth channel is not transparency, so the result has none.
        transform_to_rgb(inks.as_raw(), profile)
    });
    let plain = || {
        let channel = |ink: u8, black: u8| (u16::from(255 - ink) * u16::from(255 - black) / 255) as u8;
        inks.pixels().flat_map(|ink| [0, 1, 2].map(|index| channel(ink.0[index], ink.0[3]))).collect()
    };
    let pixels = by_profile.unwrap_or_else(plain);
    match image::RgbImage::from_raw(inks.width(), inks.height(), pixels) {
        Some(image) => image.into(),
        None => DynamicImage::new_rgb8(inks.width(), inks.height()),
    }
}

fn transform_to_rgb(pixels: &[u8], profile: &ColorProfile) -> Option<Vec<u8>> {
    let srgb = ColorProfile::new_srgb();
    let transform =
        profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
    let mut converted = vec![0; pixels.len() / 4 * 3];
    transform.transform(pixels, &mut converted).ok()?;
    Some(converted)
}

fn transform(
    (layout, pixels): (Layout, Vec<u8>),
    profile: &ColorProfile,
    width: u32,
    height: u32,
) -> Option<RgbaImage> {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let transform = profile.create_transform_8bit(layout, &srgb, Layout::Rgba, options).ok()?;
    let mut converted = vec![0; width as usize * height as usize * 4];
    transform.transform(&pixels, &mut converted).ok()?;
    RgbaImage::from_raw(width, height, converted)
}
