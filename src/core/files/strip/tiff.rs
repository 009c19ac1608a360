//! The one thing that stays of EXIF: which side is up.

use image::metadata::Orientation;

/// What an EXIF block says of it, when the picture is not upright already.
pub(super) fn turned(exif: &[u8]) -> Option<Orientation> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(exif).filter(|orientation| *orientation != Orientation::NoTransforms)
}

/// How long [`only`] is.
pub(super) const LENGTH: usize = 26;

/// An EXIF block that says nothing else.
pub(super) fn only(orientation: Orientation) -> [u8; LENGTH] {
    let mut block = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = orientation.to_exif();
    block
}
