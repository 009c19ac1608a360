//! What a media decoder reads from.

use symphonia::core::io::MediaSource;

/// A seekable file: on the disk, or in a bucket.
pub(super) type Source = Box<dyn MediaSource>;
