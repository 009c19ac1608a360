//! The only part of EXIF that is kept: the orientation.

use image::metadata::Orientation;

/// The orientation in an EXIF block; `None` when the picture is upright already.
pub(super) fn orientation(exif: &[u8]) -> Option<Orientation> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(exif).filter(|orientation| *orientation != Orientation::NoTransforms)
}

/// The length of [`orientation_block`] in bytes.
pub(super) const LENGTH: usize = 26;

/// An EXIF block with nothing but an orientation.
pub(super) fn orientation_block(orientation: Orientation) -> [u8; LENGTH] {
    let mut block = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = orientation.to_exif();
    block
}
