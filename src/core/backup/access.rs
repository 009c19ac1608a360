//! What it takes to read backups: where they are, and what opens those that are encrypted.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{BoxStream, StreamExt};

use super::age::{self, FileKey, Identities};
use super::{Error, Result};
use crate::files::{self, AwsEnv};

/// What it takes to read backups.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    pub aws: &'a AwsEnv,
    /// What opens those that are encrypted.
    pub identities: &'a Identities,
    /// The keys of single archives and files, by name.
    keys: Option<&'a HashMap<String, FileKey>>,
}

impl<'a> Access<'a> {
    pub fn new(aws: &'a AwsEnv, identities: &'a Identities) -> Self {
        Self { aws, identities, keys: None }
    }

    /// For the process that made a backup, and has the keys of what it wrote.
    pub(super) fn of_maker(
        aws: &'a AwsEnv,
        identities: &'a Identities,
        keys: &'a HashMap<String, FileKey>,
    ) -> Self {
        Self { aws, identities, keys: Some(keys) }
    }

    /// Whether the backup was just made by this process, which has the keys of what it wrote and no others.
    pub(super) fn is_of_maker(&self) -> bool {
        self.keys.is_some()
    }

    pub(super) fn key_of(&self, name: &str) -> Option<FileKey> {
        self.keys?.get(name).copied()
    }
}

/// The content of an object that may be encrypted.
pub(super) fn opened(
    bytes: BoxStream<'static, files::Result<Bytes>>,
    identities: &Identities,
    key: Option<FileKey>,
) -> BoxStream<'static, Result<Bytes>> {
    age::decrypt(bytes.map_err(Error::from).boxed(), identities.clone(), key)
}
