//! All settings. On the command line each is a flag and a `BESEDKA_*` environment variable; nothing else reads the
//! environment. A program that embeds the server begins with [`Config::default`] and sets fields.

mod operation;
mod services;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Command, FromArgMatches, ValueEnum};

use besedka_api::site::{ConfigWarnings, Proxies, Site};
use besedka_core::backup::{BackupPlace, Recipients};
use besedka_core::files::{AwsEnv, StorageLocation};
use besedka_core::hub::BusSettings;
use besedka_core::integrations::AllowedTarget;
use besedka_core::messenger::{BackupSettings, Clock, RegistrationPolicy, Settings, WebhookSettings};
use besedka_core::model::Language;

pub use operation::Operation;
pub use services::{Codes, Services};
pub use tls::Tls;

/// The settings of a server. All of them are optional.
#[derive(Clone, Args)]
pub struct Config {
    /// The address or host name and the port to listen on.
    #[arg(long, env = "BESEDKA_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS:PORT",
          value_parser = listen_address)]
    pub listen: String,

    #[command(flatten)]
    pub data: Data,

    #[command(flatten)]
    pub dialects: Dialects,

    /// The address at which people reach the server, for example https://chat.example.org; links to
    /// files begin with it. By default, the Host header of each request. It may have a path, for example
    /// https://example.org/chat, if requests come without that path, as through a proxy that removes it.
    #[arg(long, env = "BESEDKA_PUBLIC_URL", value_name = "URL", value_parser = public_address)]
    pub public_url: Option<String>,

    /// Whether to limit the rate of requests. `off` is for tests and benchmarks only.
    #[arg(long, env = "BESEDKA_RATE_LIMITS", default_value = "on", value_name = "on|off")]
    pub rate_limits: Switch,

    /// Who may create an account: everybody (open), people with a code from `besedka invite` (invite), people who
    /// prove an e-mail address by a code that is sent there (mail), or only administrators, with `besedka user add`
    /// (closed). By default, what an administrator chose in the web client; everybody, until somebody chooses.
    /// With `verified` after a comma (invite,verified), people with a code prove an e-mail address too.
    #[arg(long, env = "BESEDKA_REGISTRATION", value_name = "MODE")]
    pub registration: Option<Registration>,

    /// Default language of system messages, e-mails and SMS, used when neither the user's profile nor the client names
    /// one.
    #[arg(long, env = "BESEDKA_LANGUAGE", default_value = "ru", value_name = "ru|en")]
    pub language: ServerLanguage,

    /// The largest file that may be uploaded, in bytes.
    #[arg(long, env = "BESEDKA_UPLOAD_LIMIT", default_value_t = 100 * 1024 * 1024, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1..=5 * 1024 * 1024 * 1024))]
    pub upload_limit: u64,

    /// The largest voice message, in bytes.
    #[arg(long, env = "BESEDKA_VOICE_LIMIT", default_value_t = 16 * 1024 * 1024, value_name = "BYTES")]
    pub voice_limit: u64,

    /// How many bytes of files each user may store; 0 means unlimited. The default of 5 GiB holds an active
    /// user's pictures of several years, but does not let a single user fill the disk of a small server.
    #[arg(long, env = "BESEDKA_QUOTA_PER_USER", default_value_t = 5 * 1024 * 1024 * 1024, value_name = "BYTES")]
    pub quota_per_user: u64,

    /// How many bytes of files all users may store together; 0 means unlimited.
    #[arg(long, env = "BESEDKA_QUOTA_TOTAL", default_value_t = 0, value_name = "BYTES")]
    pub quota_total: u64,

    /// Whether the server fetches the pages that messages link to and shows a preview of them.
    #[arg(long, env = "BESEDKA_LINK_PREVIEWS", default_value = "on", value_name = "on|off")]
    pub link_previews: Switch,

    /// Hosts and networks that may be fetched for link previews although their addresses are not public, for
    /// example wiki.corp,10.1.0.0/16; any port is allowed. Use with care: anyone who can write a message can make
    /// the server send requests there, and sees the title of the page that answers.
    #[arg(long, env = "BESEDKA_LINK_PREVIEW_ALLOW", value_delimiter = ',', value_name = "HOST,…")]
    pub link_preview_allow: Vec<AllowedTarget>,

    /// Hosts and networks to which outgoing webhooks may be sent although their addresses are not public, for example
    /// ci.corp,10.1.0.0/16. Use with care: anyone who manages a chat or owns a bot can make the server send requests
    /// there.
    #[arg(long, env = "BESEDKA_WEBHOOK_ALLOW", value_delimiter = ',', value_name = "HOST,…")]
    pub webhook_allow: Vec<AllowedTarget>,

    /// Other origins whose pages may use the API from a browser, for example https://app.example.org. The pages of an
    /// Electron app have the origin null, if they are files, or a scheme of their own, for example app://messenger.
    #[arg(long, env = "BESEDKA_CORS_ORIGINS", value_delimiter = ',', value_name = "URL,…", value_parser = page_origin)]
    pub cors_origins: Vec<String>,

    /// The reverse proxies whose X-Forwarded-* and Forwarded headers are trusted: addresses, networks such
    /// as 10.0.0.0/8, `private` (all private networks) or `loopback` (this machine).
    #[arg(long, env = "BESEDKA_TRUSTED_PROXIES", value_delimiter = ',', value_name = "ADDRESS,…")]
    pub trusted_proxies: Vec<Proxies>,

    #[command(flatten)]
    pub tls: Tls,

    #[command(flatten)]
    pub services: Services,

    /// The NATS server that connects the nodes of one server: nats://HOST:PORT or tls://HOST:PORT, with
    /// USER:PASSWORD@ or TOKEN@ before the host if needed, and /NAME after the port if several Besedka servers share it.
    /// Needed only when several nodes run on one database.
    #[arg(long, env = "BESEDKA_BUS_URL", value_name = "URL", hide_env_values = true)]
    pub bus_url: Option<String>,

    /// A credentials file of NATS, or a file with the seed of an nkey.
    #[arg(long, env = "BESEDKA_BUS_CREDENTIALS", value_name = "FILE", requires = "bus_url")]
    pub bus_credentials: Option<PathBuf>,

    /// A file with the certificates (PEM) of the authorities that sign the certificate of the NATS server, if they are
    /// not publicly known.
    #[arg(long, env = "BESEDKA_BUS_CA", value_name = "FILE", requires = "bus_url")]
    pub bus_ca: Option<PathBuf>,

    /// How many seconds a server that is asked to stop keeps serving, so that a load balancer can see at
    /// /ready that it is going away and WebSocket clients can move to other nodes gradually.
    #[arg(long, env = "BESEDKA_DRAIN", default_value_t = 0, value_name = "SECONDS")]
    pub drain: u64,

    #[command(flatten)]
    pub operation: Operation,

    /// What to log, for example `info` or `besedka=debug,warn`.
    #[arg(
        long,
        env = "BESEDKA_LOG",
        default_value = "info,object_store=warn,async_nats=warn",
        value_name = "FILTER"
    )]
    pub log: String,

    /// The format of the log: text for people, JSON for programs.
    #[arg(long, env = "BESEDKA_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// The server's clock, which tests move.
    #[arg(skip)]
    pub clock: Clock,
}

