//! Settings for encryption by the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{Switch, host_name};

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// How the server encrypts connections by itself. By default it does not: a reverse proxy does.
#[derive(Debug, Clone, Args)]
pub struct Tls {
    /// A file with the server's certificate, and those between it and its authority (PEM). The server then speaks HTTPS
    /// on --listen. The file is read again when it changes.
    #[arg(long, env = "BESEDKA_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// A file with the private key of the certificate (PEM).
    #[arg(long, env = "BESEDKA_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// The host names for which the server gets a certificate by itself, from Let's Encrypt. They must lead to this
    /// server, whose port 443 or, with --http-listen, 80 must be reachable from the internet.
    #[arg(long, env = "BESEDKA_TLS_DOMAIN", value_delimiter = ',', value_name = "HOST,…", value_parser = host_name,
          conflicts_with = "tls_cert")]
    pub tls_domain: Vec<String>,

    /// Another certificate authority that speaks ACME, for example
    /// https://acme-staging-v02.api.letsencrypt.org/directory for trials.
    #[arg(long, env = "BESEDKA_ACME_DIRECTORY", value_name = "URL", default_value = LETS_ENCRYPT)]
    pub acme_directory: String,

    /// The e-mail address at which the certificate authority reaches the administrator.
    #[arg(long, env = "BESEDKA_ACME_EMAIL", value_name = "ADDRESS")]
    pub acme_email: Option<String>,

    /// A file with the certificates (PEM) of the authorities that vouch for that address, if they are not publicly known.
    #[arg(long, env = "BESEDKA_ACME_CA", value_name = "FILE")]
    pub acme_ca: Option<PathBuf>,

    /// An additional address and port for plain HTTP, usually 0.0.0.0:80: it redirects pages to HTTPS, and answers the
    /// certificate authority.
    #[arg(long, env = "BESEDKA_HTTP_LISTEN", value_name = "ADDRESS:PORT")]
    pub http_listen: Option<SocketAddr>,

    /// Whether browsers are told to use only HTTPS from now on (HSTS). By default they are if the server has a
    /// certificate of its own; behind a proxy that encrypts, set it to `on`.
    #[arg(long, env = "BESEDKA_HSTS", value_name = "on|off")]
    pub hsts: Option<Switch>,
}

impl Tls {
    /// Whether the server speaks HTTPS by itself.
    pub fn is_on(&self) -> bool {
        self.tls_cert.is_some() || !self.tls_domain.is_empty()
    }

    /// Whether responses tell browsers to use only HTTPS.
    pub fn sends_hsts(&self) -> bool {
        self.hsts.map_or(self.is_on(), |hsts| hsts == Switch::On)
    }

    /// Checks what belongs together; if something is missing, says so in a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err("--tls-cert and --tls-key belong together".to_owned());
        }
        if self.tls_cert.is_some() && !self.tls_domain.is_empty() {
            return Err("--tls-domain gets a certificate by itself: leave out --tls-cert".to_owned());
        }
        if self.http_listen.is_some() && !self.is_on() {
            return Err("--http-listen redirects to HTTPS, which needs --tls-domain or --tls-cert".to_owned());
        }
        Ok(())
    }
}
