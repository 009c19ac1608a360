//! Reads the body of a request as a whole.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use poem::Body;
use poem::error::ReadBodyError;

/// The pieces of a body that came so far. Most bodies are one piece, which is not copied.
#[derive(Default)]
pub struct Pieces {
    first: Bytes,
    /// All, once there are several.
    joined: BytesMut,
}

impl Pieces {
    pub fn push(&mut self, piece: Bytes) {
        if self.size() == 0 {
            self.first = piece;
            return;
        }
        if self.joined.is_empty() {
            self.joined.extend_from_slice(&self.first);
        }
        self.joined.extend_from_slice(&piece);
    }

    pub fn size(&self) -> usize {
        self.first.len().max(self.joined.len())
    }

    pub fn join(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}

/// The bytes of a body, which may be at most `limit`.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, ReadBodyError> {
    let mut stream = Box::pin(body.into_bytes_stream());
    let mut pieces = Pieces::default();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        if pieces.size() + piece.len() > limit {
            return Err(ReadBodyError::PayloadTooLarge);
        }
        pieces.push(piece);
    }
    Ok(pieces.join())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(pieces: &'static [&'static str]) -> Body {
        let pieces = pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece));
        Body::from_bytes_stream(futures_util::stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_is_read_whole_and_no_further_than_allowed() {
        assert_eq!(read(Body::empty(), 0).await.unwrap(), "");
        assert_eq!(read(Body::from("whole"), 5).await.unwrap(), "whole");
        assert_eq!(read(in_pieces(&["in ", "", "many ", "pieces"]), 14).await.unwrap(), "in many pieces");
        for body in [Body::from("whole"), in_pieces(&["wh", "ole"])] {
            assert!(matches!(read(body, 4).await, Err(ReadBodyError::PayloadTooLarge)));
        }
    }
}
