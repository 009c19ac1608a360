//! Reactions: emoji under messages.

use crate::boxed;
use crate::messenger::accounts::block;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::messages::message::MessageInChat;
use crate::model::{Message, Parts, Reaction, is_same_emoji};
use crate::store::{messages, reactions};

/// The most different emoji under one message.
const MAX_EMOJI: usize = 50;

impl MessageInChat {
    /// Adds an emoji; one that is there already stays.
    #[boxed]
    pub async fn react(mut self, emoji: &str) -> Result<Message> {
        let emoji = check_emoji(emoji)?;
        let mut work = self.begin().await?;
        let (message, user) = (self.message(), self.caller().access.user);
        // Keyboards write some emoji with a variation selector and some without: the first spelling stays.
        let known = message.reactions.iter().find(|reaction| is_same_emoji(&reaction.emoji, emoji));
        let (is_new_emoji, emoji) = (known.is_none(), known.map_or(emoji, |known| &known.emoji));
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        block::check_not_blocked(&mut work.tx, message.chat, user).await?;
        if self.has_reaction(emoji) {
            return self.commit_unchanged(work).await;
        }
        if is_new_emoji && message.reactions.len() >= MAX_EMOJI {
            return Err(Error::Conflict("This message has too many different reactions already"));
        }
        let (id, now) = (message.id, work.now);
        reactions::insert(&mut work.tx, id, user, emoji, now).await?;
        messages::set_parts(&mut work.tx, &[id], Parts::REACTIONS).await?;
        self.commit_updated(work).await
    }

    /// Adds an emoji, or removes it if the caller has added it already.
    #[boxed]
    pub async fn toggle(self, emoji: &str) -> Result<Message> {
        match self.has_reaction(emoji) {
            true => self.unreact(emoji).await,
            false => self.react(emoji).await,
        }
    }

    /// Removes an emoji of the caller's.
    #[boxed]
    pub async fn unreact(mut self, emoji: &str) -> Result<Message> {
        let emoji = check_emoji(emoji)?;
        let mut work = self.begin().await?;
        if !self.has_reaction(emoji) {
            return Err(Error::NotFound("reaction"));
        }
        let user = self.caller().access.user;
        let spellings = reactions::spellings(&mut work.tx, self.message().id, user).await?;
        for spelling in spellings.iter().filter(|spelling| is_same_emoji(spelling, emoji)) {
            reactions::delete(&mut work.tx, self.message().id, user, spelling).await?;
        }
        self.commit_updated(work).await
    }

    /// Whether the caller has added an emoji.
    pub fn has_reaction(&self, emoji: &str) -> bool {
        let user = self.caller().access.user;
        let is_own =
            |reaction: &Reaction| is_same_emoji(&reaction.emoji, emoji) && reaction.users.contains(&user);
        self.message().reactions.iter().any(is_own)
    }
}

/// Accepts any emoji, existing or future: not a word, not a space, short.
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

/// Letters of scripts, without the regional indicators and signs that emoji are made of.
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
