//! Validation of titles and descriptions.

use crate::messenger::foundation::{Error, Result};
use crate::model::text;

/// In characters.
const MAX_TITLE: usize = 100;

const MAX_DESCRIPTION: usize = 1_000;

pub(crate) fn check_title(title: &str) -> Result<String> {
    let seen = text::line(title).filter(|title| title.chars().count() <= MAX_TITLE);
    seen.ok_or_else(|| Error::invalid("title", format!("must have 1 to {MAX_TITLE} characters")))
}

/// `None` when nothing of it would be visible.
pub(crate) fn check_description(description: &str) -> Result<Option<String>> {
    let seen = text::lines(description).filter(|text| text.chars().count() <= MAX_DESCRIPTION);
    let reason = || format!("must have at most {MAX_DESCRIPTION} characters");
    let seen = seen.ok_or_else(|| Error::invalid("description", reason()))?;
    Ok(Some(seen).filter(|text| !text.is_empty()))
}
