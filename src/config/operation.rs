//! Settings for the operation of a server: metrics, traces, scheduled backups, the audit log, updates of the desktop app.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use besedka_core::backup::{BackupPlace, Recipients};

/// Settings for watching a server and backing it up.
#[derive(Debug, Clone, Args)]
pub struct Operation {
    /// An additional address and port that serve only /metrics, in Prometheus' text format, to everybody who can
    /// reach them, for example 127.0.0.1:9100.
    #[arg(long, env = "BESEDKA_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,

    /// Serve /metrics on the server's own address too, to requests with `Authorization: Bearer TOKEN`.
    #[arg(long, env = "BESEDKA_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,

    /// A file that contains the token for /metrics.
    #[arg(long, env = "BESEDKA_METRICS_TOKEN_FILE", value_name = "FILE", conflicts_with = "metrics_token")]
    pub metrics_token_file: Option<PathBuf>,

    /// A collector of OpenTelemetry traces, for example http://127.0.0.1:4318: each request, unit of work in the database
    /// and call of another service is sent to /v1/traces there, as OTLP in JSON, without contents and addresses. By
    /// default, none.
    #[arg(long, env = "BESEDKA_OTLP_URL", value_name = "URL", value_parser = collector)]
    pub otlp_url: Option<String>,

    /// How often to back up the server, for example 24h or 7d, into --backup-to. By default, never.
    #[arg(long, env = "BESEDKA_BACKUP_EVERY", value_name = "TIME", value_parser = interval)]
    pub backup_every: Option<Duration>,

    /// Where scheduled backups are stored: a folder, or a bucket, s3://BUCKET/FOLDER/?endpoint=URL&region=REGION. By
    /// default, the folder `backups` in the data folder, which does not help when the disk is lost. Needed with --bus-url.
    #[arg(long, env = "BESEDKA_BACKUP_TO", value_name = "PLACE")]
    pub backup_to: Option<BackupPlace>,

    /// How many backups to keep there; older ones are deleted after each backup. 0 keeps all.
    #[arg(long, env = "BESEDKA_BACKUP_KEEP", default_value_t = 7, value_name = "NUMBER")]
    pub backup_keep: u32,

    /// A folder with packages of the desktop app and their signed manifest, from which apps that are connected to
    /// this server update. By default, none.
    #[arg(long, env = "BESEDKA_DESKTOP_UPDATES", value_name = "FOLDER")]
    pub desktop_updates: Option<PathBuf>,
    /// For how many days entries of the audit log are kept; 0 keeps them for ever.
    #[arg(long, env = "BESEDKA_AUDIT_DAYS", default_value_t = 365, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(..=36_500))]
    pub audit_days: u32,
    /// For whom scheduled backups are encrypted: public keys of `age`, age1…, separated by commas, or a file with one in
    /// each line. Whoever has one of the secret keys can restore them. By default, they are not encrypted.
    #[arg(long, env = "BESEDKA_BACKUP_ENCRYPT_TO", value_name = "KEYS", value_delimiter = ',')]
    pub backup_encrypt_to: Vec<Recipients>,
}

impl Operation {
    /// Checks that what the settings name is there, and that backups of several nodes have a place; if not, says so in a
    /// sentence.
    pub(super) fn check(&self, has_bus: bool) -> Result<(), String> {
        if has_bus && self.backup_every.is_some() && self.backup_to.is_none() {
            return Err("--backup-every needs --backup-to on a server of several nodes (--bus-url): without it, backups \
                        are stored in the data folder of whichever node makes them. Name a folder that all nodes \
                        share, or a bucket"
                .to_owned());
        }
        match &self.desktop_updates {
            Some(folder) if !folder.is_dir() => {
                Err(format!("--desktop-updates {}: there is no such folder", folder.display()))
            }
            _ => Ok(()),
        }
    }

    /// The token for /metrics on the server's own address, or a sentence that says why it can't be used.
    pub fn metrics_token(&self) -> Result<Option<String>, String> {
        let file = self.metrics_token_file.as_deref();
        super::services::secret(self.metrics_token.as_deref(), "--metrics-token-file", file)
    }
}

/// The address of a collector, without a slash at the end.
fn collector(text: &str) -> Result<String, String> {
    let invalid = || "it must be a web address, for example http://127.0.0.1:4318".to_owned();
    let url = url::Url::parse(text.trim()).map_err(|_| invalid())?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    match matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain && is_anonymous {
        true => Ok(url.as_str().trim_end_matches('/').to_owned()),
        false => Err(invalid()),
    }
}

/// A number of minutes, hours or days.
fn interval(text: &str) -> Result<Duration, String> {
    const MIN_INTERVAL: Duration = Duration::from_secs(60);
    const MAX_INTERVAL: Duration = Duration::from_secs(366 * 24 * 3_600);
    let invalid = || "it must be a number of minutes, hours or days: 30m, 24h or 7d".to_owned();
    let text = text.trim();
    let unit = text.chars().last().ok_or_else(invalid)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 24 * 3_600,
        _ => return Err(invalid()),
    };
    let number: u64 = text[..text.len() - unit.len_utf8()].trim().parse().map_err(|_| invalid())?;
    let interval = Duration::from_secs(number.checked_mul(seconds).ok_or_else(invalid)?);
    match (MIN_INTERVAL..=MAX_INTERVAL).contains(&interval) {
        true => Ok(interval),
        false => Err("it must be between a minute and a year".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_a_web_address_without_a_login() {
        for (text, base) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318"),
            (" https://otel.example.org/besedka/ ", "https://otel.example.org/besedka"),
        ] {
            assert_eq!(collector(text).as_deref(), Ok(base));
        }
        for wrong in
            ["", "127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://u:p@example.org", "http://a/?b=c"]
        {
            assert!(collector(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn intervals_have_a_unit_and_bounds() {
        for (text, seconds) in [("30m", 1_800), ("24h", 86_400), (" 7 d", 604_800)] {
            assert_eq!(interval(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in
            ["", "24", "h", "0h", "1s", "-1h", "99999999999999999999h", "999999999999999999h", "10000d", "1ч"]
        {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
