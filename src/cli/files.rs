//! `besedka files`: moving them from one place to another.

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Failure, open};
use crate::config::Data;
use besedka_core::files::{Moving, Place};
use besedka_core::messenger::Progress;

#[derive(Args)]
pub(super) struct Files {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Copy all files to another place, and check each there. A running server reads the old place meanwhile, when it
    /// has the new one as --storage-url and the old one as --storage-fallback-url. It may be interrupted, and begun
    /// again. Nothing is taken away at the old place.
    Move {
        #[command(flatten)]
        data: Data,
        /// Where they are: file:FOLDER or s3://BUCKET?endpoint=URL&region=REGION.
        #[arg(long, value_name = "URL")]
        from: Place,
        /// Where they are to be.
        #[arg(long, value_name = "URL")]
        to: Place,
    },
}

impl Files {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Action::Move { data, from, to } = self.action;
        let moving = Moving::between(&from, &to, &data.aws)?;
        moving.probe().await?;
        let messenger = open(&data).await?;
        let moved = messenger.move_files(&moving, tell).await;
        messenger.close().await;
        let report = moved?;
        let Progress { copied, copied_bytes, already, missing, damaged, .. } = report;
        let mut out = std::io::stdout();
        writeln!(out, "copied\t{copied} files, {copied_bytes} bytes, each read again and compared")?;
        writeln!(out, "there already\t{already}\nmissing\t{missing}\ndamaged\t{damaged}")?;
        if missing + damaged > 0 {
            return Err("some files did not arrive; the log names them".into());
        }
        writeln!(
            out,
            "All files are at {to}. Those at {from} are still there: delete them when nothing reads them any more."
        )?;
        Ok(())
    }
}

fn tell(progress: &Progress) {
    let Progress { seen, all, copied_bytes, .. } = progress;
    // Whoever does not want to hear it closes it.
    let _ = writeln!(std::io::stderr(), "{seen} of {all} files, {copied_bytes} bytes copied");
}
