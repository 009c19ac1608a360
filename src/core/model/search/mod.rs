//! What can be searched for, and where it is found: the query language, the index's tokens, the check
//! of a text, and the piece of it that is shown.
//!
//! A database's own full-text index knows words of some languages; people look for parts of words in all
//! of them, and the two databases disagree on what a word is. So the messenger cuts texts into **tokens of
//! its own** ([`tokens`]), the same for both, and the database keeps nothing but which message has which
//! token. A token says that a message *may* match. Whether it does is required_tokens of the text itself
//! ([`Query::matches`]), which makes a chance collision of tokens, a message that was just edited and a
//! phrase's order of words the same harmless thing: a candidate that is passed over.
//!
//! The law that holds the two together, tried with chance texts: **what matches has all the tokens that
//! the query asks for.**

mod fold;
mod matching;
mod query;
mod tokens;

pub use fold::Folded;
pub use matching::Snippet;
pub use query::{AuthorFilter, ChatFilter, Has, Query, Term};
pub use tokens::{IndexedMessage, Token, required_tokens, tokens};

use super::{Content, FileClass, Kind, links};

/// Everything in a message that words can be found in: its text, the answers of a poll, the name of a
/// place, the names of its files; each on a line of its own.
pub fn words<'a>(content: &'a Content, filenames: impl IntoIterator<Item = &'a str>) -> String {
    let payload = content.payload().filter(|_| content.kind() != Kind::Text);
    let name = payload.and_then(|payload| payload.get("name")?.as_str());
    let options = payload.and_then(|payload| payload.get("options")?.as_array());
    let options = options.into_iter().flatten().filter_map(serde_json::Value::as_str);
    let lines = content.text().into_iter().chain(name).chain(options).chain(filenames);
    lines.collect::<Vec<_>>().join("\n")
}

/// What a message holds, by its kind, by its files and by its text.
pub fn holds(content: &Content, files: impl IntoIterator<Item = FileClass>) -> Vec<Has> {
    let mut holds: Vec<Has> = match content.kind() {
        // A recording is no file to whoever looks for one.
        Kind::Voice => vec![Has::Voice],
        _ => files.into_iter().map(Has::from).collect(),
    };
    if content.text().is_some_and(|text| !links(text).is_empty()) {
        holds.push(Has::Link);
    }
    holds
}
