//! `besedka files`: copying uploaded files to another storage.

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Failure, open};
use crate::config::Data;
use besedka_core::files::{AwsEnv, Migration, StorageLocation};
use besedka_core::messenger::{Operator, Progress};

#[derive(Args)]
pub(super) struct Files {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Copy all files to another storage and verify each copy. The server can stay in use if it runs with the new
    /// storage as --storage-url and the old one as --storage-fallback-url. The command can be interrupted and
    /// started again. Nothing is deleted from the old storage.
    Move {
        #[command(flatten)]
        data: Data,
        /// The old storage: file:FOLDER or s3://BUCKET?endpoint=URL&region=REGION.
        #[arg(long, value_name = "URL")]
        from: StorageLocation,
        /// The new storage, in the same form.
        #[arg(long, value_name = "URL")]
        to: StorageLocation,
    },
}

impl Files {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Action::Move { data, from, to } = self.action;
        // Before the storages, which create their folders.
        let operator = open(&data).await?;
        let moved = copy(&operator, &from, &to, &data.aws).await;
        operator.close().await;
        let report = moved?;
        let Progress { copied, copied_bytes, already, missing, damaged, .. } = report;
        let mut out = std::io::stdout();
        writeln!(out, "copied\t{copied} files, {copied_bytes} bytes, each verified")?;
        writeln!(out, "already there\t{already}\nmissing\t{missing}\ndamaged\t{damaged}")?;
        if missing + damaged > 0 {
            return Err("some files could not be copied; the log lists them".into());
        }
        writeln!(
            out,
            "All files are at {to}. Those at {from} were kept: delete them when nothing reads them any more."
        )?;
        Ok(())
    }
}

async fn copy(
    operator: &Operator,
    from: &StorageLocation,
    to: &StorageLocation,
    aws: &AwsEnv,
) -> Result<Progress, Failure> {
    let migration = Migration::between(from, to, aws)?;
    migration.probe().await?;
    Ok(operator.migrate_files(&migration, print_progress).await?)
}

fn print_progress(progress: &Progress) {
    let Progress { seen, all, copied_bytes, .. } = progress;
    // A closed stderr is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{seen} of {all} files, {copied_bytes} bytes copied");
}
