//! `besedka backup`: backs up the whole server while it runs.

use std::io::Write;

use clap::Args;

use super::{Failure, open};
use crate::config::Data;
use besedka_core::backup::{BackupPlace, Recipients};

#[derive(Args)]
pub(super) struct BackupCommand {
    /// A folder, a file that ends in .tar.zst, or a bucket, s3://BUCKET/FOLDER/?endpoint=URL&region=REGION, with
    /// credentials in the usual AWS_* variables. A file contains everything; in a folder or a bucket uploaded files are
    /// beside the archives, and are copied once. By default, the folder `backups` in the data folder: copy it to another
    /// machine.
    #[arg(value_name = "TARGET", env = "BESEDKA_BACKUP_TO")]
    to: Option<BackupPlace>,

    /// Delete all but this number of backups in the folder; 0 keeps all.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    keep: u32,

    /// Read the backup again afterwards, restore its database to a temporary file, and compare. One that fails is deleted,
    /// and no older one is.
    #[arg(long)]
    verify: bool,

    /// Encrypt the backup for the owner of a public key of `age`, age1…, or for those in a file with one in each line.
    /// May be given several times. `age --decrypt` opens it, and `besedka restore --identity FILE`.
    #[arg(long, env = "BESEDKA_BACKUP_ENCRYPT_TO", value_name = "KEY", value_delimiter = ',')]
    encrypt_to: Vec<Recipients>,

    #[command(flatten)]
    data: Data,
}

impl BackupCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Self { to, keep, verify, encrypt_to, mut data } = self;
        // Backing up changes nothing.
        data.migrate = crate::config::Switch::Off;
        let settings = data.backup(to, keep, &encrypt_to);
        let operator = open(&data).await?;
        let made = operator.back_up(&settings, verify).await;
        operator.close().await;
        let made = made?;
        let mut out = std::io::stdout();
        let (files, bytes) = (made.manifest.files, made.bytes);
        let verified = if verify { "; restored to a temporary file and compared" } else { "" };
        writeln!(out, "{}", made.place)?;
        match made.manifest.beside.is_empty() {
            true => {
                writeln!(out, "{bytes} bytes with {} files of {} bytes{verified}", files.count, files.bytes)?;
            }
            false => writeln!(
                out,
                "{bytes} bytes and {} attachment files of {} bytes, of which {} of {} bytes are new{verified}",
                files.count, files.bytes, made.copied.count, made.copied.bytes
            )?,
        }
        for name in &made.deleted {
            writeln!(out, "deleted {name}")?;
        }
        match settings.recipients.is_empty() {
            true => writeln!(
                out,
                "It contains the server's secret and all messages: keep it where only you can read it."
            )?,
            false => writeln!(out, "It is encrypted: without the secret key nobody can restore it.")?,
        }
        let lacking = made.damaged.len() + made.manifest.missing.len();
        if lacking > 0 {
            return Err(
                format!("{lacking} files are missing or damaged in the storage; the log lists them").into()
            );
        }
        Ok(())
    }
}
