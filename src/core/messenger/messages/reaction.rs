//! Reactions: emoji under messages.

use crate::messenger::Caller;
use crate::messenger::accounts::block;
use crate::messenger::foundation::{Error, Result, Subject};
use crate::model::{Message, MessageId, Parts, Reaction};
use crate::store::{messages, reactions};

/// The most different emoji under one message.
const MOST_EMOJI: usize = 50;

impl Caller {
    /// Puts an emoji under a message; one that is there already stays.
    pub async fn react(self, id: MessageId, emoji: &str) -> Result<Message> {
        let emoji = check_emoji(emoji)?;
        let (mut work, message, _) = self.change(id).await?;
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        let user = self.access.user;
        block::check_not_blocked(&mut work.tx, message.chat, user).await?;
        let there = message.reactions.iter().find(|reaction| reaction.emoji == emoji);
        if there.is_some_and(|reaction| reaction.users.contains(&user)) {
            work.once(self.attempt, Subject::Message(id));
            work.commit().await?;
            return Ok(message);
        }
        if there.is_none() && message.reactions.len() >= MOST_EMOJI {
            return Err(Error::Conflict("This message has too many different reactions already"));
        }
        let now = work.now;
        reactions::insert(&mut work.tx, id, user, emoji, now).await?;
        messages::set_parts(&mut work.tx, &[id], Parts::REACTIONS).await?;
        self.update(work, id).await
    }

    /// Puts an emoji under a message, or takes it away again if it is one's own already.
    pub async fn toggle(self, id: MessageId, emoji: &str) -> Result<Message> {
        let (message, user) = (self.message(id).await?, self.access.user);
        let is_there = |reaction: &Reaction| reaction.emoji == emoji && reaction.users.contains(&user);
        match message.reactions.iter().any(is_there) {
            true => self.unreact(id, emoji).await,
            false => self.react(id, emoji).await,
        }
    }

    /// Takes one's emoji away again.
    pub async fn unreact(self, id: MessageId, emoji: &str) -> Result<Message> {
        let emoji = check_emoji(emoji)?;
        let (mut work, message, _) = self.change(id).await?;
        let user = self.access.user;
        let there = message.reactions.iter().find(|reaction| reaction.emoji == emoji);
        if !there.is_some_and(|reaction| reaction.users.contains(&user)) {
            return Err(Error::NotFound("reaction"));
        }
        reactions::delete(&mut work.tx, id, user, emoji).await?;
        self.update(work, id).await
    }
}

/// Any emoji there is or will be: not a word, not a space, short.
fn check_emoji(text: &str) -> Result<&str> {
    let is_mark =
        |c: char| !c.is_ascii_alphabetic() && !c.is_control() && !c.is_whitespace() && !is_letter(c);
    let is_emoji = |c: char| {
        !c.is_ascii() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{20e3}')
    };
    let is_keycap =
        text.ends_with('\u{20e3}') && text.starts_with(|c: char| c.is_ascii_digit() || c == '#' || c == '*');
    if text.is_empty()
        || text.len() > 64
        || !text.chars().all(is_mark)
        || !(is_keycap || text.chars().any(is_emoji))
    {
        return Err(Error::invalid("emoji", "is not an emoji"));
    }
    Ok(text)
}

/// Letters of scripts; the regional indicators and signs that emoji are made of are none.
fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        && !matches!(
            c,
            '\u{1f100}'..='\u{1f1ff}' | '\u{2122}' | '\u{2139}' | '\u{24c2}' | '\u{3297}' | '\u{3299}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_told_from_words() {
        for emoji in ["👍", "❤️", "❤", "🇷🇺", "👩‍💻", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽"]
        {
            assert!(check_emoji(emoji).is_ok(), "{emoji}");
        }
        for word in ["", "a", "да", "1", " ", "\u{200b}", "👍 👍", "<b>", "漢"] {
            assert!(check_emoji(word).is_err(), "{word:?}");
        }
    }
}
