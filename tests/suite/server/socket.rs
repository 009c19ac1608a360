//! The other end of a socket of v1.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::PATIENCE;
use crate::conformance;

/// A socket of v1.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Whether it is v1's, of which a document describes every frame.
    is_described: bool,
}

impl Socket {
    /// `query` begins with `?`. An error holds the status that refused the handshake.
    pub async fn open(url: &str, query: &str) -> Result<Self, u16> {
        let url = format!("{}/ws{query}", url.replace("http://", "ws://"));
        Self::with_request(url.into_client_request().unwrap()).await
    }

    pub async fn with_request(
        request: tokio_tungstenite::tungstenite::handshake::client::Request,
    ) -> Result<Self, u16> {
        let is_described = matches!(request.uri().path(), "/ws" | "/api/v1/ws");
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream, is_described }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Nothing when it can't be opened, for whatever reason.
    pub async fn try_open(url: &str, query: &str) -> Option<Self> {
        let url = format!("{}/ws{query}", url.replace("http://", "ws://"));
        let (stream, _) = tokio_tungstenite::connect_async(url).await.ok()?;
        Some(Self { stream, is_described: true })
    }

    pub async fn send(&mut self, frame: Value) {
        self.raw(Message::text(frame.to_string())).await;
    }

    pub async fn raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next frame but of presence, which comes when it comes. An error holds the code with which the socket
    /// was closed.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let frame = self.any().await?;
            if frame["event"] != "presence" {
                return Ok(frame);
            }
        }
    }

    /// The next frame, whatever it is.
    pub async fn any(&mut self) -> Result<Value, u16> {
        let next = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let frame = serde_json::from_str(&text).unwrap();
                        if self.is_described {
                            conformance::check_frame(&frame);
                        }
                        return Ok(frame);
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map_or(0, |frame| CloseCode::into(frame.code)));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(1006),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("something arrives in time")
    }

    /// Reads frames until one of an event, and answers its data.
    pub async fn until(&mut self, event: &str) -> Value {
        loop {
            let frame = self.any().await.expect("the socket stays open");
            if frame["event"] == event {
                return frame["data"].clone();
            }
        }
    }

    /// The code with which it is closed.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}
