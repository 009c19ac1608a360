//! `besedka migrate`: database migrations, and copying all data to another database.

use std::io::Write;

use clap::{Args, Subcommand};

use super::Failure;
use crate::config::{Data, database_url};
use crate::server::DatabaseLock;
use besedka_core::files::disk_space;
use besedka_core::messenger::Clock;
use besedka_core::store::{
    Db, MigrationTrial, PendingMigration, PlannedCopy, Tables, TrialOutcome, database_copy,
};

/// The number of rows after which progress is printed.
const PROGRESS_ROWS: u64 = 50_000;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Migrate {
    #[command(subcommand)]
    action: Option<Action>,
    /// Copy all data from this database: sqlite:FILE or mysql://USER:PASSWORD@HOST/NAME. Stop the server first. If
    /// the copy is interrupted, run the same command again: it continues where it stopped.
    #[arg(long, value_name = "URL", value_parser = database_url, requires = "to")]
    from: Option<String>,
    /// Copy all data to this database, which must be empty.
    #[arg(long, value_name = "URL", value_parser = database_url, requires = "from")]
    to: Option<String>,
}

#[derive(Subcommand)]
enum Action {
    /// Show which migrations have been applied.
    Status(Data),
    /// Apply all pending migrations. SQLite is copied first; back up MySQL yourself.
    Up {
        #[command(flatten)]
        data: Data,
        /// Say what would be done and try it on a temporary copy of SQLite, and change nothing. MySQL's migrations are
        /// only listed. The exit code is 1 if they would fail.
        #[arg(long)]
        dry_run: bool,
    },
    /// Undo the last migration, to go back to an older Besedka. Data in the removed tables is lost; SQLite is copied
    /// first.
    Down {
        #[command(flatten)]
        data: Data,
        /// Undo all migrations after this one, instead of only the last.
        #[arg(long, value_name = "NUMBER")]
        to: Option<i64>,
        /// Confirm that there is a backup of the database, or that the data in the removed tables may be lost.
        #[arg(long)]
        lose_data: bool,
    },
}

impl Migrate {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Some(Action::Status(data)) => status(&data.database_url()?).await,
            Some(Action::Up { data, dry_run: true }) => try_up(&data.database_url()?).await,
            Some(Action::Up { data, dry_run: false }) => {
                let url = data.database_url()?;
                let now = Clock::default().now();
                Db::open_recording(&url, data.database_connections, "operator", now).await?.close().await;
                status(&url).await
            }
            Some(Action::Down { data, to, lose_data }) => down(&data.database_url()?, to, lose_data).await,
            None => match (self.from, self.to) {
                (Some(from), Some(to)) => copy(&from, &to).await,
                _ => Err("both --from and --to are needed".into()),
            },
        }
    }
}

async fn status(url: &str) -> Result<(), Failure> {
    let status = Db::migration_status(url).await?;
    let mut out = std::io::stdout();
    for (number, name, is_applied) in &status.known {
        let state = if *is_applied { "applied" } else { "missing" };
        writeln!(out, "{number:04}  {state}  {name}")?;
    }
    for (number, name) in &status.unknown {
        writeln!(out, "{number:04}  applied  {name} (from a newer Besedka)")?;
    }
    Ok(())
}