/// Where all data is stored. Administrative commands find a server's data through the same settings.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// The folder for the database, the files and the server's secret. Created if it does not exist.
    #[arg(long, env = "BESEDKA_DATA_DIR", default_value = "data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// The file that contains the server's secret, which all nodes of one server share. By default, secret.key
    /// in the data folder, created at the first start.
    #[arg(long, env = "BESEDKA_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,

    /// The database: sqlite:FILE or mysql://USER:PASSWORD@HOST/NAME. By default, besedka.db in the data folder.
    #[arg(long, env = "BESEDKA_DATABASE_URL", value_name = "URL", value_parser = database_url, hide_env_values = true)]
    pub database_url: Option<String>,

    /// A file that contains the database URL, to keep its password out of the environment.
    #[arg(long, env = "BESEDKA_DATABASE_URL_FILE", value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<PathBuf>,

    /// Whether to apply database migrations at the start. With `off`, the server refuses to start until
    /// `besedka migrate up` has applied them.
    #[arg(long, env = "BESEDKA_MIGRATE", default_value = "on", value_name = "on|off")]
    pub migrate: Switch,

    /// The maximum number of connections to MySQL or MariaDB. Each serves one query or transaction at a time.
    #[arg(long, env = "BESEDKA_DATABASE_CONNECTIONS", default_value_t = 16, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub database_connections: u32,

    /// Where uploaded files are stored: file:FOLDER, or a bucket, s3://BUCKET?endpoint=URL&region=REGION, with
    /// credentials in the usual AWS_* variables. Browsers access the bucket directly; with direct=off everything
    /// passes through this server. By default, the folder `files` in the data folder.
    #[arg(long, env = "BESEDKA_STORAGE_URL", value_name = "URL")]
    pub storage_url: Option<StorageLocation>,

    /// Where uploaded files were stored before, while `besedka files move` copies them: files that are not found
    /// at --storage-url are read from here.
    #[arg(long, env = "BESEDKA_STORAGE_FALLBACK_URL", value_name = "URL")]
    pub storage_fallback_url: Option<StorageLocation>,

    /// The usual AWS_* environment variables, for a bucket.
    #[arg(skip = aws())]
    pub aws: AwsEnv,
}

