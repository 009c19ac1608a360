//! Conversations and messages have UUIDs in this API, which encode their numeric IDs.

use uuid::Uuid;

use super::{Answer, Refusal};
use besedka_core::messenger::Error;
use besedka_core::model::{ChatId, MessageId};

/// The kind of object. It is part of the UUID, so that a message is not mistaken for a conversation.
#[derive(Clone, Copy)]
enum Noun {
    Conversation = 1,
    Message = 2,
    /// An external file that a message links to.
    File = 3,
}

/// The first 48 bits: a fixed random value.
const MARK: u128 = 0x6265_7365_646b;

/// A UUID of version 8, whose bits are application-defined (RFC 9562, 5.8): the fixed value, the kind of
/// object, the ID.
fn uuid(noun: Noun, number: i64) -> Uuid {
    let version = 8_u128 << 76;
    let variant = 0b10_u128 << 62;
    let number = u128::from(number.cast_unsigned()) & ((1 << 62) - 1);
    Uuid::from_u128(MARK << 80 | version | (noun as u128) << 64 | variant | number)
}

fn number(noun: Noun, text: &str) -> Option<i64> {
    let given = Uuid::try_parse(text).ok()?;
    let number = (given.as_u128() & ((1 << 62) - 1)) as i64;
    (uuid(noun, number) == given).then_some(number)
}

pub fn of_chat(chat: ChatId) -> String {
    uuid(Noun::Conversation, chat.0).to_string()
}

pub fn of_message(message: MessageId) -> String {
    uuid(Noun::Message, message.0).to_string()
}

/// The index of an external file in its message, which has at most 16.
pub fn of_file(message: MessageId, index: usize) -> String {
    uuid(Noun::File, message.0 << 4 | index as i64 & 15).to_string()
}

/// A UUID that this server did not create refers to nothing.
pub fn chat(text: &str) -> Answer<ChatId> {
    let found = number(Noun::Conversation, text).map(ChatId);
    found.ok_or_else(|| Refusal::from(Error::NotFound("conversation")))
}

pub fn message(text: &str) -> Answer<MessageId> {
    let found = number(Noun::Message, text).map(MessageId);
    found.ok_or_else(|| Refusal::from(Error::NotFound("message")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_from_its_uuid_and_from_no_other() {
        for id in [0, 1, 253_402_300_927, (1 << 53) - 1] {
            let text = of_chat(ChatId(id));
            assert_eq!(Uuid::try_parse(&text).unwrap().get_version_num(), 8);
            assert_eq!(chat(&text).ok(), Some(ChatId(id)));
            assert!(message(&text).is_err(), "a conversation is no message");
            assert_eq!(message(&of_message(MessageId(id))).ok(), Some(MessageId(id)));
        }
        for wrong in ["", "1", "uuid", "00000000-0000-0000-0000-000000000000", &Uuid::new_v4().to_string()] {
            assert!(chat(wrong).is_err(), "{wrong}");
        }
    }
}
