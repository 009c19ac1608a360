//! Polls: options and votes.

use super::{Content, Kind, Time, UserId};

/// A poll and its votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    pub choices: Vec<Choice>,
    /// How many people voted.
    pub voters: usize,
    /// Whether several options may be chosen.
    pub is_multiple: bool,
    /// Whether votes are anonymous.
    pub is_anonymous: bool,
    pub closed_at: Option<Time>,
}

/// An option of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub text: String,
    pub votes: usize,
    /// Who chose it, the earliest first, at most [`Poll::MAX_NAMED`]; empty for an anonymous poll.
    pub users: Vec<UserId>,
}

/// One person's vote for one choice.
#[derive(Debug, Clone, Copy)]
pub struct Vote {
    pub user: UserId,
    /// The index of the option, from 0.
    pub choice: usize,
}

impl Poll {
    /// How many voters are listed per option: a poll in a chat of thousands must fit into a frame.
    pub const MAX_NAMED: usize = 100;

    /// The poll of a message, without votes.
    pub fn of(content: &Content) -> Option<Self> {
        if content.kind() != Kind::Poll {
            return None;
        }
        let choice = |text: &str| Choice { text: text.to_owned(), votes: 0, users: Vec::new() };
        Some(Self {
            choices: content.options().into_iter().map(choice).collect(),
            voters: 0,
            is_multiple: content.flag("multiple"),
            is_anonymous: content.flag("anonymous"),
            closed_at: None,
        })
    }

    /// Counts votes, which are given in the order in which they were cast.
    pub fn count(&mut self, votes: &[Vote]) {
        let mut voters: Vec<UserId> = votes.iter().map(|vote| vote.user).collect();
        voters.sort_unstable();
        voters.dedup();
        self.voters = voters.len();
        for vote in votes {
            if let Some(choice) = self.choices.get_mut(vote.choice) {
                choice.votes += 1;
                if !self.is_anonymous && choice.users.len() < Self::MAX_NAMED {
                    choice.users.push(vote.user);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn poll(payload: serde_json::Value) -> Poll {
        let payload = payload.as_object().cloned();
        Poll::of(&Content::from_stored(Kind::Poll, Some("Tea?".to_owned()), payload)).unwrap()
    }

    #[test]
    fn votes_are_counted_and_voters_only_once() {
        let mut poll = poll(json!({"options": ["Yes", "No"], "multiple": true}));
        let vote = |user, choice| Vote { user: UserId(user), choice };
        poll.count(&[vote(2, 0), vote(1, 0), vote(1, 1), vote(3, 7)]);
        assert_eq!((poll.choices[0].votes, poll.choices[1].votes, poll.voters), (2, 1, 3));
        assert_eq!(poll.choices[0].users, [UserId(2), UserId(1)]);
    }

    #[test]
    fn of_an_anonymous_poll_nobody_is_named() {
        let mut poll = poll(json!({"options": ["Yes", "No"], "anonymous": true}));
        poll.count(&[Vote { user: UserId(1), choice: 0 }]);
        assert_eq!((poll.choices[0].votes, poll.choices[0].users.len()), (1, 0));
    }
}