/// The APIs of other servers that this server also speaks, and the host names at which it does.
#[derive(Debug, Clone, Args)]
pub struct Dialects {
    /// The dialects to serve in addition to Besedka's own API: any of kyte, mimu, unet, desktop; or none.
    #[arg(
        long = "dialects",
        env = "BESEDKA_DIALECTS",
        value_delimiter = ',',
        value_name = "NAME,…",
        default_value = "kyte,mimu,unet,desktop"
    )]
    pub enabled: Vec<DialectName>,

    /// Host names of this server that serve only the API for Kyte's clients, for example api.example.org.
    #[arg(long, env = "BESEDKA_KYTE_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    pub kyte_hosts: Vec<String>,

    /// Host names that serve only the API for Mimu's clients, whose five servers may be five names of this one.
    #[arg(long, env = "BESEDKA_MIMU_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    pub mimu_hosts: Vec<String>,

    /// Host names that serve only the API for unet's clients.
    #[arg(long, env = "BESEDKA_UNET_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    pub unet_hosts: Vec<String>,

    /// Host names that serve only the API for the desktop messenger's clients.
    #[arg(long, env = "BESEDKA_DESKTOP_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    pub desktop_hosts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    Kyte,
    Mimu,
    Unet,
    Desktop,
    /// Only Besedka's own API.
    None,
}

impl Dialects {
    /// Whether a dialect is enabled.
    pub fn is_enabled(&self, slug: &str) -> bool {
        self.enabled.iter().any(|name| match name {
            DialectName::Kyte => slug == "kyte",
            DialectName::Mimu => slug == "mimu",
            DialectName::Unet => slug == "unet",
            DialectName::Desktop => slug == "desktop",
            DialectName::None => false,
        })
    }

    /// The host names that serve only this dialect.
    pub fn hosts(&self, slug: &str) -> &[String] {
        match slug {
            "kyte" => &self.kyte_hosts,
            "mimu" => &self.mimu_hosts,
            "unet" => &self.unet_hosts,
            "desktop" => &self.desktop_hosts,
            _ => &[],
        }
    }

