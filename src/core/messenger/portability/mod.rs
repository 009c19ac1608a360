//! Exporting and importing a person's data.

pub(crate) mod export;
pub(crate) mod import;
