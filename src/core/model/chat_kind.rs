//! The kinds of chats.

/// The numbers are stored in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChatKind {
    /// Between two people; at most one for each pair.
    Private = 1,
    /// For those who were added or invited.
    Group = 2,
    /// A public group that everybody on the server can find and join.
    Channel = 3,
    /// A user's saved messages; at most one for each user.
    Saved = 4,
}

impl ChatKind {
    pub const ALL: [Self; 4] = [Self::Private, Self::Group, Self::Channel, Self::Saved];

    /// Whether membership can change: a group or a channel.
    pub fn is_group(self) -> bool {
        match self {
            Self::Group | Self::Channel => true,
            Self::Private | Self::Saved => false,
        }
    }
}
