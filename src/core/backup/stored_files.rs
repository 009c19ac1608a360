//! The uploaded files beside the archives of a folder or a bucket.
//!
//! A file never changes, so it is copied once, and all later backups name the same copy. A copy appears under its name
//! only when it is complete. Beside each archive is a list of the copies that it needs; a copy that no list names is
//! deleted with the archives that are too old.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest::{self, Context, SHA256};
use aws_lc_rs::hmac;
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use uuid::Uuid;

use super::access::{Access, opened};
use super::age::{FileKey, Recipient, encrypted_size};
use super::archive::hex;
use super::manifest::{FileBeside, FileCounts, Manifest};
use super::object::DestinationWriter;
use super::place::{is_list_name, is_own_name, list_name};
use super::{BackupPlace, Error, Result};
use crate::files::{self, ArchiveStore, Files};
use crate::model::{Attachment, Time};

/// The folder beside the archives.
const FOLDER: &str = "besedka-files";
/// How many characters of a checksum a name has.
const TAG: usize = 32;
/// How often a file is read again that changes while it is read.
const ATTEMPTS: u32 = 3;
/// A copy may belong to a backup that is still being made.
const UNFINISHED: Duration = Duration::from_secs(24 * 3_600);

/// The name of a copy: `ID.KIND.SIZE.TAG`, and `.RECIPIENTS.age` if it is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CopyName {
    id: Uuid,
    is_thumbnail: bool,
    size: u64,
    /// Depends on the content and the server's secret: nobody else can tell whether a copy is a file that they know.
    tag: String,
    /// For whom it is encrypted.
    recipients: Option<String>,
}

impl fmt::Display for CopyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_thumbnail { "thumbnail" } else { "file" };
        write!(f, "{}.{kind}.{}.{}", self.id, self.size, self.tag)?;
        match &self.recipients {
            Some(recipients) => write!(f, ".{recipients}.age"),
            None => Ok(()),
        }
    }
}

impl FromStr for CopyName {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let parts: Vec<&str> = text.split('.').collect();
        let (id, kind, size, tag, recipients) = match parts[..] {
            [id, kind, size, tag] => (id, kind, size, tag, None),
            [id, kind, size, tag, recipients, "age"] => (id, kind, size, tag, Some(recipients.to_owned())),
            _ => return Err(()),
        };
        let name = Self {
            id: id.parse().map_err(|_| ())?,
            is_thumbnail: kind == "thumbnail",
            size: size.parse().map_err(|_| ())?,
            tag: tag.to_owned(),
            recipients,
        };
        // Nothing but what we write ourselves: the name becomes part of a path.
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_sound = is_hex(tag) && name.recipients.as_deref().is_none_or(is_hex);
        (is_sound && name.to_string() == text).then_some(name).ok_or(())
    }
}

impl CopyName {
    /// Whether a copy of a size in the destination can be whole.
    fn can_have(&self, stored: u64) -> bool {
        match self.recipients {
            None => stored == self.size,
            // Each recipient adds as much as the next one.
            Some(_) => {
                let (none, one) = (encrypted_size(self.size, 0), encrypted_size(self.size, 1));
                stored >= one && (stored - none).is_multiple_of(one - none)
            }
        }
    }
}

/// Makes the tags of files.
struct Tags(hmac::Key);

impl Tags {
    fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn of(&self, size: u64, sha256: &str) -> String {
        let text = format!("besedka backup file {size} {sha256}");
        let mut tag = hex(hmac::sign(&self.0, text.as_bytes()).as_ref());
        tag.truncate(TAG);
        tag
    }
}

fn key_of(place: &BackupPlace, name: &str) -> String {
    place.key(&format!("{FOLDER}/{name}"))
}

/// The copies in a destination: their names, sizes there and times.
async fn list(store: &ArchiveStore, place: &BackupPlace) -> Result<Vec<(CopyName, u64, Time)>> {
    let found = store.list(&place.key(FOLDER)).await?;
    let known = found.into_iter().filter_map(|object| {
        let name = object.key.rsplit('/').next()?.parse::<CopyName>().ok()?;
        Some((name, object.size, object.modified_at))
    });
    Ok(known.collect())
}

