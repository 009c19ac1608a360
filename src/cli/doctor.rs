//! `besedka doctor`: what is wrong with the server, and what to change.

use std::io::Write;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Failure, open};
use crate::config::{Config, Switch};
use besedka_core::messenger::{Examined, Finding, PushSettings, RegistrationPolicy, Severity};
use besedka_core::store::Db;

#[derive(Args)]
pub(super) struct Doctor {
    /// Write JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    config: Box<Config>,
}

impl Doctor {
    /// Returns the exit code: 0 if all is well, 1 with warnings, 2 with errors.
    pub(super) async fn run(self) -> Result<u8, Failure> {
        let Self { json, mut config } = self;
        // Nothing is changed.
        config.data.migrate = Switch::Off;
        let findings = examine(&config).await;
        let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok);
        let mut out = std::io::stdout();
        if json {
            let all: Vec<_> = findings.iter().map(in_json).collect();
            writeln!(out, "{:#}", json!({"status": worst.name(), "findings": all}))?;
        } else {
            for Finding { check, severity, summary, advice } in &findings {
                writeln!(out, "{:<8} {check}: {summary}", severity.name())?;
                for advice in advice {
                    writeln!(out, "         {}:", advice.program)?;
                    for line in advice.lines.lines() {
                        writeln!(out, "             {line}")?;
                    }
                }
            }
        }
        Ok(match worst {
            Severity::Ok => 0,
            Severity::Warning => 1,
            Severity::Error => 2,
        })
    }
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let settings = config.check().and_then(|()| config.settings());
    let settings = match settings {
        Ok(settings) => settings,
        Err(reason) => return vec![Finding::error("settings", reason)],
    };
    match migrations(config).await {
        Ok(finding) => findings.push(finding),
        Err(finding) => return vec![finding],
    }
    let operator = match open(&config.data).await {
        Ok(operator) => operator,
        Err(error) => {
            findings.push(Finding::error("database", error.to_string()));
            return findings;
        }
    };
    let registration = match settings.registration {
        Some(policy) => Ok(policy),
        None => operator.registration().await,
    };
    let examined = Examined {
        public_url: config.public_url.clone(),
        listen: config.listen.clone(),
        has_trusted_proxies: !config.trusted_proxies.is_empty(),
        upload_limit: config.upload_limit,
        is_registration_open: registration.is_ok_and(|policy| policy == RegistrationPolicy::Open),
        has_tls: config.tls.is_on(),
        mail: settings.senders.mail.clone(),
        assistant: settings.assistant.clone(),
        bus: settings.bus.clone(),
        backup_every: config.operation.backup_every,
        max_fds: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
    };
    findings.extend(operator.examine(&examined).await);
    operator.close().await;
    findings.extend(crate::server::examine_certificate(config, config.clock.now()));
    findings.push(push(settings.push.as_ref()));
    findings
}

/// How pushes are sent. The key itself follows from the server's secret.
fn push(settings: Option<&PushSettings>) -> Finding {
    let check = "push";
    match settings {
        None => Finding::ok(check, "pushes are off"),
        Some(PushSettings { contact: None, .. }) => Finding::warning(
            check,
            "pushes do not say whom to turn to, and some push services refuse such ones: set --push-contact \
             mailto:ADDRESS, or --public-url with https",
        ),
        Some(PushSettings { contact: Some(contact), .. }) => {
            Finding::ok(check, format!("push services reach you at {contact}"))
        }
    }
}

/// Whether the database is there and its tables are those of this version. The error is a finding after which nothing
/// else can be examined.
async fn migrations(config: &Config) -> Result<Finding, Finding> {
    let check = "migrations";
    let url = config.data.database_url().map_err(|reason| Finding::error("settings", reason))?;
    if let Some(file) = url.strip_prefix("sqlite:")
        && !Path::new(file).exists()
    {
        let summary = format!("there is no server yet: the database {file} does not exist");
        return Err(Finding::error("database", summary));
    }
    let status = Db::migration_status(&url).await;
    let status =
        status.map_err(|error| Finding::error("database", format!("it can't be opened: {error}")))?;
    let missing = status.known.iter().filter(|(_, _, is_applied)| !is_applied).count();
    if missing > 0 {
        let summary =
            format!("{missing} migrations are missing: start the server, or run `besedka migrate up`");
        return Err(Finding::error(check, summary));
    }
    Ok(match status.unknown.len() {
        0 => Finding::ok(check, "the tables are those of this version"),
        newer => Finding::warning(check, format!("{newer} migrations are of a newer Besedka")),
    })
}

fn in_json(finding: &Finding) -> serde_json::Value {
    let Finding { check, severity, summary, advice } = finding;
    let advice: Vec<_> =
        advice.iter().map(|advice| json!({"program": advice.program, "lines": advice.lines})).collect();
    json!({"check": check, "severity": severity.name(), "summary": summary, "advice": advice})
}
