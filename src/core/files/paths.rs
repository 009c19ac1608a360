//! Object keys of files in the storage.

use object_store::path::Path;

use crate::model::Attachment;

/// The prefix of files that browsers uploaded straight to the bucket and that were not checked yet.
pub(super) const INCOMING: &str = "incoming";

/// Where a file is kept.
pub(super) fn path_of(attachment: &Attachment) -> Path {
    Path::from(attachment.key())
}

/// Where the thumbnail of a file is kept.
pub(super) fn thumbnail_path_of(attachment: &Attachment) -> Path {
    Path::from(attachment.thumbnail_key())
}

/// Where a browser uploads a file before it is checked.
pub(super) fn incoming_path_of(attachment: &Attachment) -> Path {
    Path::from(format!("{INCOMING}/{}", attachment.key()))
}