/// Copies the files of a server to where its archives are.
pub(super) struct StoredFiles<'a> {
    store: &'a ArchiveStore,
    place: &'a BackupPlace,
    recipients: &'a [Recipient],
    /// What the names of copies for these recipients contain.
    recipients_name: Option<String>,
    tags: Tags,
    present: HashMap<(Uuid, bool), Vec<CopyName>>,
    pub(super) beside: Vec<FileBeside>,
    /// What was copied now.
    pub(super) copied: FileCounts,
    /// The keys of what was encrypted now, by name.
    pub(super) keys: HashMap<String, FileKey>,
}

/// A file that a backup has.
pub(super) struct Stored {
    pub(super) size: u64,
    /// Whether its content differs from the checksum that was recorded when it was uploaded.
    pub(super) is_damaged: bool,
}

impl<'a> StoredFiles<'a> {
    pub(super) async fn open(
        store: &'a ArchiveStore,
        place: &'a BackupPlace,
        recipients: &'a [Recipient],
        secret: &[u8],
    ) -> Result<Self> {
        let recipients_name = (!recipients.is_empty()).then(|| {
            let all: BTreeSet<&[u8; 32]> = recipients.iter().map(Recipient::bytes).collect();
            let all: Vec<u8> = all.into_iter().flatten().copied().collect();
            hex(&digest::digest(&SHA256, &all).as_ref()[..8])
        });
        let mut present: HashMap<_, Vec<CopyName>> = HashMap::new();
        for (name, stored, _) in list(store, place).await? {
            if name.recipients == recipients_name && name.can_have(stored) {
                present.entry((name.id, name.is_thumbnail)).or_default().push(name);
            }
        }
        Ok(Self {
            store,
            place,
            recipients,
            recipients_name,
            tags: Tags::new(secret),
            present,
            beside: Vec::new(),
            copied: FileCounts::default(),
            keys: HashMap::new(),
        })
    }

    /// Adds a file, or its thumbnail, to the backup; `None` if it is missing. `sha256` is its recorded checksum.
    pub(super) async fn add(
        &mut self,
        files: &Files,
        file: &Attachment,
        is_thumbnail: bool,
        sha256: Option<&str>,
    ) -> Result<Option<Stored>> {
        let key = if is_thumbnail { file.thumbnail_key() } else { file.key() };
        let copies = self.present.get(&(file.id.0, is_thumbnail)).into_iter().flatten();
        let is_it =
            |copy: &&CopyName| sha256.is_none_or(|sha256| copy.tag == self.tags.of(copy.size, sha256));
        if let Some(copy) = copies.clone().find(is_it) {
            let size = copy.size;
            self.beside.push(FileBeside { key, name: copy.to_string() });
            return Ok(Some(Stored { size, is_damaged: false }));
        }
        // The name says what is in it: where that is not recorded, the file is read for it.
        let mut expected = match sha256 {
            Some(sha256) => sha256.to_owned(),
            None => match checksum(files, &key).await? {
                Some(sha256) => sha256,
                None => return Ok(None),
            },
        };
        for _ in 0..ATTEMPTS {
            let Some((size, bytes)) = read(files, &key).await? else { return Ok(None) };
            let tag = self.tags.of(size, &expected);
            let recipients = self.recipients_name.clone();
            let name = CopyName { id: file.id.0, is_thumbnail, size, tag, recipients }.to_string();
            let writer = self.store.writer(&key_of(self.place, &name));
            let (mut writer, file_key) = DestinationWriter::begin(writer, self.recipients).await?;
            match copy(bytes, &mut writer).await {
                Ok((copied, found)) if copied == size && found == expected => {
                    writer.finish().await?;
                    self.copied.count += 1;
                    self.copied.bytes += size;
                    self.keys.extend(file_key.map(|key| (name.clone(), key)));
                    self.beside.push(FileBeside { key, name });
                    return Ok(Some(Stored {
                        size,
                        is_damaged: sha256.is_some_and(|sha256| sha256 != found),
                    }));
                }
                Ok((_, found)) => {
                    writer.abort().await;
                    expected = found;
                }
                Err(error) => {
                    writer.abort().await;
                    return Err(error);
                }
            }
        }
        Err(Error::Refused(format!("the file {key} changes while it is read")))
    }

