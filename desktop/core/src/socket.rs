//! The live connection: a page cannot open it by the shell's scheme, so it is the shell's, and its frames pass
//! through a channel of Tauri.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::StatusCode;
use reqwest::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role};
use url::Url;

const OPEN: Duration = Duration::from_secs(30);
/// The line broke without a word (RFC 6455 7.1.5).
const BROKEN: u16 = 1006;
const NO_CODE: u16 = 1005;
/// A page sends little: what waits longer than this many frames has no line to go.
const WAITING: usize = 256;

/// What a page hears of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Heard {
    Open,
    Text { text: String },
    Closed { code: u16, reason: String },
}

enum Said {
    Text(String),
    Close(u16),
}

/// The open sockets, by window and number.
#[derive(Default)]
pub struct Sockets {
    open: Mutex<HashMap<(String, u32), mpsc::Sender<Said>>>,
}

impl Sockets {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, u32), mpsc::Sender<Said>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A socket of a window, to be run: it tells what comes of it.
    pub fn open<Tell: Fn(Heard) + Send + Sync + 'static>(
        &self,
        window: &str,
        id: u32,
        client: reqwest::Client,
        server: &Url,
        tell: Tell,
    ) -> impl Future<Output = ()> + Send + use<Tell> {
        let (said, hears) = mpsc::channel(WAITING);
        let mut open = self.lock();
        // The server ends sockets too, and the page then opens another.
        open.retain(|_, sender| !sender.is_closed());
        open.insert((window.to_owned(), id), said);
        drop(open);
        let address = format!("{}/ws", server.as_str().trim_end_matches('/'));
        async move {
            let (code, reason) = match tokio::time::timeout(OPEN, connect(&client, &address)).await {
                Ok(Ok(stream)) => {
                    tell(Heard::Open);
                    converse(stream, hears, &tell).await
                }
                Ok(Err(error)) => (BROKEN, error),
                Err(_) => (BROKEN, "no answer".to_owned()),
            };
            tell(Heard::Closed { code, reason });
        }
    }

    pub fn send(&self, window: &str, id: u32, text: String) {
        self.say(window, id, Said::Text(text));
    }

    pub fn close(&self, window: &str, id: u32, code: u16) {
        self.say(window, id, Said::Close(code));
        self.lock().remove(&(window.to_owned(), id));
    }

    /// The window shows another page, or is gone: its senders are dropped, which ends the sockets.
    pub fn close_all(&self, window: &str) {
        self.lock().retain(|(owner, _), _| owner != window);
    }

    fn say(&self, window: &str, id: u32, said: Said) {
        let found = self.lock().get(&(window.to_owned(), id)).cloned();
        if let Some(sender) = found
            && sender.try_send(said).is_err()
        {
            // The line is dead: the page hears of it by the silence.
            self.lock().remove(&(window.to_owned(), id));
        }
    }
}

type Stream = WebSocketStream<reqwest::Upgraded>;

async fn connect(client: &reqwest::Client, address: &str) -> Result<Stream, String> {
    let key = generate_key();
    let answer = client
        .get(address)
        .header(CONNECTION, HeaderValue::from_static("Upgrade"))
        .header(UPGRADE, HeaderValue::from_static("websocket"))
        .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
        .header(SEC_WEBSOCKET_KEY, &key)
        .send()
        .await
        .map_err(|error| error.to_string())?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(format!("the server answered {}", answer.status()));
    }
    let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT).and_then(|value| value.to_str().ok());
    if accepted != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err("the server did not accept the key".to_owned());
    }
    let line = answer.upgrade().await.map_err(|error| error.to_string())?;
    Ok(WebSocketStream::from_raw_socket(line, Role::Client, None).await)
}

/// Passes frames both ways until one side closes; tells code and reason.
async fn converse(
    mut stream: Stream,
    mut hears: mpsc::Receiver<Said>,
    tell: impl Fn(Heard),
) -> (u16, String) {
    loop {
        tokio::select! {
            frame = stream.next() => match frame {
                Some(Ok(Message::Text(text))) => tell(Heard::Text { text: text.to_string() }),
                Some(Ok(Message::Close(frame))) => {
                    return frame.map_or((NO_CODE, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                }
                // Pings are answered by the library; binary frames are not in use.
                Some(Ok(_)) => {}
                Some(Err(error)) => return (BROKEN, error.to_string()),
                None => return (BROKEN, String::new()),
            },
            said = hears.recv() => match said {
                Some(Said::Text(text)) => {
                    if let Err(error) = stream.send(Message::text(text)).await {
                        return (BROKEN, error.to_string());
                    }
                }
                Some(Said::Close(code)) => {
                    drop(stream.close(Some(CloseFrame { code: CloseCode::from(code), reason: "".into() })).await);
                    return (code, String::new());
                }
                None => {
                    drop(stream.close(None).await);
                    return (NO_CODE, String::new());
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sockets_that_ended_are_forgotten() {
        crate::net::start();
        let (client, nobody) = (reqwest::Client::new(), Url::parse("http://127.0.0.1:1").unwrap());
        let sockets = Sockets::default();
        for id in 0..9 {
            sockets.open("account-1", id, client.clone(), &nobody, |_| ()).await;
        }
        assert_eq!(sockets.lock().len(), 1);
    }
}
