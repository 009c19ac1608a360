//! The texts of the statements that a post needs. They have few forms, and to build one takes longer than to execute it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The texts of a statement for SQLite, by their form: how many rows and which columns it is for.
pub struct Template(Mutex<BTreeMap<usize, Arc<str>>>);

impl Template {
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The text of a form, which is built when it is asked for the first time.
    pub(super) fn text(&self, form: usize, build: impl FnOnce() -> String) -> Arc<str> {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(form).or_insert_with(|| build().into()).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_built_once_for_each_form() {
        let template = Template::new();
        assert_eq!(&*template.text(1, || "one".to_owned()), "one");
        assert_eq!(&*template.text(2, || "two".to_owned()), "two");
        assert_eq!(&*template.text(1, || unreachable!()), "one");
    }
}
