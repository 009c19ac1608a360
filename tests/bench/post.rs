//! A message as a request made ready once, in which only the idempotency key and the mark change.
//!
//! The mark opens the content: who posted it, the how-manieth it is, and when it left. Whoever
//! receives it can tell what is missing, what came twice, and how long it took.

use std::sync::LazyLock;
use std::time::Instant;

use serde_json::{Value, json};

use crate::http::{KEY_START, next_key, request};

/// An ordinary sentence: with the mark before it a content of about a hundred characters.
const TEXT: &str = "shall we meet in the garden at six, as we did last week?";
const BLANK: &str = "~~0000.0000000000.0000000000000000";
/// Bytes of every content.
pub(crate) const TEXT_LENGTH: usize = BLANK.len() + 1 + TEXT.len();

/// What is said, with room for the mark.
pub(crate) fn sentence() -> String {
    format!("{BLANK} {TEXT}")
}

pub(crate) struct Post {
    request: Vec<u8>,
    key: usize,
    mark: usize,
}

impl Post {
    /// The most bytes that it can say instead of the ordinary sentence.
    pub(crate) const ROOM: usize = TEXT.len();

    pub(crate) fn new(token: &str, chat: u64, sender: usize) -> Self {
        let body = json!({"chat_id": chat, "type": "text", "content": sentence()});
        Self::of("/api/v1/messages", token, &body, sender)
    }

    /// By any API; somewhere in the body the [`sentence`] is said.
    pub(crate) fn of(path: &str, token: &str, body: &Value, sender: usize) -> Self {
        let mut request = request("POST", path, Some(token), body);
        let key = find(&request, KEY_START.as_bytes()) + KEY_START.len();
        let mark = find(&request, BLANK.as_bytes());
        write(&mut request[mark + 2..mark + 6], sender as u64);
        Self { request, key, mark }
    }

    /// Says something else, made as long as the ordinary sentence.
    pub(crate) fn say(&mut self, words: &str) {
        let start = self.mark + BLANK.len() + 1;
        let room = self.request[start..start + Self::ROOM].iter_mut();
        for (place, byte) in room.zip(words.bytes().chain(std::iter::repeat(b'.'))) {
            *place = byte;
        }
    }

    /// The request with a fresh key, its number among the messages, and the present time.
    pub(crate) fn stamped(&mut self, ticket: u64) -> &[u8] {
        write(&mut self.request[self.key..self.key + 12], next_key());
        write(&mut self.request[self.mark + 7..self.mark + 17], ticket);
        write(&mut self.request[self.mark + 18..self.mark + 34], now());
        &self.request
    }
}

/// A mark found in a frame.
pub(crate) struct Mark<'a>(&'a [u8]);

impl<'a> Mark<'a> {
    /// Looks where the last one was (`guess`) before it looks everywhere: frames of one chat differ
    /// by a digit or two.
    pub(crate) fn find(frame: &'a [u8], guess: &mut usize) -> Option<Self> {
        if frame.get(*guess..*guess + 2) != Some(b"~~") {
            *guess = frame.windows(2).position(|two| two == b"~~")?;
        }
        frame.get(*guess..*guess + BLANK.len()).map(Self)
    }

    pub(crate) fn sender(&self) -> usize {
        read(&self.0[2..6]) as usize
    }

    pub(crate) fn ticket(&self) -> u64 {
        read(&self.0[7..17])
    }

    pub(crate) fn sent(&self) -> u64 {
        read(&self.0[18..34])
    }
}

/// A frame's place in its stream: what stands behind the hyphen of `"position":"38dyhw000-9ix"`, to base
/// 36. Looks where the last one was, as [`Mark::find`] does.
pub(crate) fn place(frame: &[u8], guess: &mut usize) -> Option<u64> {
    const NAME: &[u8] = b"\"position\":\"";
    if frame.get(*guess..*guess + NAME.len()) != Some(NAME) {
        *guess = frame.windows(NAME.len()).position(|window| window == NAME)?;
    }
    let position = frame[*guess + NAME.len()..].split(|byte| *byte == b'"').next()?;
    let place = position.rsplit(|byte| *byte == b'-').next()?;
    place.iter().try_fold(0, |value: u64, digit| {
        value.checked_mul(36)?.checked_add(char::from(*digit).to_digit(36)?.into())
    })
}

/// Nanoseconds on the monotonic clock since the first question.
pub(crate) fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn find(bytes: &[u8], part: &[u8]) -> usize {
    let found = bytes.windows(part.len()).position(|window| window == part);
    found.unwrap_or_default()
}

fn write(place: &mut [u8], mut value: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn read(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit.wrapping_sub(b'0')))
}
