//! Files that were dropped on a page, which asks for each of them once.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// More than anybody drops at once. A page that could not read one file leaves the rest of its drop.
const MOST: usize = 10_000;

/// By numbers that are not used again: a page may still ask for the files of one drop when the next one comes.
#[derive(Default)]
pub struct Dropped {
    last: u32,
    kept: BTreeMap<u32, PathBuf>,
}

impl Dropped {
    /// Keeps a file until it is taken; answers its number.
    pub fn add(&mut self, path: PathBuf) -> u32 {
        self.last += 1;
        self.kept.insert(self.last, path);
        if self.kept.len() > MOST {
            self.kept.pop_first();
        }
        self.last
    }

    pub fn take(&mut self, id: u32) -> Option<PathBuf> {
        self.kept.remove(&id)
    }

    /// The page that could ask for them is gone.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_drop_leaves_the_files_of_the_first_to_be_asked_for() {
        let mut dropped = Dropped::default();
        let [first, second, third] = ["/a/plan", "/a/sketch", "/b/plan"].map(|path| dropped.add(path.into()));
        assert!(first != second && second != third && first != third);
        assert_eq!(dropped.take(second), Some("/a/sketch".into()));
        assert_eq!(dropped.take(first), Some("/a/plan".into()));
        assert_eq!(dropped.take(third), Some("/b/plan".into()));
    }

    #[test]
    fn a_file_is_given_once_and_not_to_the_next_page() {
        let mut dropped = Dropped::default();
        let first = dropped.add("/a".into());
        assert_eq!(dropped.take(first), Some("/a".into()));
        assert_eq!(dropped.take(first), None);
        let left = dropped.add("/b".into());
        dropped.clear();
        let next = dropped.add("/c".into());
        assert_eq!(dropped.take(left), None);
        assert!(next > left);
        assert_eq!(dropped.take(next), Some("/c".into()));
    }

    #[test]
    fn of_files_that_nobody_asks_for_only_the_last_are_kept() {
        let mut dropped = Dropped::default();
        let ids: Vec<_> = (0..=MOST).map(|place| dropped.add(format!("/{place}").into())).collect();
        assert_eq!(dropped.take(ids[0]), None);
        assert_eq!(dropped.take(ids[1]), Some("/1".into()));
        assert_eq!(dropped.take(ids[MOST]), Some(format!("/{MOST}").into()));
    }
}