/// Says what applying the migrations would do.
async fn try_up(url: &str) -> Result<(), Failure> {
    let MigrationTrial { pending, copy, outcome } =
        Db::try_migrations(url, |file| Some(disk_space(file)?.0)).await?;
    let mut out = std::io::stdout();
    for PendingMigration { number, name, is_final } in &pending {
        let note = if *is_final { " (older versions of Besedka do not work after it)" } else { "" };
        writeln!(out, "{number:04}  would be applied  {name}{note}")?;
    }
    if pending.iter().any(|migration| migration.is_final) {
        writeln!(out, "`besedka migrate down` can't bring back what is removed; the copy from before can")?;
    }
    if let Some(PlannedCopy { path, bytes, free }) = copy {
        let free = free.map_or_else(|| "unknown".to_owned(), |free| format!("{free} bytes"));
        writeln!(out, "the database would be copied first, to {}", path.display())?;
        writeln!(out, "size of the copy: about {bytes} bytes; free on its disk: {free}")?;
    }
    match outcome {
        TrialOutcome::UpToDate => writeln!(out, "all migrations have been applied; there is nothing to do")?,
        TrialOutcome::New => {
            writeln!(out, "there is no database yet; it would be created with these tables")?;
        }
        TrialOutcome::Succeeded(taken) => {
            let seconds = taken.as_secs_f64();
            writeln!(out, "tried on a temporary copy: all of them succeed, in {seconds:.1} s")?;
        }
        TrialOutcome::Failed(error) => {
            return Err(format!("tried on a temporary copy: {error}. Nothing was changed").into());
        }
        TrialOutcome::NoRoom => return Err("the disk has no room for the copy. Nothing was changed".into()),
        TrialOutcome::NoRoomToTry => {
            writeln!(out, "not tried: the disk has no room for a temporary copy and what is written to it")?;
        }
        TrialOutcome::NotPossible => writeln!(
            out,
            "not tried: MySQL is not copied and can't take back changes of tables, so the migrations are only listed; \
             back it up first (mysqldump --single-transaction)"
        )?,
    }
    Ok(writeln!(out, "nothing was changed")?)
}

async fn down(url: &str, to: Option<i64>, lose_data: bool) -> Result<(), Failure> {
    let status = Db::migration_status(url).await?;
    if !status.unknown.is_empty() {
        return Err("some migrations are from a newer Besedka, and only that version can undo them".into());
    }
    let newest = status.last().ok_or("there is nothing to undo")?;
    let last = to.unwrap_or(newest - 1);
    if !(0..newest).contains(&last) {
        return Err(format!("the last migration is {newest:04}; --to must be a smaller number").into());
    }
    if url.starts_with("mysql:") && !lose_data {
        return Err("the data in the removed tables will be lost, and MySQL is not backed up: do so first \
                    (mysqldump --single-transaction), then add --lose-data"
            .into());
    }
    let _lock = DatabaseLock::acquire(url)?;
    let copy = Db::revert(url, last, Clock::default().now()).await?;
    // Numbers are left out.
    let last = Db::migration_status(url).await?.last().unwrap_or_default();
    let mut out = std::io::stdout();
    writeln!(out, "the last migration is now {last:04}")?;
    if let Some(copy) = copy {
        writeln!(out, "a copy of the database as it was before: {}", copy.display())?;
    }
    Ok(())
}

async fn copy(from: &str, to: &str) -> Result<(), Failure> {
    let (mut out, mut reported) = (std::io::stdout(), 0);
    let _locks = [DatabaseLock::acquire(from)?, DatabaseLock::acquire(to)?];
    let source = Db::open_with(from, 2, Tables::Leave).await.map_err(|error| format!("--from: {error}"))?;
    let target = Db::open(to, 2).await.map_err(|error| format!("--to: {error}"))?;
    let progress = |table: &str, rows: u64| {
        reported = if rows < reported { 0 } else { reported };
        if rows >= reported + PROGRESS_ROWS {
            reported = rows;
            let _ = writeln!(std::io::stderr(), "{table}: {rows} rows");
        }
    };
    let moved = database_copy::copy(&source, &target, Clock::default().now(), progress).await;
    source.close().await;
    target.close().await;
    let mut different = Vec::new();
    writeln!(out, "{:<20} {:>12} {:>12} {:>12}  checksum", "table", "copied", "already", "rows")?;
    for table in moved? {
        let (name, rows) = (&table.table, table.to.rows);
        let (copied, already) = (table.copied, table.already);
        writeln!(out, "{name:<20} {copied:>12} {already:>12} {rows:>12}  {}", table.to.checksum())?;
        if table.from != table.to {
            writeln!(
                out,
                "{name:<20} differs: {} rows in --from, {}",
                table.from.rows,
                table.from.checksum()
            )?;
            different.push(table.table);
        }
    }
    match different.is_empty() {
        true => Ok(writeln!(out, "All tables were copied and are identical.")?),
        false => {
            let names = different.join(", ");
            Err(format!(
                "{names}: the two databases differ. Was a server running? Start again with an empty database."
            )
            .into())
        }
    }
}
