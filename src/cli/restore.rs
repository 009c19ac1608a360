//! `besedka restore`: restores a backup, or checks one.

use std::io::Write;

use clap::Args;

use super::Failure;
use crate::config::Data;
use besedka_core::backup::{self, BackupPlace, Manifest, Target};
use besedka_core::messenger::Clock;

#[derive(Args)]
pub(super) struct Restore {
    /// The archive: a file, or s3://BUCKET/FOLDER/NAME.tar.zst?endpoint=URL&region=REGION.
    #[arg(value_name = "ARCHIVE", value_parser = BackupPlace::of_archive)]
    archive: BackupPlace,

    /// Only check the archive: restore its database beside, compare, and delete it again.
    #[arg(long)]
    verify: bool,

    #[command(flatten)]
    data: Data,
}

impl Restore {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Self { archive, verify, data } = self;
        let mut out = std::io::stdout();
        if verify {
            let is_there = data.data_dir.is_dir();
            let folder = if is_there { data.data_dir.clone() } else { std::env::temp_dir() };
            let manifest = backup::verify(&archive, &data.aws, &folder).await?;
            describe(&mut out, &manifest)?;
            return Ok(writeln!(out, "The archive is complete and can be restored.")?);
        }
        let (url, storage, secret) = (data.database_url()?, data.storage(), data.secret());
        let target = Target {
            data_dir: &data.data_dir,
            database_url: &url,
            database_connections: data.database_connections,
            storage: &storage,
            secret_file: &secret,
            aws: &data.aws,
        };
        let manifest = backup::restore(&archive, &target, Clock::default().now()).await?;
        describe(&mut out, &manifest)?;
        writeln!(out, "Restored. Start the server with the same settings; clients load their chats anew.")?;
        Ok(())
    }
}

fn describe(out: &mut impl Write, manifest: &Manifest) -> std::io::Result<()> {
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    let (header, files) = (&manifest.header, manifest.files);
    writeln!(
        out,
        "A backup by Besedka {} of {} ({}): {rows} rows in {} tables, {} files of {} bytes.",
        header.version,
        header.created_at,
        header.engine,
        manifest.tables.len(),
        files.count,
        files.bytes
    )
}
