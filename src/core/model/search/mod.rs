//! Search: the query language, the index's tokens, matching of texts and snippets.
//!
//! The full-text indexes of databases know words of some languages; users search for parts of words in all
//! of them, and the two databases define words differently. So the messenger splits texts into **its own
//! tokens** ([`tokens`]), the same for both, and the database stores only which message has which token. A
//! token says that a message *may* match. Candidates are verified against the text itself
//! ([`Query::matches`]), so that hash collisions, messages that were just edited and the order of words in
//! a phrase need no special treatment: candidates that don't match are skipped.
//!
//! The invariant, tested with random texts: **a text that matches a query has all tokens that the query
//! requires.**

mod fold;
mod matching;
mod query;
mod tokens;

pub use fold::Folded;
pub use matching::Snippet;
pub use query::{AuthorFilter, ChatFilter, Has, Query, Term};
pub use tokens::{IndexedMessage, Token, required_tokens, tokens};

use super::{Content, FileClass, Kind, links};

/// The searchable text of a message: its text, a poll's options, a location's name and the names of its
/// files, one per line.
pub fn words<'a>(content: &'a Content, filenames: impl IntoIterator<Item = &'a str>) -> String {
    let payload = content.payload().filter(|_| content.kind() != Kind::Text);
    let name = payload.and_then(|payload| payload.get("name")?.as_str());
    let options = payload.and_then(|payload| payload.get("options")?.as_array());
    let options = options.into_iter().flatten().filter_map(serde_json::Value::as_str);
    let lines = content.text().into_iter().chain(name).chain(options).chain(filenames);
    lines.collect::<Vec<_>>().join("\n")
}

/// What a message contains, by its kind, files and text.
pub fn holds(content: &Content, files: impl IntoIterator<Item = FileClass>) -> Vec<Has> {
    let mut holds: Vec<Has> = match content.kind() {
        // A voice message is not found as a file.
        Kind::Voice => vec![Has::Voice],
        _ => files.into_iter().map(Has::from).collect(),
    };
    if content.text().is_some_and(|text| !links(text).is_empty()) {
        holds.push(Has::Link);
    }
    holds
}
