//! PageFetcher of servers that mean well, and of others.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

/// What a server does after it was asked.
#[derive(Clone)]
enum Act {
    Answer(Vec<u8>),
    /// Says the beginning, and then the rest again and again.
    Forever(Vec<u8>, Vec<u8>),
    /// Says a byte every ten milliseconds.
    Dribble(Vec<u8>),
    Silence,
}

/// A server that always does the same, and the requests that it got.
struct Server {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", act).await
    }

    async fn at(address: &str, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (at, act, asked) =
            (listener.local_addr().unwrap(), Arc::new(act), Arc::<Mutex<Vec<_>>>::default());
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (act, log) = (act.clone(), log.clone());
                tokio::spawn(async move {
                    let mut socket = BufReader::new(socket);
                    let mut request = String::new();
                    while !request.ends_with("\r\n\r\n") {
                        if socket.read_line(&mut request).await.unwrap_or_default() == 0 {
                            return;
                        }
                    }
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    log.lock().unwrap().push(request);
                    let _ = perform(socket, act(&path)).await;
                });
            }
        });
        Self { at, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn perform(mut socket: BufReader<tokio::net::TcpStream>, act: Act) -> std::io::Result<()> {
    match act {
        Act::Answer(bytes) => socket.write_all(&bytes).await?,
        Act::Forever(start, again) => {
            socket.write_all(&start).await?;
            loop {
                socket.write_all(&again).await?;
            }
        }
        Act::Dribble(bytes) => {
            for byte in bytes {
                socket.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Act::Silence => std::future::pending::<()>().await,
    }
    Ok(())
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Act {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n\r\n");
    Act::Answer([head.as_bytes(), body].concat())
}

fn html(body: &str) -> Act {
    answer("200 OK", "Content-Type: text/html; charset=utf-8", body.as_bytes())
}

fn redirect(to: &str) -> Act {
    answer("302 Found", &format!("Location: {to}"), b"")
}

/// A reader that may reach 127.0.0.1 and gives up soon.
fn pages() -> PageFetcher {
    let pages = PageFetcher::new(vec!["127.0.0.1".parse().unwrap()]).unwrap();
    PageFetcher { timeout: Duration::from_secs(2), ..pages }
}

async fn title(act: Act) -> Result<String, PageError> {
    let server = Server::start(move |_| act.clone()).await;
    pages().read(&server.url("/")).await.map(|page| page.title)
}

#[tokio::test]
async fn a_page_is_asked_for_plainly_and_once() {
    let server = Server::start(|_| html("<title>Беседка</title>")).await;
    let page = pages().read(&server.url("/a?b=%D0%B6")).await.unwrap();
    assert_eq!(page.title, "Беседка");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let request = asked[0].to_ascii_lowercase();
    assert!(request.starts_with("get /a?b=%d0%b6 http/1.1\r\n"), "{request}");
    assert!(request.contains("besedka/") && request.contains("accept-encoding: identity\r\n"), "{request}");
    for header in ["referer", "cookie", "authorization", "x-forwarded"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn without_an_exception_the_machine_itself_is_never_asked() {
    let server = Server::start(|_| html("<title>secret</title>")).await;
    let pages = PageFetcher::new(Vec::new()).unwrap();
    for host in ["127.0.0.1", "2130706433", "0177.1", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let outcome = pages.read(&format!("http://{host}:{}/", server.at.port())).await;
        assert!(matches!(outcome, Err(PageError::Forbidden(_))), "{host}: {outcome:?}");
    }
    // By a name of which only the look-up tells that it is this machine.
    let outcome = pages.read("http://localhost/").await;
    assert!(matches!(outcome, Err(PageError::Failed(_))), "{outcome:?}");
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn redirections_are_followed_three_times() {
    let hops = |path: &str| match path.trim_start_matches('/').parse::<u32>() {
        Ok(0) => html("<title>there</title>"),
        Ok(left) => redirect(&format!("/{}", left - 1)),
        Err(_) => answer("302 Found", "X-Nowhere: 1", b""),
    };
    let server = Server::start(hops).await;
    let read = async |path: &str| pages().read(&server.url(path)).await;
    assert_eq!(read("/3").await.unwrap().title, "there");
    assert!(matches!(read("/4").await, Err(PageError::Redirected)));
    assert!(matches!(read("/nowhere").await, Err(PageError::Redirected)));
    assert_eq!(server.asked().len(), 4 + 4 + 1);
}

#[tokio::test]
async fn a_redirection_does_not_lead_where_one_may_not_ask() {
    let secret = Server::at("127.0.0.2:0", |_| html("<title>secret</title>")).await;
    let to_secret = secret.url("/");
    for to in [
        to_secret.as_str(),
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://2130706434/",
        "//127.0.0.2/",
        "file:///etc/passwd",
        "http://example.org:22/",
        "http://user:secret@127.0.0.1/",
    ] {
        let outcome = title(redirect(to)).await;
        assert!(matches!(outcome, Err(PageError::Forbidden(_))), "{to}: {outcome:?}");
    }
    assert_eq!(secret.asked().len(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_leads_nowhere_new() {
    let open = Server::start(|_| html("<title>open</title>")).await;
    let secret =
        Server::at(&format!("127.0.0.2:{}", open.at.port()), |_| html("<title>secret</title>")).await;
    let looked_up = Arc::new(AtomicUsize::new(0));
    let count = looked_up.clone();
    let names = move |_: String| -> futures_util::future::BoxFuture<'static, _> {
        // First an address that may be asked beside one that may not, then only the other.
        let (first, second) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let turn = count.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(if turn == 0 { vec![second, first] } else { vec![second] }) })
    };
    let guard = SsrfGuard::new(vec!["127.0.0.1".parse().unwrap()]).with_lookup(Arc::new(names));
    let http = client(&guard).unwrap();
    let url = format!("http://rebinding.example:{}/", open.at.port());
    assert!(http.get(&url).send().await.unwrap().text().await.unwrap().contains("open"));
    assert!(http.get(&url).send().await.is_err());
    // Each connection asks once, and goes where the answer says.
    assert_eq!(looked_up.load(Ordering::SeqCst), 2);
    assert_eq!((open.asked().len(), secret.asked().len()), (1, 0));
}

#[tokio::test]
async fn who_answers_slowly_or_not_at_all_is_left() {
    let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>".to_vec();
    let slow = Act::Dribble([page, vec![b'x'; 10_000]].concat());
    for act in [Act::Silence, slow, Act::Dribble(b"HTTP/1.1 200 OK\r\nX: ".repeat(1_000))] {
        let server = Server::start(move |_| act.clone()).await;
        let pages = PageFetcher { timeout: Duration::from_millis(300), ..pages() };
        assert!(matches!(pages.read(&server.url("/")).await, Err(PageError::TimedOut)));
    }
}

#[tokio::test]
async fn of_an_endless_page_only_the_head_is_read() {
    let start = |html: &str| format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{html}").into_bytes();
    // Without an end of the head, up to the bound; with one, until there.
    for html in ["<title>endless</title>", "<title>endless</title></HEAD>"] {
        let endless = Act::Forever(start(html), b"<p>and on".repeat(1_000));
        assert_eq!(title(endless).await.unwrap(), "endless", "{html}");
    }
    let headers = Act::Forever(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-More: and on\r\n".repeat(100));
    assert!(matches!(title(headers).await, Err(PageError::Failed(_))));
}

#[tokio::test]
async fn the_head_does_not_end_in_a_script_or_comment() {
    for before in ["<script>var end = '</head>';</script>", "<!-- </head> -->", "<style></head></style>"] {
        let html = format!("<html><head>{before}{}<title>found</title></head>", " ".repeat(100_000));
        let page = answer("200 OK", "Content-Type: text/html", html.as_bytes());
        assert_eq!(title(page).await.unwrap(), "found", "{before}");
    }
}

#[tokio::test]
async fn nothing_is_inflated() {
    let bomb = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
        let headers = format!("Content-Type: text/html\r\nContent-Encoding: {encoding}");
        assert!(
            matches!(title(answer("200 OK", &headers, bomb)).await, Err(PageError::NotAPage)),
            "{encoding}"
        );
    }
    let headers = "Content-Type: text/html\r\nContent-Encoding: identity";
    assert!(title(answer("200 OK", headers, b"<title>plain</title>")).await.is_ok());
}

#[tokio::test]
async fn only_pages_are_read() {
    for kind in
        ["application/pdf", "image/svg+xml", "text/plain", "text/htmlx", "", "application/octet-stream"]
    {
        let act = answer("200 OK", &format!("Content-Type: {kind}"), b"<title>no</title>");
        assert!(matches!(title(act).await, Err(PageError::NotAPage)), "{kind}");
    }
    assert!(matches!(title(answer("200 OK", "X: 1", b"<title>no</title>")).await, Err(PageError::NotAPage)));
    for kind in ["text/html", "TEXT/HTML;charset=utf-8", "application/xhtml+xml"] {
        let act = answer("200 OK", &format!("Content-Type: {kind}"), b"<title>yes</title>");
        assert_eq!(title(act).await.unwrap(), "yes", "{kind}");
    }
    for status in ["404 Not Found", "500 Internal Server Error", "100 Continue"] {
        let outcome = title(answer(status, "Content-Type: text/html", b"<title>no</title>")).await;
        assert!(outcome.is_err(), "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn pages_of_other_alphabets_are_read() {
    let russian = b"<title>\xc1\xe5\xf1\xe5\xe4\xea\xe0</title>";
    for kind in ["text/html; charset=windows-1251", "text/html; Charset=\"cp1251\"", "text/html"] {
        let act = answer("200 OK", &format!("Content-Type: {kind}"), russian);
        assert_eq!(title(act).await.unwrap(), "Беседка", "{kind}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_a_failure() {
    assert!(matches!(
        title(Act::Answer(b"220 smtp.example ESMTP\r\n".to_vec())).await,
        Err(PageError::Failed(_))
    ));
    assert!(matches!(title(Act::Answer(Vec::new())).await, Err(PageError::Failed(_))));
    let cut = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<title>".to_vec();
    assert!(matches!(title(Act::Answer(cut)).await, Err(PageError::Failed(_))));
    // A server that does not speak TLS.
    let server = Server::start(|_| html("<title>plain</title>")).await;
    let outcome = pages().read(&server.url("/").replace("http:", "https:")).await;
    assert!(matches!(outcome, Err(PageError::Failed(_))), "{outcome:?}");
}
