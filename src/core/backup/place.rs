//! Where archives are stored: a folder, or a bucket and a folder in it.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fs, io};

use rustix::fs::{Access, access};
use url::Url;

use crate::boxed;
use crate::files::{ArchiveStore, AwsEnv, StorageLocation};
use crate::model::Time;

/// The endings of archives, plain and encrypted.
const ENDINGS: [&str; 2] = [".tar.zst", ".tar.zst.age"];
/// The ending of the list of the files beside an archive.
const LIST: &str = ".files";
const PREFIX: &str = "besedka-";

/// A folder or a bucket for archives, and perhaps the name of one of them.
#[derive(Debug, Clone)]
pub struct BackupPlace {
    pub(super) location: StorageLocation,
    /// The folder in the bucket, without slashes at the ends; empty for none.
    pub(super) prefix: String,
    /// The name of an archive.
    pub(super) name: Option<String>,
}

impl BackupPlace {
    /// A local folder.
    pub fn folder(folder: PathBuf) -> Self {
        Self { location: StorageLocation::Folder(folder), prefix: String::new(), name: None }
    }

    /// The place of an archive that exists: its file may have any name.
    pub fn of_archive(text: &str) -> Result<Self, String> {
        let place: Self = text.parse()?;
        match place {
            Self { name: Some(_), .. } => Ok(place),
            Self { location: StorageLocation::Folder(file), .. } => Ok(file_place(&file)?),
            Self { .. } => Err("it must be the address of an archive, which ends in .tar.zst".to_owned()),
        }
    }

    /// The local file or folder.
    pub fn path(&self) -> Option<PathBuf> {
        match &self.location {
            StorageLocation::Folder(folder) => Some(match &self.name {
                Some(name) => folder.join(name),
                None => folder.clone(),
            }),
            StorageLocation::Bucket(_) => None,
        }
    }

    /// Checks that archives can be stored in the folder, or the bucket answers. Creates nothing. The error says why not.
    #[boxed]
    pub async fn check(&self, aws: &AwsEnv) -> Result<(), String> {
        match &self.location {
            StorageLocation::Folder(folder) => check_folder(folder).map_err(|error| error.to_string()),
            StorageLocation::Bucket(_) => {
                let store = ArchiveStore::open(&self.location, aws)?;
                store.list(&self.prefix).await.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    pub(super) fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }
}

impl std::fmt::Display for BackupPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.location {
            StorageLocation::Folder(folder) => folder.display().fmt(f)?,
            location @ StorageLocation::Bucket(_) if self.prefix.is_empty() => location.fmt(f)?,
            location @ StorageLocation::Bucket(_) => write!(f, "{location}/{}", self.prefix)?,
        }
        match &self.name {
            Some(name) => write!(f, "/{name}"),
            None => Ok(()),
        }
    }
}

impl FromStr for BackupPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !text.starts_with("s3:") {
            let path = Path::new(text.strip_prefix("file:").unwrap_or(text));
            if path.as_os_str().is_empty() {
                return Err("it must be a file, a folder or s3://BUCKET/FOLDER/".to_owned());
            }
            let is_archive = path.file_name().and_then(|name| name.to_str()).is_some_and(is_archive_name);
            return match is_archive && !path.is_dir() {
                true => file_place(path),
                false => Ok(Self::folder(path.to_owned())),
            };
        }
        let mut url = Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
        let path = url.path().trim_matches('/').to_owned();
        url.set_path("");
        let location = url.as_str().parse()?;
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err("the folder in the bucket can't contain . or ..".to_owned());
        }
        let (prefix, last) = path.rsplit_once('/').unwrap_or(("", &path));
        let is_archive = ENDINGS.iter().any(|ending| last.ends_with(ending));
        Ok(match is_archive {
            true => Self { location, prefix: prefix.to_owned(), name: Some(last.to_owned()) },
            false => Self { location, prefix: path, name: None },
        })
    }
}

