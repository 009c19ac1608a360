//! Backups of the server: made when the operator asks, or on a schedule by the node that runs the jobs.

use std::time::Duration;

use serde_json::json;

use crate::backup::{self, Created, Options, Source};
use crate::boxed;
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::administration::measurements::Measurements;
use crate::messenger::foundation::settings::BackupSettings;
use crate::messenger::foundation::{Actor, Error, Result};
use crate::messenger::{Messenger, Operator};
use crate::model::{AuditAction, Backup, Time};
use crate::store::backups;

/// How long the records of backups are kept.
const RECORDS: Duration = Duration::from_secs(366 * 24 * 3_600);
/// How long after a failure a scheduled backup is tried again, at the latest.
const RETRY: Duration = Duration::from_secs(3_600);
/// The longest reason of a failure that is recorded, in characters.
const MAX_REASON: usize = 500;
/// How many backups are listed.
const LISTED: u64 = 100;

impl Messenger {
    /// Makes a backup if one is due. The server calls it again and again.
    #[boxed]
    pub async fn back_up_if_due(&self) {
        let Some(settings) = self.settings.backup.clone() else { return };
        let Some(every) = settings.every else { return };
        if !self.is_job_leader() {
            return;
        }
        // Before it is looked whether one is due: another call may be making it.
        let _one_at_a_time = self.backing_up.lock().await;
        match self.next_backup(every).await {
            Ok(next) if next > self.clock.now() => {}
            Ok(_) => {
                if let Err(error) = self.make_backup(&settings, true, Actor::System(None)).await {
                    tracing::error!(%error, "the scheduled backup failed");
                }
            }
            Err(error) => tracing::error!(%error, "could not find out when the last backup was made"),
        }
    }

    async fn next_backup(&self, every: Duration) -> Result<Time> {
        let mut read = self.db.read().await?;
        let after_last = backups::last(&mut read).await?.map_or(Time(0), |last| last.started_at + every);
        let retry = match backups::last_attempt(&mut read).await? {
            Some(attempt) if attempt.failure.is_some() => attempt.started_at + every.min(RETRY),
            _ => Time(0),
        };
        Ok(after_last.max(retry))
    }

    /// Makes a backup, verifies it if that is asked for, and records it.
    async fn make_backup(
        &self,
        settings: &BackupSettings,
        is_verified: bool,
        by: Actor,
    ) -> backup::Result<Created> {
        let started_at = self.clock.now();
        let source = Source {
            db: &self.db,
            files: &self.files,
            secret_file: &settings.secret_file,
            version: settings.version,
        };
        let options = Options {
            aws: &settings.aws,
            keep: settings.keep,
            recipients: &settings.recipients,
            verify_in: is_verified.then_some(&*settings.scratch),
        };
        let made = backup::create(&source, &settings.place, &options, started_at).await;
        let finished_at = self.clock.now();
        let record = Backup {
            started_at,
            finished_at,
            place: settings.place.to_string(),
            name: made.as_ref().map(|made| made.name.clone()).unwrap_or_default(),
            bytes: made.as_ref().map_or(0, |made| i64::try_from(made.whole_size()).unwrap_or(i64::MAX)),
            verified_at: (is_verified && made.is_ok()).then_some(finished_at),
            failure: made.as_ref().err().map(|error| error.to_string().chars().take(MAX_REASON).collect()),
        };
        if let Err(error) = self.record_backup(&record, by).await {
            tracing::error!(%error, "could not record the backup");
        }
        if let Ok(made) = &made {
            tracing::info!(place = %settings.place, name = made.name, bytes = made.bytes, "backed up");
            for key in made.damaged.iter().chain(&made.manifest.missing) {
                tracing::error!(key, "a file is missing or damaged in the storage, and so in the backup");
            }
        }
        made
    }

    async fn record_backup(&self, record: &Backup, by: Actor) -> Result<()> {
        let mut work = self.begin().await?;
        backups::delete_before(&mut work.tx, record.started_at - RECORDS).await?;
        backups::insert(&mut work.tx, record).await?;
        let details = json!({"place": record.place, "name": record.name, "failed": record.failure.is_some()});
        work.audit(by, AuditAction::BackupCreate, None, details).await?;
        work.commit().await
    }
}

impl Operator {
    /// Backs up the server, which may be running.
    #[boxed]
    pub async fn back_up(&self, settings: &BackupSettings, is_verified: bool) -> backup::Result<Created> {
        let _one_at_a_time = self.backing_up.lock().await;
        self.make_backup(settings, is_verified, Actor::Operator).await
    }
}

impl Administrator {
    /// What the server measures of itself.
    #[boxed]
    pub async fn measurements(&self) -> Result<Measurements> {
        self.messenger().measure().await
    }

    /// The last backups and attempts, the newest first.
    #[boxed]
    pub async fn backups(&self) -> Result<Vec<Backup>> {
        let mut read = self.messenger().db.read().await?;
        backups::list(&mut read, LISTED).await.map_err(Error::from)
    }
}
