//! `besedka audit`: the audit log.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::{Failure, open};
use crate::config::Data;
use besedka_api::v1::AuditFormat;
use besedka_core::messenger::Operator;
use besedka_core::model::{AuditAction, AuditEntry, AuditFilter, Time};

#[derive(Args)]
pub(super) struct Audit {
    #[command(flatten)]
    data: Data,
    /// Only this action, for example account.deactivate.
    #[arg(long, value_parser = action)]
    action: Option<AuditAction>,
    /// Only what this user did, and what was done to their account: a username, an e-mail address or an id.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Not before this time, for example 2026-01-31 or 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Time>,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
    /// How many of the newest entries to print.
    #[arg(long, default_value_t = 50, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Export all entries that match instead, the oldest first. The export itself is recorded.
    #[arg(long, value_name = "FORMAT", conflicts_with = "limit")]
    export: Option<Format>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

impl Audit {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let operator = open(&self.data).await?;
        let done = self.print(&operator).await;
        operator.close().await;
        match done {
            // Whoever reads it has seen enough.
            Err(error) if is_broken_pipe(&error) => Ok(()),
            done => done,
        }
    }

    async fn print(self, operator: &Operator) -> Result<(), Failure> {
        let Self { action, user, since, until, limit, export, .. } = self;
        let person = match user {
            Some(name) => Some(operator.user_called(&name).await?),
            None => None,
        };
        let filter = AuditFilter { action, person, since, until };
        let mut out = std::io::BufWriter::new(std::io::stdout());
        let Some(format) = export else {
            writeln!(out, "at\taction\tby\ttarget\tfrom\tdetails")?;
            for entry in operator.audit_log(&filter, None, limit.into()).await? {
                writeln!(out, "{}", line(entry))?;
            }
            return Ok(out.flush()?);
        };
        let format = match format {
            Format::Jsonl => AuditFormat::Jsonl,
            Format::Csv => AuditFormat::Csv,
        };
        write!(out, "{}", format.header())?;
        let mut entries = operator.export_audit_log(filter).await?;
        loop {
            let page = entries.next().await?;
            if page.is_empty() {
                return Ok(out.flush()?);
            }
            for entry in page {
                write!(out, "{}", format.line(entry))?;
            }
        }
    }
}

/// One entry on a line, separated by tabs.
fn line(entry: AuditEntry) -> String {
    let AuditEntry { at, action, actor_kind, actor, actor_name, target, address, details, .. } = entry;
    let named = |kind: String, id: Option<i64>, name: Option<String>| match (id, name) {
        (Some(id), Some(name)) => format!("{kind} {name} ({id})"),
        (Some(id), None) => format!("{kind} {id}"),
        (None, _) => kind,
    };
    let by = named(actor_kind, actor.map(|actor| actor.0), actor_name);
    let target =
        target.map_or_else(|| "-".to_owned(), |target| named(target.kind, Some(target.id), target.name));
    let from = address.unwrap_or_else(|| "-".to_owned());
    let details = serde_json::Value::Object(details);
    format!("{}\t{action}\t{by}\t{target}\t{from}\t{details}", at.iso())
}

fn is_broken_pipe(error: &Failure) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn action(text: &str) -> Result<AuditAction, String> {
    AuditAction::by_name(text).ok_or_else(|| {
        let names: Vec<_> = AuditAction::ALL.iter().map(|action| action.name()).collect();
        format!("it must be one of {}", names.join(", "))
    })
}

fn time(text: &str) -> Result<Time, String> {
    let midnight = || Time::read(&format!("{text}T00:00:00"));
    Time::read(text).or_else(midnight).ok_or_else(|| "it must be a date or a time, ISO 8601".to_owned())
}
