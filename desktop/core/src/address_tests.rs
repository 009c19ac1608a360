use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const BESEDKA: &str = r#"{"openapi":"3.0.0","info":{"title":"Besedka v1","version":"0.1.0"}}"#;

fn client() -> Client {
    crate::net::start();
    Client::builder().no_proxy().build().unwrap()
}

/// A server that answers every request with this.
async fn serve(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let _ = line.read(&mut [0; 4096]).await;
                let _ = line.write_all(answer.as_bytes()).await;
                let _ = line.shutdown().await;
            });
        }
    });
    address
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// A TLS server with a certificate of an authority of its own; answers the authority, too.
async fn serve_tls(names: &[&str], is_expired: bool) -> (SocketAddr, String) {
    crate::net::start();
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut leaf =
        rcgen::CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
    if is_expired {
        leaf.not_before = rcgen::date_time_ymd(2020, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut line) = acceptor.accept(line).await else { return };
                let _ = line.read(&mut [0; 4096]).await;
                let _ = line.write_all(http("200 OK", BESEDKA).as_bytes()).await;
                let _ = line.shutdown().await;
            });
        }
    });
    (address, pem)
}

async fn trouble_at(address: &str) -> Trouble {
    check(&client(), address, "0.1.0").await.unwrap_err()
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "   ",
        "https://",
        "two words",
        "ftp://a.example",
        "https://user:secret@a.example",
        "javascript:alert(1)",
        "a.example:99999",
        ".",
    ] {
        assert_eq!(parse(text).unwrap_err(), Trouble::Malformed, "{text}");
    }
}

#[test]
fn links_name_their_server_too() {
    let parsed = |text: &str| parse(text).map(|entered| (entered.url.to_string(), entered.path)).unwrap();
    let address = |url: &str, path: &str| (url.to_owned(), path.to_owned());
    assert_eq!(parsed(" chat.example.ru "), address("https://chat.example.ru/", ""));
    assert_eq!(parsed("чат.рф"), address("https://xn--80a0bn.xn--p1ai/", ""));
    assert_eq!(parsed("https://a.example/join/abc?x=1#y"), address("https://a.example/", "/join/abc"));
    assert_eq!(parsed("https://a.example/chat/chats/5"), address("https://a.example/chat", "/chats/5"));
    assert_eq!(parsed("http://10.0.0.5:8000/"), address("http://10.0.0.5:8000/", ""));
}

#[tokio::test]
async fn a_server_is_found_and_named() {
    let address = serve(http("200 OK", BESEDKA)).await;
    // Without a scheme: a server on this computer may do without TLS.
    let found = check(&client(), &format!("{address}/join/abc"), "0.1.0").await.unwrap();
    assert_eq!(found.server.url.as_str(), format!("http://{address}/"));
    assert_eq!((found.server.version.as_str(), found.path.as_str()), ("0.1.0", "/join/abc"));
    assert_eq!(found.notes, []);
}

#[tokio::test]
async fn a_redirect_is_followed_and_the_answers_address_is_kept() {
    let server = serve(http("200 OK", BESEDKA)).await;
    let front = serve(format!(
        "HTTP/1.1 308 Moved\r\nLocation: http://{server}/chat/openapi/v1.json\r\nContent-Length: 0\r\n\r\n"
    ))
    .await;
    let found = check(&client(), &format!("http://{front}"), "0.1.0").await.unwrap();
    assert_eq!(found.server.url.as_str(), format!("http://{server}/chat"));
}

#[tokio::test]
async fn what_is_not_besedka_is_said_so() {
    let is_foreign = |trouble| matches!(trouble, Trouble::NotBesedka { .. });
    for body in [
        "<html>Welcome to nginx!</html>",
        "{}",
        r#"{"info":{"title":"Petstore","version":"1.0.0"}}"#,
        r#"{"info":{"title":"Besedka v1","version":"new"}}"#,
    ] {
        let address = serve(http("200 OK", body)).await;
        assert!(is_foreign(trouble_at(&format!("http://{address}")).await), "{body}");
    }
    let address = serve(http("404 Not Found", "")).await;
    assert!(is_foreign(trouble_at(&format!("http://{address}")).await));
}

#[tokio::test]
async fn a_server_that_fails_is_not_called_foreign() {
    let address = serve(http("503 Service Unavailable", "")).await;
    assert!(matches!(trouble_at(&format!("http://{address}")).await, Trouble::Failing { status: 503, .. }));
}