    /// Checks that no host name is assigned to two dialects; if one is, says so in a sentence.
    pub fn check(&self) -> Result<(), String> {
        let all = [&self.kyte_hosts, &self.mimu_hosts, &self.unet_hosts, &self.desktop_hosts];
        let duplicate = all.iter().enumerate().find_map(|(index, hosts)| {
            hosts.iter().find(|host| all.iter().skip(index + 1).any(|others| others.contains(host)))
        });
        match duplicate {
            Some(host) => Err(format!("{host} is assigned to two dialects; a host name can serve only one")),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    pub policy: RegistrationPolicy,
    /// Whether people with an invitation must prove an e-mail address too.
    pub needs_proof: bool,
}

impl FromStr for Registration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut policy, mut needs_proof) = (None, None);
        for word in text.split(',').map(str::trim) {
            let is_repeated = match word {
                "open" => policy.replace(RegistrationPolicy::Open).is_some(),
                "invite" => policy.replace(RegistrationPolicy::Invite).is_some(),
                "mail" => policy.replace(RegistrationPolicy::Mail).is_some(),
                "closed" => policy.replace(RegistrationPolicy::Closed).is_some(),
                "verified" => needs_proof.replace(true).is_some(),
                "unverified" => needs_proof.replace(false).is_some(),
                _ => true,
            };
            if is_repeated {
                let words = "it must be open, invite, mail or closed, perhaps with verified: invite,verified";
                return Err(words.to_owned());
            }
        }
        Ok(match (policy.unwrap_or(RegistrationPolicy::Open), needs_proof.unwrap_or(false)) {
            (RegistrationPolicy::Open, true) => Self { policy: RegistrationPolicy::Mail, needs_proof: false },
            (policy @ RegistrationPolicy::Invite, needs_proof) => Self { policy, needs_proof },
            (policy, _) => Self { policy, needs_proof: false },
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServerLanguage {
    Ru,
    En,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

impl Data {
    /// The database's URL, or a sentence that says why its file can't be used.
    pub fn database_url(&self) -> Result<String, String> {
        match (&self.database_url, &self.database_url_file) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file);
                let flag = format!("--database-url-file {}", file.display());
                let text = text.map_err(|error| format!("{flag} can't be read: {error}"))?;
                database_url(text.trim()).map_err(|wrong| format!("{flag}: {wrong}"))
            }
            (None, None) => Ok(format!("sqlite:{}", self.data_dir.join("besedka.db").display())),
        }
    }

    pub fn storage(&self) -> StorageLocation {
        self.storage_url.clone().unwrap_or_else(|| StorageLocation::Folder(self.data_dir.join("files")))
    }

    /// How this data is backed up; by default into the folder `backups` in the data folder.
    pub fn backup(&self, place: Option<BackupPlace>, keep: u32, encrypt_to: &[Recipients]) -> BackupSettings {
        BackupSettings {
            every: None,
            place: place.unwrap_or_else(|| BackupPlace::folder(self.data_dir.join("backups"))),
            keep,
            recipients: encrypt_to.iter().flat_map(|recipients| recipients.0.iter().copied()).collect(),
            secret_file: self.secret(),
            scratch: self.data_dir.clone(),
            aws: self.aws.clone(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    pub fn secret(&self) -> PathBuf {
        self.secret_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }
}

impl Default for Config {
    /// The defaults of the command line. The environment is not read.
    fn default() -> Self {
        let command = Self::augment_args(Command::new("besedka")).mut_args(|arg| arg.env(None));
        let matches = command.try_get_matches_from(["besedka"]);
        #[expect(
            clippy::expect_used,
            reason = "each setting is optional or has a default, which a test shows"
        )]
        let mut config =
            matches.and_then(|matches| Self::from_arg_matches(&matches)).expect("the defaults are valid");
        config.data.aws = AwsEnv::default();
        config
    }
}

impl Config {
    /// Checks what the command line checks, for settings that were set in code.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(url) = &self.public_url {
            public_address(url).map_err(|why| format!("public_url: {why}"))?;
        }
        self.tls.check()?;
        self.operation.check(self.bus_url.is_some())?;
        self.dialects.check()
    }

    /// Writes addresses as browsers do, which command-line arguments are already.
    pub(crate) fn normalize(&mut self) {
        if let Some(url) = self.public_url.as_deref().and_then(|url| public_address(url).ok()) {
            self.public_url = Some(url);
        }
    }

    /// The path of the public URL, such as `/chat`; empty if there is none.
    pub(crate) fn base_path(&self) -> &str {
        self.split_public_url().map_or("", |(_, path)| path)
    }

    /// The public URL without its path.
    pub(crate) fn public_origin(&self) -> Option<&str> {
        self.split_public_url().map(|(origin, _)| origin)
    }

    fn split_public_url(&self) -> Option<(&str, &str)> {
        let url = self.public_url.as_deref()?.trim_end_matches('/');
        let host = url.find("://")? + "://".len();
        let path = url[host..].find('/').map_or(url.len(), |slash| host + slash);
        Some(url.split_at(path))
    }

    /// The messenger's settings, or a sentence that says why the file of one can't be used.
    pub fn settings(&self) -> Result<Settings, String> {
        let senders = self.services.senders(self.public_url.as_deref())?;
        let registration = self.registration;
        let needs_mail = registration.is_some_and(|registration| {
            registration.needs_proof || registration.policy == RegistrationPolicy::Mail
        });
        if needs_mail && senders.mail.is_none() && !senders.to_log {
            return Err(
                "--registration mail or verified needs --smtp-url: the server must send codes by mail"
                    .to_owned(),
            );
        }
        Ok(Settings {
            registration: registration.map(|registration| registration.policy),
            needs_email_proof: registration.is_some_and(|registration| registration.needs_proof),
            upload_limit: self.upload_limit,
            voice_limit: self.voice_limit,
            quota_per_user: self.quota_per_user,
            quota_total: self.quota_total,
            rate_limits: self.rate_limits == Switch::On,
            bus: self.bus_url.clone().map(|url| BusSettings {
                url,
                credentials: self.bus_credentials.clone(),
                authorities: self.bus_ca.clone(),
            }),
            link_previews: (self.link_previews == Switch::On).then(|| self.link_preview_allow.clone()),
            push: self.services.push(self.public_url.as_deref()),
            senders,
            assistant: self.services.assistant()?,
            meetings: self.services.meetings(),
            language: match self.language {
                ServerLanguage::Ru => Language::Russian,
                ServerLanguage::En => Language::English,
            },
            backup: Some(self.backup()),
            audit_days: Some(self.operation.audit_days).filter(|days| *days > 0),
            webhooks: Some(WebhookSettings {
                allowed: self.webhook_allow.clone(),
                event_data: besedka_api::v1::event_data,
            }),
        })
    }

