//! A receiver that costs next to nothing: the handshake by hand, then bytes straight from the TCP
//! socket into one buffer that all receivers share, of which only the frame headers are parsed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{Error, Result};

/// The key of the example in RFC 6455 and the answer that goes with it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

pub(crate) struct Socket {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come yet.
    rest: Vec<u8>,
}

thread_local! {
    static CHUNK: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 * 1024]);
}

impl Socket {
    /// Connects and waits until the server says that it is live from here.
    pub(crate) async fn open(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let rest = Vec::new();
        let mut socket = Self { stream, rest };
        timeout(Duration::from_secs(20), async {
            socket.shake_hands(token).await?;
            socket.until_ready().await
        })
        .await
        .map_err(|_| "a socket was not ready within 20 s")??;
        Ok(socket)
    }

    async fn shake_hands(&mut self, token: &str) -> Result<()> {
        let hello = format!(
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\
             Authorization: Bearer {token}\r\n\r\n"
        );
        self.stream.write_all(hello.as_bytes()).await?;
        let mut head = Vec::with_capacity(512);
        let end = loop {
            if self.stream.read_buf(&mut head).await? == 0 {
                return Err("the server closed a socket during its handshake".into());
            }
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        self.rest = head.split_off(end);
        let head = String::from_utf8_lossy(&head);
        if !head.starts_with("HTTP/1.1 101 ") || !head.contains(ACCEPT) {
            return Err(format!("a socket was refused: {head}").into());
        }
        Ok(())
    }

    async fn until_ready(&mut self) -> Result<()> {
        let mut ready = false;
        // The handshake may have brought the first frames along.
        let mut bytes = std::mem::take(&mut self.rest);
        let (read, _) = split(&bytes, |frame| {
            ready |= event(frame)? == "ready";
            Ok(())
        })?;
        self.rest = bytes.split_off(read);
        while !ready {
            self.frames(|frame| {
                ready |= event(frame)? == "ready";
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until something comes, and hands over each text frame of it. Pings are answered; a
    /// close by the server is an error that tells its code.
    pub(crate) async fn frames(&mut self, each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        poll_fn(|context| self.stream.poll_read_ready(context)).await?;
        let pongs = CHUNK.with_borrow_mut(|chunk| {
            let kept = self.rest.len();
            chunk[..kept].copy_from_slice(&self.rest);
            let filled = match self.stream.try_read(&mut chunk[kept..]) {
                Ok(0) => return Err("the server ended a socket without a close frame".into()),
                Ok(read) => kept + read,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(Vec::new()),
                Err(why) => return Err(why.into()),
            };
            let (read, pongs) = split(&chunk[..filled], each)?;
            self.rest.clear();
            self.rest.extend_from_slice(&chunk[read..filled]);
            Ok::<_, Error>(pongs)
        })?;
        if !pongs.is_empty() {
            self.stream.write_all(&pongs).await?;
        }
        Ok(())
    }
}

/// The kind of a frame that is read with care.
pub(crate) fn event(frame: &[u8]) -> Result<String> {
    let frame: Value = serde_json::from_slice(frame)?;
    let event = frame["event"].as_str().ok_or("a frame without event")?;
    if matches!(event, "error" | "gap") {
        return Err(format!("the socket said {frame}").into());
    }
    Ok(event.to_owned())
}

/// Goes through the whole frames in `bytes`: how far they reach, and the pongs for pings among them.
fn split(bytes: &[u8], mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<(usize, Vec<u8>)> {
    let (mut at, mut pongs) = (0, Vec::new());
    while let Some((kind, payload)) = frame(&bytes[at..]) {
        let end = at + payload.end;
        let payload = bytes.get(at + payload.start..end).unwrap_or_default();
        match kind {
            TEXT => each(payload)?,
            PING => {
                // Masked, as a client's frames must be, with a mask of zeros.
                pongs.extend_from_slice(&[PONG, 0x80 | payload.len() as u8, 0, 0, 0, 0]);
                pongs.extend_from_slice(payload);
            }
            PONG => {}
            CLOSE => return Err(closed(payload).into()),
            other => return Err(format!("an unexpected frame {other:#04x}").into()),
        }
        at = end;
    }
    Ok((at, pongs))
}

/// The first frame, if it is whole: its first byte, and where its payload is.
fn frame(bytes: &[u8]) -> Option<(u8, Range<usize>)> {
    let (start, length): (usize, usize) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let end = start.checked_add(length)?;
    (bytes.len() >= end).then_some((bytes[0], start..end))
}

fn closed(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let reason = String::from_utf8_lossy(reason);
            format!("the server closed a socket with {code} {reason}")
        }
        _ => "the server closed a socket".into(),
    }
}
