//! `make bench`: how much the server does, how fast, and at what cost.
//!
//! The release binary is started on a free loopback port with a fresh data directory and its default
//! settings, but for `BESEDKA_RATE_LIMITS=off`; nothing else is talked to, every run is bounded in count
//! and time, and the server and its data are gone at the end, after an error or Ctrl-C too.
//!
//! How it is measured:
//!
//! - **The generator shares the machine with the server**, so it is one thread, writes its HTTP and
//!   WebSocket by hand, and parses next to nothing of what it counts (a sample is parsed in full). How
//!   much of a core it took is printed beside what the server took.
//! - **A send** counts when `POST /api/v1/messages`, with an idempotency key of its own, is answered 201,
//!   which the server does when the message is on disk. A sender has one connection and waits for each
//!   answer; another status ends the run.
//! - **A delivery** counts when a receiver on `/ws` has read the whole frame. Every receiver must hear
//!   every message once, each sender's in order, and all receivers in the same order; a receiver that the
//!   server closes, as too slow or for another reason, fails the section. The time of a delivery runs from
//!   before the post is written to the read that brought the frame, on one monotonic clock; the
//!   generator's own reading of a thousand sockets in turn is part of it.
//! - **Processor time** is user and system time of the server's process (`/proc/<pid>/stat`) during the
//!   measurement, after a second of warm-up, divided by what was acknowledged or delivered. It includes
//!   the sends that caused the deliveries.
//! - **Memory** is the resident set; what the kernel keeps for a socket is not in it.
//! - **A cold start** ends with the first 200 from `GET /health`; the files are in the page cache.
//! - **A small machine** is a control group with 256 MiB, the cache of files included, and one core (`taskset`); the
//!   generator has the others. Where no group can be made, only the core is limited, and the table says so.
//! - **Nodes** share MySQL or MariaDB, as it is when one sets nothing but to keep no binary log, on the same
//!   disk and the same cores, and NATS. Processor time is that of the nodes alone.
//! - **Percentiles** are of all measured times, nearest rank.

mod archive;
mod audience;
mod backup;
mod compare;
mod confined;
mod crowd;
mod delivery;
mod dialects;
mod ear;
mod effort;
mod fanout;
mod groups;
mod http;
mod lists;
mod machine;
mod memory;
mod nodes;
mod options;
mod post;
mod questions;
mod reads;
mod report;
mod search;
mod sends;
mod server;
mod shared;
mod small;
mod socket;
mod start;
mod storm;
mod times;
mod upload;
mod words;

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::{Builder, LocalOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::archive::Archive;
use crate::compare::compare;
use crate::crowd::Crowd;
use crate::lists::Lists;
use crate::options::{HELP, Options};
use crate::reads::Reads;
use crate::report::Table;
use crate::search::Searches;
use crate::server::Server;
use crate::start::Starts;

type Error = Box<dyn std::error::Error>;
type Result<T, E = Error> = std::result::Result<T, E>;

/// A run and its temporary folder.
struct Bench {
    options: Rc<Options>,
    folder: TempDir,
    binary: PathBuf,
    time: Duration,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every section came through.
fn run() -> Result<bool> {
    let options = Options::parse(std::env::args().skip(1))?;
    if options.help || !options.bench {
        writeln!(stdout(), "{HELP}")?;
        return Ok(true);
    }
    allow_many_files()?;
    std::fs::create_dir_all(&options.folder)?;
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            result = measure(options) => result,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
            _ = terminated.recv() => Err("terminated".into()),
        }
    })
}

/// Ten thousand sockets need as many files, here and in the server, which inherits this.
fn allow_many_files() -> Result<()> {
    const FILES: u64 = 12_000;
    let now = getrlimit(Resource::Nofile);
    if now.current.is_some_and(|current| current < FILES) {
        let current = now.maximum.map_or(FILES, |most| most.min(FILES));
        let maximum = now.maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum })?;
    }
    Ok(())
}

/// Measures the binary, or two in turn; whether every section came through.
async fn measure(options: Options) -> Result<bool> {
    let options = Rc::new(options);
    let Some(versus) = &options.versus else {
        let report = Bench::new(&options, &options.binary)?.run().await;
        report.print(options.json)?;
        return Ok(report.failures.is_empty());
    };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut all = Report::default();
    for round in 0..options.rounds {
        eprintln!("round {} of {} …", round + 1, options.rounds);
        let mut both = [(versus, &mut before), (&options.binary, &mut after)];
        // What warms the machine up must not always warm it up for the same one.
        if !round.is_multiple_of(2) {
            both.reverse();
        }
        for (binary, runs) in both {
            let report = Bench::new(&options, binary)?.run().await;
            all.failures.extend(report.failures);
            runs.push(report.tables);
        }
    }
    all.tables = compare(&before, &after);
    all.print(options.json)?;
    Ok(all.failures.is_empty())
}

