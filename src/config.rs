//! Every setting: a flag, a `BESEDKA_*` variable and a sentence. Nothing else reads the environment.

mod services;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use besedka_api::site::Site;
use besedka_core::files::{Aws, Place};
use besedka_core::messenger::{Opening, Settings};
use besedka_core::outside::Exception;

pub use services::{Codes, Services};

/// The settings of a server. None is needed to start.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where to listen: an address and a port.
    #[arg(long, env = "BESEDKA_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    #[command(flatten)]
    pub data: Data,

    #[command(flatten)]
    pub dialects: Dialects,

    /// The address under which people reach the server, as in https://chat.example.org; links to
    /// files begin with it. Without it, the address of each request.
    #[arg(long, env = "BESEDKA_PUBLIC_URL", value_name = "URL", value_parser = web_address)]
    pub public_url: Option<String>,

    /// Whether to limit how often one may ask: `off` is for tests and benchmarks only.
    #[arg(long, env = "BESEDKA_RATE_LIMITS", default_value = "on", value_name = "WHETHER")]
    pub rate_limits: Switch,

    /// Who may make an account: everybody, whoever has a code of `besedka invite`, or nobody but an
    /// administrator with `besedka user add`.
    #[arg(long, env = "BESEDKA_REGISTRATION", default_value = "open", value_name = "WHO")]
    pub registration: Registration,

    /// The largest file that may be uploaded, in bytes.
    #[arg(long, env = "BESEDKA_UPLOAD_LIMIT", default_value_t = 100 * 1024 * 1024, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1..=5 * 1024 * 1024 * 1024))]
    pub upload_limit: u64,

    /// The largest voice message, in bytes.
    #[arg(long, env = "BESEDKA_VOICE_LIMIT", default_value_t = 16 * 1024 * 1024, value_name = "BYTES")]
    pub voice_limit: u64,

    /// How many bytes of files one person may have; 0 when there is no bound. The 5 GiB that it is
    /// without this setting hold some years of a talkative person's pictures, and yet nobody fills
    /// a small server's disk alone.
    #[arg(long, env = "BESEDKA_QUOTA_PER_USER", default_value_t = 5 * 1024 * 1024 * 1024, value_name = "BYTES")]
    pub quota_per_user: u64,

    /// How many bytes of files there may be in all; 0 when only the disk is a bound.
    #[arg(long, env = "BESEDKA_QUOTA_TOTAL", default_value_t = 0, value_name = "BYTES")]
    pub quota_total: u64,

    /// Whether the server reads the pages that messages link to, and shows what they say of themselves.
    #[arg(long, env = "BESEDKA_LINK_PREVIEWS", default_value = "on", value_name = "WHETHER")]
    pub link_previews: Switch,

    /// Hosts and networks that may be read for previews although they are not on the internet, as in
    /// wiki.corp,10.1.0.0/16, at any port. Each is a hole made on purpose: whoever may write a message
    /// can make the server ask there, and sees the title of what answers.
    #[arg(long, env = "BESEDKA_LINK_PREVIEW_ALLOW", value_delimiter = ',', value_name = "HOST,…")]
    pub link_preview_allow: Vec<Exception>,

    /// Pages of which other addresses may use the API from a browser, as in https://app.example.org.
    #[arg(long, env = "BESEDKA_CORS_ORIGINS", value_delimiter = ',', value_name = "URL,…", value_parser = web_address)]
    pub cors_origins: Vec<String>,

    /// The reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
    #[arg(long, env = "BESEDKA_TRUSTED_PROXIES", value_delimiter = ',', value_name = "ADDRESS,…")]
    pub trusted_proxies: Vec<IpAddr>,

    #[command(flatten)]
    pub services: Services,

    /// Where the nodes of one server meet: nats://HOST:PORT, or tls://…, with USER:PASSWORD@ before the host
    /// and /NAME after the port if several servers share it. Needed only where several run on one database.
    #[arg(long, env = "BESEDKA_BUS_URL", value_name = "URL", hide_env_values = true)]
    pub bus_url: Option<String>,

    /// How many seconds a server that is told to stop goes on before it closes, so that a balancer sees in
    /// /ready that it takes no more, and sockets move to other nodes bit by bit.
    #[arg(long, env = "BESEDKA_DRAIN", default_value_t = 0, value_name = "SECONDS")]
    pub drain: u64,

    /// What to log, as in `info` or `besedka=debug,warn`.
    #[arg(
        long,
        env = "BESEDKA_LOG",
        default_value = "info,object_store=warn,async_nats=warn",
        value_name = "FILTER"
    )]
    pub log: String,

    /// How to write the log: for people, or as JSON for programs.
    #[arg(long, env = "BESEDKA_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Where everything is kept. Administrator's commands find a server's data by the same settings.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// The folder for the database, the files and the server's secret; it is made when it is missing.
    #[arg(long, env = "BESEDKA_DATA_DIR", default_value = "data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// The file with the server's secret. All nodes of one server have the same; without this setting it is
    /// secret.key in the data folder, made at the first start.
    #[arg(long, env = "BESEDKA_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,

    /// The database: sqlite:FILE or mysql://USER:PASSWORD@HOST/NAME. Without it, besedka.db in the data folder.
    #[arg(long, env = "BESEDKA_DATABASE_URL", value_name = "URL", value_parser = database_url, hide_env_values = true)]
    pub database_url: Option<String>,

    /// A file with that address, so that its password stands in no variable.
    #[arg(long, env = "BESEDKA_DATABASE_URL_FILE", value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<PathBuf>,

    /// Whether the tables of an older Besedka are brought up to date at the start. With off, `besedka migrate up` does it,
    /// and until then the start is refused.
    #[arg(long, env = "BESEDKA_MIGRATE", default_value = "on", value_name = "WHETHER")]
    pub migrate: Switch,

    /// How many connections to MySQL or MariaDB there are at most. Each serves one change or question at a time.
    #[arg(long, env = "BESEDKA_DATABASE_CONNECTIONS", default_value_t = 16, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub database_connections: u32,

    /// Where uploaded files are kept: file:FOLDER, or a bucket as in s3://BUCKET?endpoint=URL&region=REGION,
    /// with credentials by the usual AWS_* variables. Browsers go to the bucket by themselves; with direct=off
    /// everything passes through this server. Without it, the folder `files` in the data folder.
    #[arg(long, env = "BESEDKA_STORAGE_URL", value_name = "URL")]
    pub storage_url: Option<Place>,

    /// Where uploaded files were kept before, while `besedka files move` moves them: what is not found at
    /// --storage-url is read there.
    #[arg(long, env = "BESEDKA_STORAGE_FALLBACK_URL", value_name = "URL")]
    pub storage_fallback_url: Option<Place>,

    /// The usual variables of Amazon's tools, for a bucket.
    #[arg(skip = aws())]
    pub aws: Aws,
}