/// Checks that a folder can be written to; a missing one, that it can be created.
fn check_folder(folder: &Path) -> io::Result<()> {
    for existing in folder.ancestors() {
        // The last ancestor of a relative path.
        let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
        match fs::metadata(existing) {
            Ok(found) if found.is_dir() => {
                return Ok(access(existing, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?);
            }
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn file_place(file: &Path) -> Result<BackupPlace, String> {
    let name = file.file_name().and_then(|name| name.to_str()).ok_or("it must be the name of a file")?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new(".")).to_owned();
    Ok(BackupPlace { name: Some(name.to_owned()), ..BackupPlace::folder(folder) })
}

fn is_archive_name(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The name of a new archive.
pub(super) fn archive_name(at: Time, is_encrypted: bool) -> String {
    format!("{PREFIX}{}{}", at.basic(), ENDINGS[usize::from(is_encrypted)])
}

/// Whether a name is that of an encrypted archive.
pub(super) fn is_encrypted_name(name: &str) -> bool {
    name.ends_with(ENDINGS[1])
}

/// Whether a file is an archive that was named by [`archive_name`]: others are never deleted.
pub(super) fn is_own_name(name: &str) -> bool {
    ENDINGS.iter().any(|ending| own_time(name, ending).is_some())
}

/// The name of the list of the files beside an archive that was named by [`archive_name`].
pub(super) fn list_name(archive: &str) -> Option<String> {
    let time = ENDINGS.iter().find_map(|ending| own_time(archive, ending))?;
    Some(format!("{PREFIX}{time}{LIST}"))
}

/// Whether a file is a list that was named by [`list_name`].
pub(super) fn is_list_name(name: &str) -> bool {
    own_time(name, LIST).is_some()
}

/// The time in a name of our own with some ending.
fn own_time<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let time = name.strip_prefix(PREFIX)?.strip_suffix(ending)?;
    let is_right = |(index, c): (usize, char)| match index {
        8 => c == 'T',
        15 => c == 'Z',
        _ => c.is_ascii_digit(),
    };
    (time.len() == 16 && time.chars().enumerate().all(is_right)).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_a_file_or_a_bucket() {
        for (text, shown, name) in [
            ("backups", "backups", None),
            ("file:/var/backups", "/var/backups", None),
            ("a.tar.zst", "./a.tar.zst", Some("a.tar.zst")),
            ("/x/a.tar.zst.age", "/x/a.tar.zst.age", Some("a.tar.zst.age")),
            ("s3://b", "s3://b", None),
            ("s3://b/team/chat/?region=eu", "s3://b/team/chat", None),
            ("s3://b/a.tar.zst?region=eu", "s3://b/a.tar.zst", Some("a.tar.zst")),
            ("s3://b/team/a.tar.zst", "s3://b/team/a.tar.zst", Some("a.tar.zst")),
        ] {
            let place: BackupPlace = text.parse().unwrap();
            assert_eq!((place.to_string().as_str(), place.name.as_deref()), (shown, name), "{text}");
        }
        for wrong in ["", "file:", "s3://", "s3://key:secret@b/x", "s3://b/x?y=z"] {
            assert!(wrong.parse::<BackupPlace>().is_err(), "{wrong}");
        }
        assert_eq!(BackupPlace::of_archive("x/any.name").unwrap().name.as_deref(), Some("any.name"));
        assert!(BackupPlace::of_archive("s3://b/x").is_err());
    }

    #[tokio::test]
    async fn a_place_is_checked_and_nothing_is_created() {
        let dir = tempfile::TempDir::new().unwrap();
        let (file, missing) = (dir.path().join("file"), dir.path().join("a/b"));
        fs::write(&file, "").unwrap();
        let aws = AwsEnv::default();
        for good in [dir.path(), &missing] {
            BackupPlace::folder(good.to_owned()).check(&aws).await.unwrap();
        }
        assert!(!dir.path().join("a").exists());
        for bad in [file.clone(), file.join("backups")] {
            let place = BackupPlace::folder(bad);
            let why = place.check(&aws).await.unwrap_err();
            assert!(why.to_lowercase().contains("not a directory"), "{why}");
            let why = ArchiveStore::open(&place.location, &aws).err().unwrap();
            assert!(why.starts_with("the folder for backups"), "{why}");
        }
    }

    #[test]
    fn only_our_own_names_are_recognised() {
        let name = archive_name(Time(1_711_454_400_000), false);
        assert_eq!(name, "besedka-20240326T120000Z.tar.zst");
        let encrypted = archive_name(Time(1_711_454_400_000), true);
        assert_eq!(encrypted, format!("{name}.age"));
        for name in [name, encrypted] {
            assert!(is_own_name(&name));
            assert_eq!(list_name(&name).as_deref(), Some("besedka-20240326T120000Z.files"));
        }
        assert!(is_list_name("besedka-20240326T120000Z.files") && !is_list_name("x.files"));
        for other in [
            "besedka.tar.zst",
            "besedka-20240326.tar.zst",
            "x-20240326T120000Z.tar.zst",
            "besedka-yyyymmddThhmmssZ.tar.zst",
        ] {
            assert!(!is_own_name(other), "{other}");
        }
    }
}
