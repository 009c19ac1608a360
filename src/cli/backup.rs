//! `besedka backup`: backs up the whole server while it runs.

use std::io::Write;
use std::path::Path;

use clap::Args;

use super::{Failure, open};
use crate::config::Data;
use besedka_core::backup::BackupPlace;

#[derive(Args)]
pub(super) struct BackupCommand {
    /// A folder, a file that ends in .tar.zst, or a bucket, s3://BUCKET/FOLDER/?endpoint=URL&region=REGION, with
    /// credentials in the usual AWS_* variables. By default, the folder `backups` in the data folder: copy the archive
    /// to another machine.
    #[arg(value_name = "TARGET", env = "BESEDKA_BACKUP_TO")]
    to: Option<BackupPlace>,

    /// Delete all but this number of backups in the folder; 0 keeps all.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    keep: u32,

    /// Read the backup again afterwards, restore its database beside, and compare.
    #[arg(long)]
    verify: bool,

    #[command(flatten)]
    data: Data,
}

impl BackupCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Self { to, keep, verify, mut data } = self;
        // Backing up must neither create a server nor change one.
        data.migrate = crate::config::Switch::Off;
        if let Some(file) = data.database_url()?.strip_prefix("sqlite:")
            && !Path::new(file).exists()
        {
            return Err(format!("there is no server to back up: the database {file} does not exist").into());
        }
        if !data.secret().exists() {
            return Err(format!("the server's secret {} does not exist", data.secret().display()).into());
        }
        let settings = data.backup(to, keep);
        let operator = open(&data).await?;
        let made = operator.back_up(&settings, verify).await;
        operator.close().await;
        let made = made?;
        let mut out = std::io::stdout();
        let (files, bytes) = (made.manifest.files, made.bytes);
        writeln!(out, "{}", made.place)?;
        writeln!(
            out,
            "{bytes} bytes with {} files of {} bytes{}",
            files.count,
            files.bytes,
            if verify { "; restored beside and compared" } else { "" }
        )?;
        for name in &made.deleted {
            writeln!(out, "deleted {name}")?;
        }
        writeln!(
            out,
            "It contains the server's secret and all messages: keep it where only you can read it."
        )?;
        let lacking = made.damaged.len() + made.manifest.missing.len();
        if lacking > 0 {
            return Err(
                format!("{lacking} files are missing or damaged in the storage; the log lists them").into()
            );
        }
        Ok(())
    }
}
