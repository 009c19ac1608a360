//! Encryption by the server itself: certificates that change, plain HTTP beside it, and an authority that issues one.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

use crate::server::{PASSWORD, TestServer, fresh_key};
use crate::skip::skip;

const PATIENCE: Duration = Duration::from_secs(30);
const HOST: &str = "chat.example.org";

/// An authority of the tests.
struct Issuer {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Issuer {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "An authority of the tests");
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes a certificate for host names, and its key.
    fn issue(&self, folder: &Path, hosts: &[&str]) -> (String, String) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(hosts).unwrap().signed_by(&key, &self.issuer).unwrap();
        let (certificate_file, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        std::fs::write(&certificate_file, certificate.pem()).unwrap();
        [certificate_file, key_file].map(|file| file.to_str().unwrap().to_owned()).into()
    }

    /// A client that trusts this authority, and offers these protocols.
    fn connector(&self, protocols: &[&[u8]]) -> TlsConnector {
        connector(&self.pem(), protocols)
    }
}

fn connector(trusted: &str, protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// A connection to the server by a host name.
async fn connect(connector: &TlsConnector, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(HOST).unwrap();
    let stream = TcpStream::connect(address).await?;
    timeout(PATIENCE, connector.connect(name, stream)).await.unwrap()
}

/// The certificate that a server shows.
async fn shown(connector: &TlsConnector, address: SocketAddr) -> Option<Vec<u8>> {
    let stream = connect(connector, address).await.ok()?;
    let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    Some(certificate.as_ref().to_vec())
}

/// A client that finds the host names of the tests at an address.
fn client(trusted: &str, address: SocketAddr) -> reqwest::ClientBuilder {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(trusted.as_bytes()).unwrap()])
        .resolve(HOST, address)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
}

async fn encrypted(issuer: &Issuer, folder: &TempDir, more: &[&str]) -> TestServer {
    let (certificate, key) = issuer.issue(folder.path(), &[HOST]);
    let flags = ["--rate-limits", "off", "--tls-cert", &certificate, "--tls-key", &key];
    TestServer::with(&[&flags[..], more].concat()).await
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_and_browsers_are_told_to_stay() {
    let (issuer, folder) = (Issuer::new(), TempDir::new().unwrap());
    let server = encrypted(&issuer, &folder, &[]).await;
    let address = server.running.address;
    let offered = [&b"h2"[..], b"http/1.1"];
    let stream = connect(&issuer.connector(&offered), address).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let stream = connect(&issuer.connector(&offered[1..]), address).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));

    let url = format!("https://{HOST}:{}", address.port());
    let client = client(&issuer.pem(), address).build().unwrap();
    let account = json!({"username": "ann", "password": PASSWORD, "display_name": "Ann"});
    let request = client.post(format!("{url}/api/v1/auth/register")).json(&account);
    let request = request.header("Idempotency-Key", fresh_key()).header("X-Besedka-Session", "cookie");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000; includeSubDomains");
    let plain = TestServer::start().await;
    let answer = plain.nobody().http.get(format!("{}/health", plain.url)).send().await.unwrap();
    assert!(!answer.headers().contains_key("strict-transport-security"));
    let asked = TestServer::with(&["--hsts", "on"]).await;
    let answer = asked.nobody().http.get(format!("{}/health", asked.url)).send().await.unwrap();
    assert!(answer.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn curl_speaks_http_2_and_the_command_line_asks_for_health() {
    let (issuer, folder) = (Issuer::new(), TempDir::new().unwrap());
    let server = encrypted(&issuer, &folder, &[]).await;
    let address = server.running.address;
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, issuer.pem()).unwrap();
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--cacert"])
        .arg(&ca)
        .args(["--resolve", &format!("{HOST}:{}:{}", address.port(), address.ip())])
        .arg(format!("https://{HOST}:{}/health", address.port()));
    let printed = tokio::task::spawn_blocking(move || curl.output()).await.unwrap();
    match printed {
        Err(error) => skip(&format!("curl: {error}")),
        Ok(printed) => {
            let text = String::from_utf8_lossy(&printed.stdout);
            assert_eq!(text, "2 200", "{}", String::from_utf8_lossy(&printed.stderr));
        }
    }
    let mut healthcheck = Command::new(env!("CARGO_BIN_EXE_besedka"));
    let files = ["cert.pem", "key.pem"].map(|file| folder.path().join(file));
    healthcheck.args(["healthcheck", "--listen", &address.to_string(), "--tls-cert"]);
    healthcheck.arg(&files[0]).arg("--tls-key").arg(&files[1]);
    let printed = tokio::task::spawn_blocking(move || healthcheck.output().unwrap()).await.unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
}

