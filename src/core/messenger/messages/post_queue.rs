//! Posts that wait to be written, in turn by author, so that nobody's many posts delay those of others.

use std::collections::{HashMap, VecDeque};

use crate::model::UserId;

/// The most posts of one author that wait; more are refused.
const MAX_PER_AUTHOR: usize = 1_024;

/// Queued items by author. Batches take one of each author before they take a second of any.
pub(super) struct PostQueue<T> {
    of: HashMap<UserId, VecDeque<T>>,
    /// The authors with queued items, the next first.
    turns: VecDeque<UserId>,
}

impl<T> Default for PostQueue<T> {
    fn default() -> Self {
        Self { of: HashMap::new(), turns: VecDeque::new() }
    }
}

impl<T> PostQueue<T> {
    /// Queues an item, or returns it when too many of its author wait.
    pub(super) fn push(&mut self, author: UserId, item: T) -> Result<(), T> {
        let own = self.of.entry(author).or_default();
        if own.len() >= MAX_PER_AUTHOR {
            return Err(item);
        }
        if own.is_empty() {
            self.turns.push_back(author);
        }
        own.push_back(item);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Removes up to `max` items, in turn by author and of each author in the order in which they were queued.
    pub(super) fn take(&mut self, max: usize) -> Vec<T> {
        let mut batch = Vec::new();
        while batch.len() < max
            && let Some(author) = self.turns.pop_front()
        {
            let Some(own) = self.of.get_mut(&author) else { continue };
            batch.extend(own.pop_front());
            match own.is_empty() {
                true => drop(self.of.remove(&author)),
                false => self.turns.push_back(author),
            }
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn an_author_with_many_posts_does_not_delay_others_beyond_one_batch() {
        let mut queue = PostQueue::default();
        for number in 0..300 {
            queue.push(ANN, (ANN, number)).unwrap();
        }
        assert_eq!(queue.take(4).len(), 4);
        queue.push(BOB, (BOB, 0)).unwrap();
        queue.push(BOB, (BOB, 1)).unwrap();
        assert_eq!(queue.take(4), [(ANN, 4), (BOB, 0), (ANN, 5), (BOB, 1)]);
        assert_eq!(queue.take(1_000).len(), 294, "the rest, in order");
        assert!(queue.is_empty());
    }

    #[test]
    fn too_many_posts_of_one_author_are_refused() {
        let mut queue = PostQueue::default();
        for number in 0..MAX_PER_AUTHOR {
            queue.push(ANN, number).unwrap();
        }
        assert_eq!(queue.push(ANN, 0), Err(0));
        queue.push(BOB, 0).unwrap();
        queue.take(2);
        queue.push(ANN, 0).unwrap();
    }
}
