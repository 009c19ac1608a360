//! What one could say next.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::prompt::is_told;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Error, Result};
use crate::model::{ChatId, MessageId, UserId, text};
use crate::store::history::{self, Stretch};

/// How many messages there must be, so that there is something to go by.
const FEWEST: usize = 5;
const MOST: usize = 3;
/// The longest suggestion, in characters.
const LONGEST: usize = 300;
/// How many messages are looked at.
const SEEN: u64 = 20;
/// The most chats of people for which suggestions are remembered.
const MOST_KNOWN: usize = 2_000;

/// What was suggested to whom, and after which message: asked again, it is the same.
#[derive(Default)]
pub(crate) struct Suggested(Mutex<Remembered>);

type Remembered = HashMap<(ChatId, UserId), (MessageId, Vec<String>)>;

impl Membership {
    /// Up to three things that the caller could say next. None where there is no assistant, where it is switched off,
    /// where too little was said, and where it has nothing to suggest.
    pub async fn suggestions(&self) -> Result<Vec<String>> {
        let messenger = &self.messenger;
        let assistant = match messenger.assistant_for(self) {
            Ok(assistant) => assistant,
            Err(Error::NotConfigured(_) | Error::Forbidden(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let (chat, user) = (self.chat.id, self.place.user);
        let mut read = messenger.db.read().await?;
        let page = history::page(&mut read, (chat, None), user, Stretch::Newest, SEEN).await?;
        drop(read);
        let Some(newest) = page.first().map(|message| message.id) else { return Ok(Vec::new()) };
        if page.iter().filter(|message| is_told(message)).count() < FEWEST {
            return Ok(Vec::new());
        }
        if let Some(known) = assistant.suggested.known((chat, user), newest) {
            return Ok(known);
        }
        let _turn = assistant.turn()?;
        let day = match messenger.spend(user).await {
            // Nobody asked for it by themselves.
            Err(Error::Spent(_)) => return Ok(Vec::new()),
            spent => spent?,
        };
        let heard = assistant.hear(&self.material_of(&page).await?.for_suggestions()).await;
        let Ok(answer) = heard else {
            messenger.give_back(user, day).await;
            return Ok(Vec::new());
        };
        let found = read_list(&answer);
        assistant.suggested.remember((chat, user), newest, found.clone());
        Ok(found)
    }
}

impl Suggested {
    fn known(&self, place: (ChatId, UserId), newest: MessageId) -> Option<Vec<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&place).filter(|(after, _)| *after == newest).map(|(_, suggested)| suggested.clone())
    }

    fn remember(&self, place: (ChatId, UserId), newest: MessageId, suggested: Vec<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(place, (newest, suggested));
    }
}

/// The strings of a JSON array, whatever else a model says around it; the lines, where there is none.
fn read_list(answer: &str) -> Vec<String> {
    let array = answer.find('[').zip(answer.rfind(']')).filter(|(start, end)| start < end);
    let list = array.and_then(|(start, end)| serde_json::from_str::<Vec<String>>(&answer[start..=end]).ok());
    let list = list.unwrap_or_else(|| {
        let is_sign = |c: char| c.is_ascii_digit() || matches!(c, '.' | ')' | '-' | '*' | '•' | '"' | ' ');
        let lines = answer.lines().filter(|line| !line.contains("```"));
        lines.map(|line| line.trim_matches(is_sign).to_owned()).collect()
    });
    let seen = list.iter().filter_map(|line| text::line(line));
    seen.filter(|line| line.chars().count() <= LONGEST).take(MOST).collect()
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
        assert!(read_list("").is_empty());
        assert_eq!(read_list(r#"["1","2","3","4"]"#).len(), MOST);
    }
}