impl Bench {
    fn new(options: &Rc<Options>, binary: &Path) -> Result<Self> {
        Ok(Self {
            folder: TempDir::with_prefix_in("bench-", &options.folder)?,
            binary: binary.to_owned(),
            time: options.time,
            options: Rc::clone(options),
        })
    }

    async fn run(&self) -> Report {
        let mut report = Report::default();
        report.add("machine", machine::describe(&self.binary, self.folder.path()));
        let mut crowd = Crowd::new(self.folder.path().join("crowd"));
        if self.options.wants("sends") {
            report.add("sends", sends::measure(self, &mut crowd).await);
        }
        if self.options.wants("storm") {
            match storm::measure(self, &mut crowd).await {
                Ok(tables) => tables.into_iter().for_each(|table| report.add("storm", Ok(table))),
                Err(why) => report.add("storm", Err(why)),
            }
        }
        if self.options.wants("questions") {
            report.add("questions", questions::measure(self, &mut crowd).await);
        }
        if self.options.wants("dialects") {
            report.add("dialects", dialects::measure(self, &mut crowd).await);
        }
        if self.options.wants("delivery") {
            report.add("delivery", delivery::measure(self, &mut crowd).await);
        }
        if self.options.wants("fanout") {
            report.add("fanout", fanout::measure(self, &mut crowd).await);
        }
        if self.options.wants("groups") {
            report.add("groups", groups::measure(self, &mut crowd).await);
        }
        if self.options.wants("memory") {
            report.add("memory", memory::measure(self, &mut crowd).await);
        }
        if self.options.wants("small") {
            report.add("small", small::measure(self, &mut crowd).await);
        }
        if self.options.wants("nodes") {
            match nodes::measure(self).await {
                Ok(tables) => tables.into_iter().for_each(|table| report.add("nodes", Ok(table))),
                Err(why) => report.add("nodes", Err(why)),
            }
        }
        if ["reads", "lists", "search", "start", "backup"].iter().any(|section| self.options.wants(section)) {
            match self.archives().await {
                Ok(tables) => tables.into_iter().for_each(|table| report.add("reads", Ok(table))),
                Err(why) => report.add("reads, lists, search, start, backup", Err(why)),
            }
        }
        report
    }

    /// The sections that need a database of many messages.
    async fn archives(&self) -> Result<Vec<Table>> {
        let sizes = self.pick([100_000, 1_000_000], [10_000, 50_000]);
        let (mut reads, mut lists) = (Reads::new(), Lists::new());
        let (mut searches, mut starts) = (Searches::new(), Starts::new());
        let mut archive = Archive::new(self, self.folder.path().join("archive"), sizes[0] / 100).await?;
        for size in sizes {
            let server = self.start(&archive.data).await?;
            archive.grow(&server, size).await?;
            if self.options.wants("reads") {
                reads.measure(self, &server, &archive).await?;
            }
            if self.options.wants("lists") {
                lists.measure(self, &server, &archive).await?;
            }
            if self.options.wants("search") {
                searches.measure(self, &server, &archive).await?;
            }
            server.stop()?;
            if self.options.wants("lists") {
                lists.weigh(&archive)?;
            }
            if self.options.wants("start") {
                starts.measure(self, &archive).await?;
            }
        }
        let backups = match self.options.wants("backup") {
            true => Some(backup::measure(self, &mut archive).await?),
            false => None,
        };
        let ([list, size], [search, delay]) = (lists.tables(), searches.tables());
        let all = [
            ("reads", reads.table()),
            ("lists", list),
            ("lists", size),
            ("search", search),
            ("search", delay),
            ("start", starts.table()),
        ];
        let wanted = all.into_iter().filter(|(name, _)| self.options.wants(name)).map(|(_, table)| table);
        Ok(wanted.chain(backups.into_iter().flatten()).collect())
    }

    async fn start(&self, data: &Path) -> Result<Server> {
        Server::start(&self.binary, data, &[]).await
    }

    /// The full measure, or the quick one.
    fn pick<T>(&self, full: T, quick: T) -> T {
        if self.options.quick { quick } else { full }
    }
}

#[derive(Default)]
struct Report {
    tables: Vec<Table>,
    failures: Vec<String>,
}

impl Report {
    fn add(&mut self, section: &str, table: Result<Table>) {
        match table {
            Ok(table) => self.tables.push(table),
            Err(why) => {
                eprintln!("{section} failed: {why}");
                self.failures.push(format!("{section}: {why}"));
            }
        }
    }

    fn print(&self, as_json: bool) -> Result<()> {
        let mut out = stdout();
        if as_json {
            let tables: Vec<_> = self.tables.iter().map(Table::json).collect();
            writeln!(out, "{:#}", json!({"tables": tables, "failures": self.failures}))?;
            return Ok(());
        }
        for table in &self.tables {
            writeln!(out, "{table}")?;
        }
        for failure in &self.failures {
            writeln!(out, "**Failed**: {failure}\n")?;
        }
        Ok(())
    }
}
