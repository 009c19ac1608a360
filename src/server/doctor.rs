//! What the program knows of a server that is examined.

use std::path::PathBuf;
use std::sync::Arc;

use rustix::process::{Resource, getrlimit};

use super::tls;
use crate::config::Config;
use besedka_api::v1::Examination;
use besedka_core::files::StorageLocation;
use besedka_core::messenger::{BackupSettings, Examined, Finding, Settings, examine_migrations};

/// The settings of a server and what is found of its database and certificate, or a finding after which nothing else can
/// be examined.
pub(crate) async fn examined(config: &Config, settings: &Settings) -> Result<Examined, Finding> {
    let url = config.data.database_url().map_err(|reason| Finding::error("settings", reason))?;
    let migrations = examine_migrations(&url).await?;
    let backup_place = examine_backup_place(config, &url).await;
    Ok(Examined {
        before: std::iter::once(migrations).chain(backup_place).collect(),
        public_url: config.public_url.clone(),
        listen: config.listen.clone(),
        has_trusted_proxies: !config.trusted_proxies.is_empty(),
        upload_limit: config.upload_limit,
        registration: settings.registration,
        has_tls: config.tls.is_on(),
        certificate: tls::examine(config, config.clock.now()),
        push: settings.push.clone(),
        mail: settings.senders.mail.clone(),
        assistant: settings.assistant.clone(),
        bus: settings.bus.clone(),
        backup_every: config.operation.backup_every,
        max_fds: getrlimit(Resource::Nofile).current,
        folders: folders(config),
    })
}

/// The local folders that grow, besides that of the database, each with the name of the check of its disk.
fn folders(config: &Config) -> Vec<(&'static str, PathBuf)> {
    let files = match config.data.storage() {
        StorageLocation::Folder(folder) => Some(("storage-disk", folder)),
        StorageLocation::Bucket(_) => None,
    };
    let backup = config.backup();
    let backups = backup.every.and_then(|_| backup.place.path()).map(|folder| ("backup-disk", folder));
    files.into_iter().chain(backups).collect()
}

/// Whether scheduled backups, if there are any, can be stored where the settings say.
async fn examine_backup_place(config: &Config, database_url: &str) -> Option<Finding> {
    let check = "backup-to";
    let backup = config.backup();
    backup.every?;
    if let Some(trouble) = backup_trouble(&backup).await {
        return Some(Finding::error(check, trouble));
    }
    let is_chosen = config.operation.backup_to.is_some();
    Some(match is_chosen || database_url.starts_with("sqlite:") {
        true => Finding::ok(check, format!("backups can be stored in {}", backup.place)),
        false => Finding::warning(
            check,
            "scheduled backups are stored in the data folder of whichever node makes them, if several nodes use this \
             database: name a folder that all share, or a bucket, with --backup-to",
        ),
    })
}

/// Why scheduled backups can't be stored where the settings say, as a sentence; `None` if they can, or there are none.
pub(super) async fn backup_trouble(backup: &BackupSettings) -> Option<String> {
    backup.every?;
    let why = backup.place.check(&backup.aws).await.err()?;
    Some(format!("scheduled backups can't be stored in {}: {why}; see --backup-to", backup.place))
}

/// How the running server is examined for its administrators.
pub(super) fn examination(config: &Config) -> Examination {
    let config = Arc::new(config.clone());
    Examination::new(move || {
        let config = config.clone();
        Box::pin(async move {
            let settings = config.settings().map_err(|reason| Finding::error("settings", reason))?;
            examined(&config, &settings).await
        })
    })
}
