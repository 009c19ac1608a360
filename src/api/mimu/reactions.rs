//! `/api/v1/messages/{id}/reactions`: reactions to messages.

use poem::Request;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::messages::{Touched, chat_of, message_id, of_chat, touched};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger};

pub struct Reactions;

/// A reaction to a message.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Reaction {
    chat_id: Option<String>,
    emoji: String,
}

impl Example for Reaction {
    fn example() -> Self {
        Self { chat_id: Some("chat-1711453500000".to_owned()), emoji: "👍".to_owned() }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Reactions {
    /// Add a reaction
    #[oai(path = "/api/v1/messages/:message_id/reactions", method = "post", operation_id = "react")]
    async fn react(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<String>,
        body: JsonBody<Reaction>,
    ) -> Answer<Touched> {
        let caller = messenger.as_user(caller.0);
        let message = of_chat(caller, &message_id.0, body.0.chat_id.as_deref()).await?;
        touched(message.react(body.0.emoji.trim()).await?.id)
    }

    /// Remove a reaction
    ///
    /// The chat is named in the header `X-ChatId`; the emoji in `X-Emoji`, as UTF-8 or percent-encoded, or in
    /// the query. Succeeds if there is no such reaction.
    #[oai(path = "/api/v1/messages/:message_id/reactions", method = "delete", operation_id = "unreact")]
    async fn unreact(
        &self,
        messenger: Data<&Messenger>,
        request: &Request,
        caller: SignedIn,
        message_id: Path<String>,
        emoji: Query<Option<String>>,
    ) -> Answer<Touched> {
        let caller = messenger.as_user(caller.0);
        let emoji = match emoji.0 {
            Some(emoji) => emoji,
            None => emoji_of(request).ok_or_else(|| Error::invalid("X-Emoji", "is missing"))?,
        };
        let id = self::message_id(&message_id.0)?;
        let message = caller.message_called(chat_of(request), id).await?;
        if message.has_reaction(emoji.trim()) {
            message.unreact(emoji.trim()).await?;
        }
        touched(id)
    }
}

/// Reads the emoji from a header as bytes, because libraries only return ASCII headers as text.
fn emoji_of(request: &Request) -> Option<String> {
    let given = request.headers().get("X-Emoji")?.as_bytes();
    let mut bytes = Vec::with_capacity(given.len());
    let mut rest = given;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_read_raw_and_percent_encoded() {
        let read = |value: &[u8]| {
            let value = poem::http::HeaderValue::from_bytes(value).unwrap();
            emoji_of(&Request::builder().header("X-Emoji", value).finish())
        };
        for emoji in ["👍", "❤️", "👩‍💻", "1️⃣"] {
            let encoded: String = emoji.bytes().map(|byte| format!("%{byte:02x}")).collect();
            assert_eq!(read(emoji.as_bytes()).as_deref(), Some(emoji));
            assert_eq!(read(encoded.as_bytes()).as_deref(), Some(emoji));
        }
        assert_eq!(read(b"100%").as_deref(), Some("100%"), "an invalid escape is kept");
        assert_eq!(read(b"\xff"), None);
    }
}