/// Which clients of others the server speaks with, and at which of its names they find it.
#[derive(Debug, Clone, Args)]
pub struct Dialects {
    /// Which dialects to speak besides Besedka's own API: some of kyte, mimu, unet, desktop; or none.
    #[arg(
        long = "dialects",
        env = "BESEDKA_DIALECTS",
        value_delimiter = ',',
        value_name = "NAME,…",
        default_value = "kyte,mimu,unet,desktop"
    )]
    spoken: Vec<Spoken>,

    /// Names of this server at which Kyte's clients find it, and nothing else, as in api.example.org.
    #[arg(long, env = "BESEDKA_KYTE_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    kyte_hosts: Vec<String>,

    /// The same for Mimu's, whose five servers may be five names of this one.
    #[arg(long, env = "BESEDKA_MIMU_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    mimu_hosts: Vec<String>,

    /// The same for unet's.
    #[arg(long, env = "BESEDKA_UNET_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    unet_hosts: Vec<String>,

    /// The same for the desktop messenger's.
    #[arg(long, env = "BESEDKA_DESKTOP_HOSTS", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name)]
    desktop_hosts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Spoken {
    Kyte,
    Mimu,
    Unet,
    Desktop,
    /// Besedka's own API alone.
    None,
}

impl Dialects {
    /// Whether to speak a dialect.
    pub fn are_to_speak(&self, slug: &str) -> bool {
        self.spoken.iter().any(|spoken| match spoken {
            Spoken::Kyte => slug == "kyte",
            Spoken::Mimu => slug == "mimu",
            Spoken::Unet => slug == "unet",
            Spoken::Desktop => slug == "desktop",
            Spoken::None => false,
        })
    }