    /// Writes the list of what an archive needs, after the archive. Fails if another backup deleted some of it meanwhile.
    pub(super) async fn write_list(&self, archive: &str, needed: &[FileBeside]) -> Result<()> {
        let Some(list_name) = list_name(archive) else { return Ok(()) };
        let mut text = String::new();
        for file in needed {
            text.push_str(&file.name);
            text.push('\n');
        }
        let mut writer = self.store.writer(&self.place.key(&list_name));
        writer.write(text.into()).await?;
        writer.finish().await?;
        let present = list(self.store, self.place).await?;
        let present: HashSet<String> = present.iter().map(|(name, ..)| name.to_string()).collect();
        match needed.iter().find(|file| !present.contains(&file.name)) {
            None => Ok(()),
            Some(file) => Err(Error::Refused(format!(
                "{} was deleted while the backup was made: another one in the same place was too fast",
                file.name
            ))),
        }
    }
}

type Content = (u64, BoxStream<'static, files::Result<Bytes>>);

async fn read(files: &Files, key: &str) -> Result<Option<Content>> {
    match files.read_object(key).await {
        Err(files::Error::Missing) => Ok(None),
        found => Ok(Some(found?)),
    }
}

async fn checksum(files: &Files, key: &str) -> Result<Option<String>> {
    let Some((_, mut bytes)) = read(files, key).await? else { return Ok(None) };
    let mut hash = Context::new(&SHA256);
    while let Some(piece) = bytes.try_next().await? {
        hash.update(&piece);
    }
    Ok(Some(hex(hash.finish().as_ref())))
}

/// Returns the size and the checksum.
async fn copy(
    mut bytes: BoxStream<'static, files::Result<Bytes>>,
    writer: &mut DestinationWriter,
) -> Result<(u64, String)> {
    let (mut hash, mut size) = (Context::new(&SHA256), 0);
    while let Some(piece) = bytes.try_next().await? {
        hash.update(&piece);
        size += piece.len() as u64;
        writer.write(piece).await?;
    }
    Ok((size, hex(hash.finish().as_ref())))
}

/// Deletes an archive of our own with its list. Its files are left.
pub(super) async fn delete_archive(store: &ArchiveStore, place: &BackupPlace, archive: &str) -> Result<()> {
    // The list first: an archive without a list keeps all files.
    if let Some(list) = list_name(archive) {
        store.delete(&place.key(&list)).await?;
    }
    Ok(store.delete(&place.key(archive)).await?)
}

/// Deletes the copies that no list names. Does nothing while there is an archive without a list: it may be one that was
/// killed in between, or one that needs no files.
pub(super) async fn delete_unnamed(store: &ArchiveStore, place: &BackupPlace) -> Result<()> {
    let objects = store.list(&place.prefix).await?;
    let names: Vec<&str> = objects.iter().filter_map(|object| object.key.rsplit('/').next()).collect();
    let has_list = |archive: &&str| list_name(archive).is_some_and(|list| names.contains(&list.as_str()));
    if !names.iter().filter(|name| is_own_name(name)).all(has_list) {
        return Ok(());
    }
    let mut named = HashSet::new();
    for list in names.iter().filter(|name| is_list_name(name)) {
        let (_, bytes) = store.read(&place.key(list)).await?;
        let text: Vec<Bytes> = bytes.try_collect().await?;
        let text = text.concat();
        named.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
    }
    for (name, _, modified_at) in list(store, place).await? {
        let written = UNIX_EPOCH + Duration::from_millis(modified_at.0.max(0).unsigned_abs());
        let is_old = written.elapsed().is_ok_and(|age| age > UNFINISHED);
        if is_old && !named.contains(&name.to_string()) {
            store.delete(&key_of(place, &name.to_string())).await?;
        }
    }
    Ok(())
}

/// The local folder of the copies.
pub(super) fn folder(place: &std::path::Path) -> std::path::PathBuf {
    place.join(FOLDER)
}

/// Whether a text is the name of a copy.
pub(super) fn is_copy_name(name: &str) -> bool {
    name.parse::<CopyName>().is_ok()
}

/// Checks that every file beside an archive is there and whole, and copies it into a storage if one is given. Returns
/// their checksums by key. Whoever made the backup only looks for the encrypted files that were there before.
pub(super) async fn check(
    archive: &BackupPlace,
    access: &Access<'_>,
    manifest: &Manifest,
    secret: &[u8],
    to: Option<&Files>,
) -> Result<HashMap<String, String>> {
    let mut sums = HashMap::new();
    if manifest.beside.is_empty() {
        return Ok(sums);
    }
    let store = ArchiveStore::open(&archive.location, access.aws).map_err(Error::Refused)?;
    let tags = Tags::new(secret);
    let present = list(&store, archive).await?;
    let present: HashMap<String, u64> =
        present.into_iter().map(|(name, size, _)| (name.to_string(), size)).collect();
    let mut files = Vec::new();
    for FileBeside { key, name } in &manifest.beside {
        let copy: CopyName = name
            .parse()
            .map_err(|()| Error::Damaged(format!("its manifest names the file {key} in an unknown way")))?;
        match present.get(name) {
            None => return Err(Error::Damaged(format!("the file {FOLDER}/{name} is not beside it"))),
            Some(stored) if !copy.can_have(*stored) => {
                return Err(Error::Damaged(format!("the file {FOLDER}/{name} beside it is incomplete")));
            }
            Some(_) => files.push((key, name, copy)),
        }
    }
    for (key, name, copy) in files {
        let own_key = access.key_of(name);
        // An earlier backup encrypted it, whose keys are gone.
        if copy.recipients.is_some() && own_key.is_none() && access.is_of_maker() {
            continue;
        }
        let (_, bytes) = store.read(&key_of(archive, name)).await?;
        let mut bytes = opened(bytes, access.identities, own_key);
        let mut writer = to.map(|files| files.object_writer(key));
        let (mut hash, mut size) = (Context::new(&SHA256), 0);
        while let Some(piece) = bytes.try_next().await? {
            hash.update(&piece);
            size += piece.len() as u64;
            if let Some(writer) = &mut writer {
                writer.write(piece).await?;
            }
        }
        let sha256 = hex(hash.finish().as_ref());
        if size != copy.size || tags.of(size, &sha256) != copy.tag {
            if let Some(writer) = writer {
                let _ = writer.abort().await;
            }
            return Err(Error::Damaged(format!("the file {FOLDER}/{name} beside it was changed")));
        }
        if let Some(writer) = writer {
            writer.finish().await?;
        }
        sums.insert(key.clone(), sha256);
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_are_read() {
        let id = "0198c0de-0000-7000-8000-000000000001";
        for name in [
            format!("{id}.file.12.{}", "ab".repeat(16)),
            format!("{id}.thumbnail.0.{}.0123456789abcdef.age", "01".repeat(16)),
        ] {
            assert_eq!(name.parse::<CopyName>().unwrap().to_string(), name);
        }
        for wrong in [
            format!("{id}.file.012.ab"),
            format!("{id}.picture.12.ab"),
            format!("{id}.file.12.a/b"),
            format!("{id}.file.12.ab.age"),
            format!("{id}.file.12.ab.xx.age"),
            format!("{}.file.12.ab", id.to_uppercase()),
            "../../etc/passwd".to_owned(),
        ] {
            assert!(wrong.parse::<CopyName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_copy_that_is_cut_short_can_not_be_whole() {
        let name = |recipients: Option<&str>| CopyName {
            id: Uuid::nil(),
            is_thumbnail: false,
            size: 70_000,
            tag: "ab".to_owned(),
            recipients: recipients.map(str::to_owned),
        };
        assert!(name(None).can_have(70_000) && !name(None).can_have(69_999));
        let encrypted = name(Some("ab"));
        for recipients in [1, 2, 5] {
            let size = encrypted_size(70_000, recipients);
            assert!(encrypted.can_have(size), "{recipients}");
            assert!(!encrypted.can_have(size - 1) && !encrypted.can_have(size + 1), "{recipients}");
        }
        assert!(!encrypted.can_have(0) && !encrypted.can_have(encrypted_size(70_000, 0)));
    }
}
