//! Uploaded files: attachments, avatars, quotas.

pub(crate) mod attachment;
pub(crate) mod avatar_image;
pub(crate) mod direct_uploads;
pub(crate) mod migrate_files;
pub(crate) mod quota;
pub(crate) mod upload;
