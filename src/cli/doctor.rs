//! `besedka doctor`: what is wrong with the server, and what to change.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::serve::raise_file_limit;
use super::{Failure, open};
use crate::config::{Config, Switch};
use crate::server;
use besedka_core::messenger::{Finding, Severity};

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
        // As the server does: its limit is examined, and not that of the shell.
        raise_file_limit();
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
    let settings = config.check().and_then(|()| config.settings());
    let settings = match settings {
        Ok(settings) => settings,
        Err(reason) => return vec![Finding::error("settings", reason)],
    };
    let examined = match server::examined(config, &settings).await {
        Ok(examined) => examined,
        Err(finding) => return vec![finding],
    };
    let operator = match open(&config.data).await {
        Ok(operator) => operator,
        Err(error) => {
            let mut found = examined.before;
            found.push(Finding::error("database", error.to_string()));
            return found;
        }
    };
    let found = operator.examine(examined).await;
    operator.close().await;
    found
}

fn in_json(finding: &Finding) -> serde_json::Value {
    let Finding { check, severity, summary, advice } = finding;
    let advice: Vec<_> =
        advice.iter().map(|advice| json!({"program": advice.program, "lines": advice.lines})).collect();
    json!({"check": check, "severity": severity.name(), "summary": summary, "advice": advice})
}