    pub(crate) fn backup(&self) -> BackupSettings {
        let Operation { backup_every, backup_to, backup_keep, backup_encrypt_to, .. } = &self.operation;
        BackupSettings {
            every: *backup_every,
            ..self.data.backup(backup_to.clone(), *backup_keep, backup_encrypt_to)
        }
    }

    pub fn site(&self) -> Site {
        Site {
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            cors_origins: self.cors_origins.clone(),
            config_warnings: ConfigWarnings::default(),
        }
    }
}

/// A host name or an address, and a port.
pub(crate) fn listen_address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let invalid =
        || "it must be an address and a port, for example 127.0.0.1:8000 or localhost:8000".to_owned();
    if text.parse::<SocketAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
    let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) && !host.is_empty();
    if is_name && port.parse::<u16>().is_ok() { Ok(text.to_owned()) } else { Err(invalid()) }
}

/// An origin, and perhaps a path of plain segments, as browsers write it: the host in small letters and ASCII, without
/// the scheme's own port and a slash at the end.
fn public_address(text: &str) -> Result<String, String> {
    let invalid = || {
        "it must be a web address, for example https://chat.example.org or https://example.org/chat"
            .to_owned()
    };
    let is_plain = |segment: &str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        !segment.is_empty() && segment.chars().all(is_allowed) && !segment.starts_with('.')
    };
    let text = text.trim().trim_end_matches('/');
    let after_scheme = text.find("://").map(|at| at + "://".len()).ok_or_else(invalid)?;
    let (origin, path) = match text[after_scheme..].find('/') {
        Some(slash) => text.split_at(after_scheme + slash),
        None => (text, ""),
    };
    let origin = web_address(origin).map_err(|_| invalid())?;
    let is_sound = path.is_empty() || path[1..].split('/').all(is_plain);
    if is_sound { Ok(format!("{origin}{path}")) } else { Err(invalid()) }
}

fn web_address(text: &str) -> Result<String, String> {
    let invalid = || "it must be an address without a path, for example https://chat.example.org".to_owned();
    let url = url::Url::parse(text.trim()).map_err(|_| invalid())?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.has_host()
        && !text.trim().contains(char::is_whitespace);
    if is_origin { Ok(url.origin().ascii_serialization()) } else { Err(invalid()) }
}

/// An origin as pages have it: a web address, or in an application `null` or a scheme of its own.
fn page_origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_own_scheme = text.split_once("://").is_some_and(|(scheme, host)| {
        let is_of = |text: &str, marks: &str| {
            text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || marks.contains(c))
        };
        scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && is_of(scheme, "+-.")
            && is_of(host, "-._")
            && !["http", "https", "ws", "wss"].contains(&scheme)
    });
    if text == "null" || is_own_scheme { Ok(text.to_owned()) } else { web_address(text) }
}

fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    match name.is_empty() || name.contains(['/', ':', '@', ' ', '*']) {
        true => Err("it must be only a host name, for example api.example.org".to_owned()),
        false => Ok(name),
    }
}

/// A database URL in canonical form: sqlite:FILE or mysql://….
pub(crate) fn database_url(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some(("sqlite", file)) if !file.trim_start_matches("//").is_empty() => {
            Ok(format!("sqlite:{}", file.strip_prefix("//").unwrap_or(file)))
        }
        Some(("mysql", rest)) if rest.starts_with("//") => Ok(text.to_owned()),
        _ => Err("it must be sqlite:FILE or mysql://USER:PASSWORD@HOST/NAME".to_owned()),
    }
}

