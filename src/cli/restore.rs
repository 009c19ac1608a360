//! `besedka restore`: restores a backup, or checks one.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::config::Data;
use besedka_core::backup::{self, Access, BackupPlace, Identities, Manifest, Target};
use besedka_core::messenger::Clock;

#[derive(Args)]
pub(super) struct Restore {
    /// The archive: a file, or s3://BUCKET/FOLDER/NAME.tar.zst?endpoint=URL&region=REGION.
    #[arg(value_name = "ARCHIVE", value_parser = BackupPlace::of_archive)]
    archive: BackupPlace,

    /// Only check the archive: restore its database to a temporary file, compare, and delete it again.
    #[arg(long)]
    verify: bool,

    /// A file with the secret key of an encrypted backup, as age-keygen writes it. May be given several times.
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,

    #[command(flatten)]
    data: Data,
}

impl Restore {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Self { archive, verify, identity, data } = self;
        let identities = Identities::of_files(&identity)?;
        let access = Access::new(&data.aws, &identities);
        let mut out = std::io::stdout();
        if verify {
            let is_there = data.data_dir.is_dir();
            let folder = if is_there { data.data_dir.clone() } else { std::env::temp_dir() };
            let manifest = backup::verify(&archive, &access, &folder).await?;
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
            access,
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