    /// The names at which a dialect is found alone.
    pub fn hosts(&self, slug: &str) -> &[String] {
        match slug {
            "kyte" => &self.kyte_hosts,
            "mimu" => &self.mimu_hosts,
            "unet" => &self.unet_hosts,
            "desktop" => &self.desktop_hosts,
            _ => &[],
        }
    }

    /// What is wrong with it, in a sentence.
    pub fn flaw(&self) -> Option<String> {
        let all = [&self.kyte_hosts, &self.mimu_hosts, &self.unet_hosts, &self.desktop_hosts];
        let twice = all.iter().enumerate().find_map(|(index, hosts)| {
            hosts.iter().find(|host| all.iter().skip(index + 1).any(|others| others.contains(host)))
        });
        twice.map(|host| format!("{host} is given to two dialects; a name can be one's alone"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    Open,
    Invite,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

impl Data {
    /// Where the database is; a sentence when the file that should say so does not.
    pub fn database_url(&self) -> Result<String, String> {
        match (&self.database_url, &self.database_url_file) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file);
                let text = text.map_err(|error| format!("{} can't be read: {error}", file.display()))?;
                database_url(text.trim()).map_err(|wrong| format!("in {}, {wrong}", file.display()))
            }
            (None, None) => Ok(format!("sqlite:{}", self.data_dir.join("besedka.db").display())),
        }
    }

    pub fn storage(&self) -> Place {
        self.storage_url.clone().unwrap_or_else(|| Place::Folder(self.data_dir.join("files")))
    }

    pub fn secret(&self) -> PathBuf {
        self.secret_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }
}

impl Config {
    /// What the messenger is to know; a sentence when a file that should say so does not.
    pub fn settings(&self) -> Result<Settings, String> {
        Ok(Settings {
            opening: match self.registration {
                Registration::Open => Opening::Open,
                Registration::Invite => Opening::Invite,
                Registration::Closed => Opening::Closed,
            },
            upload_limit: self.upload_limit,
            voice_limit: self.voice_limit,
            quota_per_user: self.quota_per_user,
            quota_total: self.quota_total,
            rate_limits: self.rate_limits == Switch::On,
            bus: self.bus_url.clone(),
            link_previews: (self.link_previews == Switch::On).then(|| self.link_preview_allow.clone()),
            senders: self.services.senders()?,
            assistant: self.services.assistant()?,
            meetings: self.services.meetings(),
        })
    }

    pub fn site(&self) -> Site {
        Site { public_url: self.public_url.clone(), trusted_proxies: self.trusted_proxies.clone() }
    }
}

fn web_address(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host.map(|host| host.trim_end_matches('/')) {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("it must be an address as in https://chat.example.org, without a path".to_owned()),
    }
}

fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    match name.is_empty() || name.contains(['/', ':', '@', ' ', '*']) {
        true => Err("it must be a name alone, as in api.example.org".to_owned()),
        false => Ok(name),
    }
}

/// The address of a database as it is used: sqlite:FILE or mysql://….
pub(crate) fn database_url(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some(("sqlite", file)) if !file.trim_start_matches("//").is_empty() => {
            Ok(format!("sqlite:{}", file.strip_prefix("//").unwrap_or(file)))
        }
        Some(("mysql", rest)) if rest.starts_with("//") => Ok(text.to_owned()),
        _ => Err("it must be sqlite:FILE or mysql://USER:PASSWORD@HOST/NAME".to_owned()),
    }
}

/// They have names of their own, which every tool for S3 knows.
fn aws() -> Aws {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
