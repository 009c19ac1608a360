//! Suggested replies.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::prompt::is_shared;
use crate::boxed;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Error, Result};
use crate::model::{ChatId, MessageId, UserId, text};
use crate::store::history::{self, PageRange};

/// How many messages are needed as context.
const FEWEST: usize = 5;
const MOST: usize = 3;
/// The longest suggestion, in characters.
const MAX_LENGTH: usize = 300;
/// How many messages are read.
const SEEN: u64 = 20;
/// The most cached entries.
const MAX_KNOWN: usize = 2_000;

/// A cache of suggestions by chat and user, valid until a new message arrives.
#[derive(Default)]
pub(crate) struct SuggestionCache(Mutex<Entries>);

type Entries = HashMap<(ChatId, UserId), (MessageId, Vec<String>)>;

impl Membership {
    /// Up to three replies that the caller could send. Empty where the assistant is missing or disabled, where there
    /// are too few messages, and where it has no suggestions.
    #[boxed]
    pub async fn suggestions(&self) -> Result<Vec<String>> {
        let messenger = &self.messenger;
        let assistant = match messenger.assistant_for(self) {
            Ok(assistant) => assistant,
            Err(Error::NotConfigured(_) | Error::Forbidden(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let (chat, user) = (self.chat.id, self.member.user);
        let mut read = messenger.db.read().await?;
        let page = history::page(&mut read, (chat, None), user, PageRange::Newest, SEEN).await?;
        drop(read);
        let Some(newest) = page.first().map(|message| message.id) else { return Ok(Vec::new()) };
        if page.iter().filter(|message| is_shared(message)).count() < FEWEST {
            return Ok(Vec::new());
        }
        if let Some(known) = assistant.suggestions.known((chat, user), newest) {
            return Ok(known);
        }
        let _permit = assistant.acquire()?;
        let day = match messenger.count_question(user).await {
            // Clients request suggestions without the user asking, so this is not an error.
            Err(Error::DailyLimit(_)) => return Ok(Vec::new()),
            spent => spent?,
        };
        let answer = assistant.complete(&self.context_of(&page).await?.for_suggestions()).await;
        let Ok(answer) = answer else {
            messenger.refund_question(user, day).await;
            return Ok(Vec::new());
        };
        let found = read_list(&answer);
        assistant.suggestions.remember((chat, user), newest, found.clone());
        Ok(found)
    }
}

impl SuggestionCache {
    fn known(&self, place: (ChatId, UserId), newest: MessageId) -> Option<Vec<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&place).filter(|(after, _)| *after == newest).map(|(_, suggestions)| suggestions.clone())
    }

    fn remember(&self, place: (ChatId, UserId), newest: MessageId, suggestions: Vec<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(place, (newest, suggestions));
    }
}

/// Extracts a JSON array of strings from the model's answer; its lines where there is none.
fn read_list(answer: &str) -> Vec<String> {
    let array = answer.find('[').zip(answer.rfind(']')).filter(|(start, end)| start < end);
    let list = array.and_then(|(start, end)| serde_json::from_str::<Vec<String>>(&answer[start..=end]).ok());
    let list = list.unwrap_or_else(|| {
        let lines = answer.lines().filter(|line| !line.contains("```"));
        lines.map(|line| without_mark(line).to_owned()).collect()
    });
    let seen = list.iter().filter_map(|line| text::line(line));
    seen.filter(|line| line.chars().count() <= MAX_LENGTH).take(MOST).collect()
}

/// A line without the number or bullet that lists begin with, and without quotation marks.
fn without_mark(line: &str) -> &str {
    let line = line.trim();
    let unnumbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_number = |mark: &char| unnumbered.len() < line.len() && matches!(mark, '.' | ')');
    let text = match unnumbered.chars().next().filter(is_number) {
        // "1.5 km" is no list.
        Some(_) if !unnumbered[1..].starts_with(|c: char| c.is_ascii_digit()) => &unnumbered[1..],
        _ => ["- ", "* ", "•"].iter().find_map(|bullet| line.strip_prefix(bullet)).unwrap_or(line),
    };
    text.trim().trim_matches('"').trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_in_whatever_a_model_says() {
        let list = ["Да", "Нет"];
        for answer in [
            r#"["Да", "Нет"]"#,
            "```json\n[\"Да\",\n \"Нет\"]\n```",
            "Here you are: [\"Да\", \"Нет\"]. Good luck!",
            "1. Да\n2. Нет",
            "- \"Да\"\n- \"Нет\"\n",
        ] {
            assert_eq!(read_list(answer), list, "{answer}");
        }
        for (answer, list) in [
            ("1. В 15:30\n2. Дом 7, кв. 12", ["В 15:30", "Дом 7, кв. 12"]),
            ("- \"Call +7 495 123-45-67\"\n- It is 1.5 km", ["Call +7 495 123-45-67", "It is 1.5 km"]),
            ("2) 15 o'clock\n1.5 km is fine", ["15 o'clock", "1.5 km is fine"]),
        ] {
            assert_eq!(read_list(answer), list, "{answer}");
        }
        assert!(read_list("").is_empty());
        assert_eq!(read_list(r#"["1","2","3","4"]"#).len(), MOST);
    }
}
