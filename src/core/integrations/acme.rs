//! Certificates from an authority that speaks ACME (RFC 8555), such as Let's Encrypt.

use std::error::Error as StdError;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, HttpClient,
    Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use serde::{Deserialize, Serialize};

use super::http::{authorities, client_trusting};
use crate::traces;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the authority may take to look at the server.
const RETRIES: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(90));

/// Why there is no certificate, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AcmeError(String);

impl AcmeError {
    fn new(what: &str, why: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

impl From<instant_acme::Error> for AcmeError {
    fn from(error: instant_acme::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        Self::new("the certificate authority", text)
    }
}

/// How the server shows that a host name is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// In a TLS handshake on port 443 (RFC 8737).
    TlsAlpn,
    /// With a file on port 80.
    Http,
}

/// What the authority expects to find at a host name.
#[derive(Debug, Clone)]
pub struct Proof {
    pub host: String,
    /// The last segment of the file's path.
    pub token: String,
    /// The content of the file.
    pub answer: String,
    /// The hash in the certificate of the handshake.
    pub digest: Vec<u8>,
}

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    pub chain: String,
    pub key: String,
}

/// A certificate authority.
pub struct Acme {
    directory: String,
    email: Option<String>,
    account_file: PathBuf,
    http: reqwest::Client,
}

/// The account at an authority, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredAccount {
    directory: String,
    credentials: AccountCredentials,
}

impl Acme {
    /// `account_file` is created when it is needed. `ca` has the authorities of the directory's own certificate. The
    /// error is a sentence for the administrator.
    pub fn new(
        directory: &str,
        email: Option<&str>,
        account_file: PathBuf,
        ca: Option<&Path>,
    ) -> Result<Self, String> {
        let mut trusted = authorities();
        if let Some(file) = ca {
            let unreadable = |why: String| format!("--acme-ca {}: {why}", file.display());
            let pem = fs::read(file).map_err(|error| unreadable(error.to_string()))?;
            let own = rustls_pem(&pem).map_err(unreadable)?;
            let mut more = (*trusted).clone();
            more.add_parsable_certificates(own);
            trusted = more.into();
        }
        let http = client_trusting(trusted).map_err(|error| error.to_string())?;
        let http = http.timeout(REQUEST_TIMEOUT).build().map_err(|error| error.to_string())?;
        let email = email.map(|address| format!("mailto:{address}"));
        Ok(Self { directory: directory.to_owned(), email, account_file, http })
    }

    /// Gets a certificate for host names. `show` is called with what the authority looks for, before it does.
    pub async fn order(
        &self,
        hosts: &[String],
        challenge: Challenge,
        show: impl Fn(Proof) + Send + Sync,
    ) -> Result<IssuedCertificate, AcmeError> {
        let account = self.account().await?;
        let identifiers: Vec<_> = hosts.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
        let kind = match challenge {
            Challenge::TlsAlpn => ChallengeType::TlsAlpn01,
            Challenge::Http => ChallengeType::Http01,
        };
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            let host = authorization.identifier().to_string();
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                status => return Err(AcmeError(format!("the authorization for {host} is {status:?}"))),
            }
            let mut asked = authorization
                .challenge(kind.clone())
                .ok_or_else(|| AcmeError(format!("the authority does not offer {challenge:?} for {host}")))?;
            let answer = asked.key_authorization();
            show(Proof {
                host,
                token: asked.token.clone(),
                answer: answer.as_str().to_owned(),
                digest: answer.digest().as_ref().to_vec(),
            });
            asked.set_ready().await?;
        }
        if order.poll_ready(&RETRIES).await? != OrderStatus::Ready {
            return Err(AcmeError(refusal(&mut order).await));
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&RETRIES).await?;
        Ok(IssuedCertificate { chain, key })
    }

    /// The account that is stored, or a new one.
    async fn account(&self) -> Result<Account, AcmeError> {
        let builder = Account::builder_with_http(Box::new(Http(self.http.clone())));
        let stored = fs::read(&self.account_file).ok();
        let stored = stored.and_then(|text| serde_json::from_slice::<StoredAccount>(&text).ok());
        if let Some(stored) = stored.filter(|stored| stored.directory == self.directory) {
            return Ok(builder.from_credentials(stored.credentials).await?);
        }
        let contact: Vec<&str> = self.email.iter().map(String::as_str).collect();
        let new =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder.create(&new, self.directory.clone(), None).await?;
        let stored = StoredAccount { directory: self.directory.clone(), credentials };
        let text = serde_json::to_vec(&stored).map_err(|error| AcmeError(error.to_string()))?;
        write_private(&self.account_file, &text)
            .map_err(|error| AcmeError::new("the account can't be stored", error))?;
        Ok(account)
    }
}

/// Why an order was refused.
async fn refusal(order: &mut Order) -> String {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            continue;
        }
        let host = authorization.identifier().to_string();
        let problems = authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(problems.map(|problem| format!("{host}: {problem}")));
    }
    match reasons.is_empty() {
        true => "the certificate authority refused, and did not say why".to_owned(),
        false => reasons.join("; "),
    }
}

/// Writes a file that only its owner may read, as a whole or not at all.
pub fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let beside = file.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    io::Write::write_all(&mut new, content)?;
    new.sync_all()?;
    fs::rename(&beside, file)
}

fn rustls_pem(pem: &[u8]) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err("it has no certificate".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// reqwest as a client of instant-acme, with the same trusted authorities as everywhere.
struct Http(reqwest::Client);

impl HttpClient for Http {
    fn request(
        &self,
        request: http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let (parts, body) = request.into_parts();
        let request = self
            .0
            .request(parts.method, parts.uri.to_string())
            .headers(parts.headers)
            .body(reqwest::Body::wrap(body));
        Box::pin(async move {
            let response = traces::send("certificate authority", request)
                .await
                .map_err(|error| instant_acme::Error::Other(Box::new(error)))?;
            Ok(BytesResponse::from(http::Response::<reqwest::Body>::from(response)))
        })
    }
}