#[tokio::test]
async fn events_come_over_an_encrypted_websocket() {
    let (issuer, folder) = (Issuer::new(), TempDir::new().unwrap());
    let server = encrypted(&issuer, &folder, &[]).await;
    let address = server.running.address;
    let client = client(&issuer.pem(), address).build().unwrap();
    let account = json!({"username": "ann", "password": PASSWORD, "display_name": "Ann"});
    let request = client.post(format!("https://{HOST}:{}/api/v1/auth/register", address.port()));
    let answer = request.header("Idempotency-Key", fresh_key()).json(&account).send().await.unwrap();
    let account: Value = answer.json().await.unwrap();
    let stream = connect(&issuer.connector(&[b"http/1.1"]), address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(format!("wss://{HOST}/ws"), stream).await.unwrap();
    let token = &account["tokens"]["access_token"];
    let frame = json!({"event": "auth", "data": {"token": token}}).to_string();
    socket.send(Message::text(frame)).await.unwrap();
    let answer = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
    assert_ne!(answer["event"], "error", "{answer}");
    assert!(answer["event"].as_str().is_some_and(|event| !event.is_empty()), "{answer}");
}

#[tokio::test]
async fn a_certificate_that_changes_is_read_again_and_a_broken_one_is_not() {
    let (issuer, folder) = (Issuer::new(), TempDir::new().unwrap());
    let server = encrypted(&issuer, &folder, &[]).await;
    let (connector, address) = (issuer.connector(&[]), server.running.address);
    let before = shown(&connector, address).await.unwrap();
    let mut open = connect(&issuer.connector(&[b"http/1.1"]), address).await.unwrap();
    std::fs::write(folder.path().join("cert.pem"), "nothing").unwrap();
    assert_eq!(shown(&connector, address).await.as_ref(), Some(&before), "the former one stays");
    issuer.issue(folder.path(), &[HOST, "other.example.org"]);
    let renewed = async {
        loop {
            match shown(&connector, address).await {
                Some(now) if now != before => return now,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(PATIENCE, renewed).await.expect("the new one is shown");
    // What was open stays open.
    open.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn plain_http_is_redirected_and_secrets_are_refused() {
    let (issuer, folder) = (Issuer::new(), TempDir::new().unwrap());
    let server = encrypted(&issuer, &folder, &["--http-listen", "127.0.0.1:0"]).await;
    let (plain, port) = (server.running.http_address.unwrap(), server.running.address.port());
    let client = client(&issuer.pem(), plain).build().unwrap();
    let page = client.get(format!("http://{HOST}:{}/chats/7?a=b%20c", plain.port())).send().await.unwrap();
    assert_eq!(page.status(), 308);
    assert_eq!(page.headers()["location"], format!("https://{HOST}:{port}/chats/7?a=b%20c"));
    let url = format!("http://{plain}/api/v1/auth/login");
    assert_eq!(client.post(&url).json(&json!({})).send().await.unwrap().status(), 403);
    let secret = client.get(format!("http://{plain}/api/v1/users/me")).bearer_auth("secret");
    assert_eq!(secret.send().await.unwrap().status(), 403);
    let missing = client.get(format!("http://{plain}/.well-known/acme-challenge/a")).send().await.unwrap();
    assert_eq!(missing.status(), 308);
    let strange = client.get(format!("http://{plain}/")).header("Host", "a b").send().await.unwrap();
    assert_eq!(strange.status(), 403);
}

#[tokio::test]
async fn plain_http_leads_to_the_host_that_was_asked_if_it_is_one_of_the_servers() {
    let flags = ["--http-listen", "127.0.0.1:0", "--public-url", "https://chat.example.org"];
    let hosts = ["--tls-domain", "chat.example.org,www.example.org", "--kyte-hosts", "api.example.org"];
    // Nobody is there; the plain listener does not wait for a certificate.
    let authority = ["--acme-directory", "https://127.0.0.1:9/directory"];
    let server = TestServer::with(&[&flags[..], &hosts, &authority].concat()).await;
    let plain = server.running.http_address.unwrap();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (asked, origin) in [
        ("api.example.org", "https://api.example.org"),
        ("API.example.org.:80", "https://api.example.org"),
        ("www.example.org", "https://www.example.org"),
        ("chat.example.org", "https://chat.example.org"),
        ("stranger.example.org", "https://chat.example.org"),
        ("127.0.0.1", "https://chat.example.org"),
    ] {
        let answer = client.get(format!("http://{plain}/x?y=1")).header("Host", asked).send().await.unwrap();
        assert_eq!(answer.status(), 308, "{asked}");
        assert_eq!(answer.headers()["location"], format!("{origin}/x?y=1"), "{asked}");
    }
}

#[tokio::test]
async fn plain_text_is_not_answered_where_tls_is_spoken() {
    let (issuer, folder) = (Issuer::new(), TempDir::new().unwrap());
    let server = encrypted(&issuer, &folder, &[]).await;
    let mut plain = TcpStream::connect(server.running.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, plain.read_to_end(&mut answer)).await.expect("it is closed at once");
    assert!(!answer.starts_with(b"HTTP"), "nothing is answered in plain text");
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let (issuer, folder) = (Issuer::new(), TempDir::new().unwrap());
    let (certificate, key) = issuer.issue(folder.path(), &[HOST]);
    let other = TempDir::new().unwrap();
    let (_, other_key) = issuer.issue(other.path(), &[HOST]);
    let data = folder.path().join("data");
    let nowhere = folder.path().join("none");
    for (flags, named) in [
        (vec!["--tls-cert", &certificate], "--tls-key"),
        (vec!["--http-listen", "127.0.0.1:0"], "--tls-domain"),
        (vec!["--tls-cert", &certificate, "--tls-key", &other_key], "private key"),
        (vec!["--tls-cert", &key, "--tls-key", &key], "certificate"),
        (vec!["--tls-cert", &certificate, "--tls-key", nowhere.to_str().unwrap()], "--tls-key"),
        (vec!["--tls-domain", HOST, "--tls-cert", &certificate, "--tls-key", &key], "--tls-domain"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data).args(&flags);
        let printed = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&printed.stderr);
        assert!(!printed.status.success() && text.contains(named), "{flags:?}: {text}");
    }
}

/// Pebble, the test server of ACME, which looks for proofs at the ports of a server.
struct Pebble {
    processes: [Child; 2],
    directory: String,
    ca: String,
    management: String,
    _folder: TempDir,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Pebble {
    /// `None` where there is none. Beside it runs a name server by which every host name leads here.
    async fn start(http: u16, tls: u16) -> Option<Self> {
        let names = free_port();
        let name_server = Command::new("pebble-challtestsrv")
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", &format!("127.0.0.1:{names}")])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
            .args(["-management", &format!("127.0.0.1:{}", free_port())])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(name_server) = name_server else {
            skip("there is no pebble");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let issuer = Issuer::new();
        let (certificate, key) = issuer.issue(folder.path(), &["localhost", "127.0.0.1"]);
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, issuer.pem()).unwrap();
        let (port, management) = (free_port(), free_port());
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": certificate, "privateKey": key, "httpPort": http, "tlsPort": tls, "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let file = folder.path().join("pebble.json");
        std::fs::File::create(&file).unwrap().write_all(config.to_string().as_bytes()).unwrap();
        let pebble = Command::new("pebble")
            .args(["-config", file.to_str().unwrap(), "-dnsserver", &format!("127.0.0.1:{names}")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let is_open = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, is_open).await.expect("pebble starts");
        Some(Self {
            processes: [name_server, pebble],
            directory: format!("https://localhost:{port}/dir"),
            ca: ca.to_str().unwrap().to_owned(),
            management: format!("https://localhost:{management}"),
            _folder: folder,
        })
    }

    /// Ends it. The files that a server's settings name stay.
    fn stop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// The authority of the certificates that it issues.
    async fn root(&self) -> String {
        let own = std::fs::read(&self.ca).unwrap();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&own).unwrap()])
            .build()
            .unwrap();
        let root = client.get(format!("{}/roots/0", self.management)).send().await.unwrap();
        root.text().await.unwrap()
    }

    fn flags(&self) -> [String; 4] {
        ["--acme-directory", &self.directory, "--acme-ca", &self.ca].map(str::to_owned)
    }
}

/// The certificate that a server shows, once it is another one than before.
async fn issued(connector: &TlsConnector, address: SocketAddr, before: Option<&Vec<u8>>) -> Vec<u8> {
    let waiting = async {
        loop {
            match shown(connector, address).await {
                Some(now) if Some(&now) != before => return now,
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), waiting).await.expect("there is a certificate")
}

/// Starts a server that gets its certificate from Pebble, which looks for the proof at one of its ports only.
async fn with_authority(by_http: bool) -> Option<(TestServer, Pebble, TlsConnector)> {
    let (listen, http, closed) = (free_port(), free_port(), free_port());
    let pebble = match by_http {
        true => Pebble::start(http, closed).await?,
        false => Pebble::start(closed, listen).await?,
    };
    let mut flags = ["--rate-limits", "off", "--tls-domain", HOST].map(str::to_owned).to_vec();
    flags.extend(pebble.flags());
    if by_http {
        flags.extend(["--http-listen".to_owned(), format!("127.0.0.1:{http}")]);
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let server = TestServer::at(listen, &flags).await;
    let connector = connector(&pebble.root().await, &[b"h2", b"http/1.1"]);
    Some((server, pebble, connector))
}

#[tokio::test]
async fn an_authority_issues_a_certificate_that_is_kept_and_renewed() {
    let Some((server, _pebble, connector)) = with_authority(false).await else { return };
    let first = issued(&connector, server.running.address, None).await;
    let folder = server.dir.path().join("acme");
    for file in ["account.json", "certificate.json"] {
        use std::os::unix::fs::PermissionsExt;
        let file = folder.join(file);
        // The server writes it before or just after it shows the certificate.
        let written = async {
            while !file.exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, written).await.unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(issued(&connector, server.running.address, None).await, first);
    server.clock.advance(Duration::from_secs(5 * 365 * 24 * 3_600));
    let second = issued(&connector, server.running.address, Some(&first)).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_certificate_for_other_host_names_is_shown_until_there_is_another_one() {
    let Some((server, mut pebble, connector)) = with_authority(false).await else { return };
    let first = issued(&connector, server.running.address, None).await;
    // The authority finds the proof at the same port only.
    let server = server.restart_with(&["--tls-domain", "second.example.org"]).await;
    let second = issued(&connector, server.running.address, Some(&first)).await;
    pebble.stop();
    let server = server.restart_with(&["--tls-domain", "third.example.org"]).await;
    assert_eq!(issued(&connector, server.running.address, None).await, second);
}

#[tokio::test]
async fn where_only_plain_http_is_reachable_the_proof_is_there() {
    let Some((server, _pebble, connector)) = with_authority(true).await else { return };
    let certificate = issued(&connector, server.running.address, None).await;
    assert!(!certificate.is_empty());
}
