//! HTTP/1.1 by hand over one kept connection: a request goes out as the bytes it is, of an answer
//! only the status and the length are read. A general client would cost more than the server.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Result;

/// A server that answers later than this has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// Refuses any other status, in the server's own words.
    pub(crate) fn expect(&self, status: u16) -> Result<()> {
        if self.status == status {
            return Ok(());
        }
        let words = String::from_utf8_lossy(self.body);
        Err(format!("answered {} instead of {status}: {words}", self.status).into())
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 16 * 1024] })
    }

    /// Sends one whole request and waits for its whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.ask_within(PATIENCE, request).await
    }

    /// The same for what may take longer.
    pub(crate) async fn ask_within(&mut self, patience: Duration, request: &[u8]) -> Result<Answer<'_>> {
        let answer = timeout(patience, self.exchange(request)).await;
        answer.map_err(|_| format!("no answer within {patience:?}"))?
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled).await?;
            if let Some(head) = Head::parse(&self.buffer[..filled])? {
                break head;
            }
        };
        let end = head.end + head.length;
        while filled < end {
            filled += self.read(filled).await?;
        }
        if filled > end {
            return Err("an answer was longer than its Content-Length".into());
        }
        Ok(Answer { status: head.status, body: &self.buffer[head.end..end] })
    }

    /// For what is not measured: JSON there, JSON back, and the status that it must have.
    pub(crate) async fn call(
        &mut self,
        (method, path): (&str, &str),
        token: Option<&str>,
        body: &Value,
        status: u16,
    ) -> Result<Value> {
        let answer = self.ask(&request(method, path, token, body)).await?;
        answer.expect(status).map_err(|why| format!("{method} {path} {why}"))?;
        Ok(match answer.body {
            [] => Value::Null,
            body => serde_json::from_slice(body)?,
        })
    }

    async fn read(&mut self, filled: usize) -> Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        match self.stream.read(&mut self.buffer[filled..]).await? {
            0 => Err("the server closed a kept connection".into()),
            read => Ok(read),
        }
    }
}

/// The bytes of a request; `Null` is no body.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: &Value) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    if let Some(token) = token {
        head += &format!("Authorization: Bearer {token}\r\n");
    }
    if method != "GET" {
        head += &format!("Idempotency-Key: {KEY_START}{:012}\r\n", next_key());
    }
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    if !body.is_empty() {
        head += "Content-Type: application/json\r\n";
    }
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// An idempotency key is a UUID: this, and twelve digits that no other request of the run has.
pub(crate) const KEY_START: &str = "be5edca0-0000-4000-8000-";

pub(crate) fn next_key() -> u64 {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    KEYS.fetch_add(1, Ordering::Relaxed)
}

struct Head {
    status: u16,
    end: usize,
    length: usize,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let mut lines = bytes[..end].split(|byte| *byte == b'\n');
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix(b"HTTP/1.1 "))
            .and_then(|rest| number(rest.get(..3)?))
            .ok_or("not an HTTP/1.1 answer")?;
        let length = lines
            .find(|line| line.get(..15).is_some_and(|name| name.eq_ignore_ascii_case(b"content-length:")))
            .and_then(|line| number(line[15..].trim_ascii()));
        let length = match (length, status) {
            (Some(length), _) => length,
            (None, 204 | 304) => 0,
            (None, _) => return Err("an answer without Content-Length".into()),
        };
        Ok(Some(Self { status: u16::try_from(status)?, end: end + 4, length }))
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
