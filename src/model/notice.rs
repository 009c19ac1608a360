//! What the server says about a chat in the chat.

use serde_json::Value;

use super::{Payload, UserId};

/// Something that happened to a chat, told in it as a system message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    Created { title: String },
    Renamed { title: String },
    Added { user: UserId, name: String },
    Removed { user: UserId, name: String },
    Left { name: String },
}

impl Notice {
    /// In English, for clients that know no better; others read the payload.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Created { title } => format!("The group “{title}” was created"),
            Self::Renamed { title } => format!("The group is now called “{title}”"),
            Self::Added { name, .. } => format!("{name} was added"),
            Self::Removed { name, .. } => format!("{name} was removed"),
            Self::Left { name } => format!("{name} left"),
        }
    }

    pub(super) fn payload(&self) -> Payload {
        let (kind, more) = match self {
            Self::Created { title } => ("chat.created", vec![("title", Value::from(title.as_str()))]),
            Self::Renamed { title } => ("chat.renamed", vec![("title", Value::from(title.as_str()))]),
            Self::Added { user, name } => {
                ("member.added", vec![("user_id", user.0.into()), ("name", name.as_str().into())])
            }
            Self::Removed { user, name } => {
                ("member.removed", vec![("user_id", user.0.into()), ("name", name.as_str().into())])
            }
            Self::Left { name } => ("member.left", vec![("name", name.as_str().into())]),
        };
        let mut payload = Payload::from_iter([("kind".to_owned(), Value::from(kind))]);
        payload.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        payload
    }
}