#[tokio::test]
async fn older_and_newer_servers_are_told_apart() {
    let at = |version: &str| http("200 OK", &BESEDKA.replace("0.1.0", version));
    let old = serve(at("0.0.9")).await;
    assert!(
        matches!(trouble_at(&format!("http://{old}")).await, Trouble::TooOld { version, .. } if version == "0.0.9")
    );
    let new = serve(at("3.2.1-beta.1")).await;
    assert_eq!(check(&client(), &format!("http://{new}"), "0.1.0").await.unwrap().notes, [Note::Newer]);
    // A newer correction is nothing to speak of.
    let fixed = serve(at("0.1.7")).await;
    assert_eq!(check(&client(), &format!("http://{fixed}"), "0.1.0").await.unwrap().notes, []);
}

#[tokio::test]
async fn nothing_that_listens_and_no_such_name() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(matches!(trouble_at(&format!("http://{free}")).await, Trouble::Unreachable { .. }));
    assert!(
        matches!(trouble_at("https://nobody.invalid").await, Trouble::NoHost { host } if host == "nobody.invalid")
    );
}

#[tokio::test]
async fn an_answer_without_encryption_is_not_taken_for_one_with() {
    let address = serve(http("200 OK", BESEDKA)).await;
    assert!(matches!(trouble_at(&format!("https://{address}")).await, Trouble::NotTls { .. }));
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_has_its_words() {
    let (unknown, _) = serve_tls(&["127.0.0.1"], false).await;
    assert!(matches!(trouble_at(&format!("https://{unknown}")).await, Trouble::CertificateIssuer { .. }));
}

#[test]
fn what_windows_says_of_a_chain_without_its_root_is_understood() {
    let said = |text: &'static str| {
        let other = rustls::OtherError(Arc::new(std::io::Error::other(text)));
        certificate(&CertificateError::Other(other), "a.example".to_owned())
    };
    let chaining = "Цепочка сертификатов не может быть построена до доверенного корневого центра. (os error -2146762486)";
    assert!(matches!(said(chaining), Trouble::CertificateIssuer { .. }));
    assert!(matches!(
        said("The signature cannot be verified. (os error -2146869244)"),
        Trouble::Certificate { .. }
    ));
}

#[tokio::test]
async fn each_flaw_of_a_certificate_has_its_words() {
    let trusting = |pem: &str| {
        let certificates = crate::net::read_authorities(pem.as_bytes());
        assert_eq!(certificates.len(), 1);
        Client::builder().no_proxy().tls_certs_merge(certificates).build().unwrap()
    };
    let check_at = async |client: &Client, address: SocketAddr| {
        check(client, &format!("https://{address}"), "0.1.0").await
    };
    let (expired, pem) = serve_tls(&["127.0.0.1"], true).await;
    assert!(matches!(
        check_at(&trusting(&pem), expired).await.unwrap_err(),
        Trouble::CertificateExpired { .. }
    ));
    let (other, pem) = serve_tls(&["other.example"], false).await;
    assert!(matches!(check_at(&trusting(&pem), other).await.unwrap_err(), Trouble::CertificateName { .. }));
    // An authority of one's own.
    let (right, pem) = serve_tls(&["127.0.0.1"], false).await;
    assert_eq!(
        check_at(&trusting(&pem), right).await.unwrap().server.url.as_str(),
        format!("https://{right}/")
    );
}

#[test]
fn every_trouble_has_plain_words_in_both_languages() {
    let host = || "a.example".to_owned();
    let all = [
        Trouble::Malformed,
        Trouble::NoHost { host: host() },
        Trouble::Unreachable { host: host() },
        Trouble::NotTls { host: host() },
        Trouble::NotBesedka { host: host() },
        Trouble::Failing { host: host(), status: 503 },
        Trouble::TooOld { host: host(), version: "0.0.9".to_owned() },
        Trouble::CertificateExpired { host: host() },
        Trouble::CertificateName { host: host() },
        Trouble::CertificateIssuer { host: host() },
        Trouble::Certificate { host: host() },
    ];
    for language in ["ru", "en"] {
        let texts = Texts::load(Path::new("/nonexistent"), &[language.to_owned()]);
        for trouble in &all {
            let text = trouble.text(&texts);
            assert!(!text.contains("desktop.") && !text.contains("{{") && text.len() > 40, "{text}");
            assert!(*trouble == Trouble::Malformed || text.contains("a.example"), "{text}");
            assert_eq!(text.chars().any(|letter| ('а'..='я').contains(&letter)), language == "ru", "{text}");
        }
    }
}