/// These are not named `BESEDKA_*`, because all S3 tools use the same variables.
fn aws() -> AwsEnv {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_command_line() {
        let config = Config::default();
        assert_eq!(config.listen, "127.0.0.1:8000");
        assert_eq!(config.data.data_dir, PathBuf::from("data"));
        assert_eq!(config.upload_limit, 100 * 1024 * 1024);
        assert!(config.rate_limits == Switch::On && config.dialects.is_enabled("kyte"));
        assert!(config.check().is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_its_setting() {
        let missing = || Some(PathBuf::from("/nowhere/secret"));
        let mut config = Config::default();
        config.services.ai_url = Some("http://127.0.0.1:1/v1".to_owned());
        config.services.ai_model = Some("model".to_owned());
        config.services.ai_key_file = missing();
        assert!(config.settings().is_err_and(|why| why.contains("--ai-key-file /nowhere/secret")));
        for flag in ["--smtp-url-file", "--sms-webhook-file", "--sms-secret-file"] {
            let mut config = Config::default();
            match flag {
                "--smtp-url-file" => config.services.smtp_url_file = missing(),
                "--sms-webhook-file" => config.services.sms_webhook_file = missing(),
                _ => config.services.sms_secret_file = missing(),
            }
            assert!(config.settings().is_err_and(|why| why.contains(flag)), "{flag}");
        }
        let mut config = Config::default();
        config.operation.metrics_token_file = missing();
        assert!(config.operation.metrics_token().is_err_and(|why| why.contains("--metrics-token-file")));
        config.data.database_url_file = missing();
        assert!(config.data.database_url().is_err_and(|why| why.contains("--database-url-file")));
    }

    #[test]
    fn settings_forgive_spaces_and_take_names() {
        for fine in ["127.0.0.1:8000", " localhost:8000 ", "[::1]:80", "chat.lan:8000"] {
            assert_eq!(listen_address(fine).as_deref(), Ok(fine.trim()));
        }
        for wrong in ["localhost", "8000", ":8000", "a b:80", "localhost:99999"] {
            assert!(listen_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn registration_may_demand_a_proved_address() {
        for (text, policy, needs_proof) in [
            ("open", RegistrationPolicy::Open, false),
            ("mail", RegistrationPolicy::Mail, false),
            ("verified", RegistrationPolicy::Mail, false),
            ("open,verified", RegistrationPolicy::Mail, false),
            ("unverified", RegistrationPolicy::Open, false),
            ("invite,verified", RegistrationPolicy::Invite, true),
            ("verified, invite", RegistrationPolicy::Invite, true),
            ("closed", RegistrationPolicy::Closed, false),
        ] {
            assert_eq!(text.parse(), Ok(Registration { policy, needs_proof }), "{text}");
        }
        for wrong in ["", "public", "open,invite", "verified,unverified", "open,"] {
            assert!(wrong.parse::<Registration>().is_err(), "{wrong}");
        }
        let config = Config { registration: Some("mail".parse().unwrap()), ..Config::default() };
        assert!(config.settings().is_err_and(|why| why.contains("--smtp-url")));
    }

    #[test]
    fn a_public_url_may_have_a_path() {
        let with = |url: &str| Config { public_url: Some(url.to_owned()), ..Config::default() };
        for (url, origin, path) in [
            ("https://example.org", "https://example.org", ""),
            ("https://example.org/", "https://example.org", ""),
            ("http://localhost:8080/chat/", "http://localhost:8080", "/chat"),
            ("https://example.org/team/chat", "https://example.org", "/team/chat"),
            ("HTTPS://Chat.Example.org:443/", "https://chat.example.org", ""),
            ("http://Example.org:80/chat", "http://example.org", "/chat"),
            ("https://пример.рф", "https://xn--e1afmkfd.xn--p1ai", ""),
            ("https://[::1]:8443", "https://[::1]:8443", ""),
        ] {
            let mut config = with(url);
            config.normalize();
            assert_eq!(config.check(), Ok(()), "{url}");
            assert_eq!((config.public_origin(), config.base_path()), (Some(origin), path), "{url}");
        }
        for url in [
            "chat.example.org",
            "https://",
            "https://example.org/a?b",
            "https://example.org//a",
            "https://a/..",
        ] {
            assert!(with(url).check().is_err(), "{url}");
        }
        assert_eq!((Config::default().public_origin(), Config::default().base_path()), (None, ""));
    }
}
