//! System messages about changes of a chat.

use serde_json::{Value, json};

use super::{Content, Kind, Payload, UserId};

/// A change of a chat that is reported as a system message in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    Created {
        title: String,
    },
    Renamed {
        title: String,
    },
    /// The lifetime of new messages; `None` for unlimited.
    MessageLife {
        seconds: Option<i64>,
    },
    Added {
        user: UserId,
        name: String,
    },
    /// Several at once.
    AddedMany {
        people: Vec<(UserId, String)>,
    },
    /// By themselves: a channel, or through an invitation.
    Joined {
        name: String,
    },
    Removed {
        user: UserId,
        name: String,
    },
    Banned {
        user: UserId,
        name: String,
    },
    Left {
        name: String,
    },
    /// Ownership was transferred.
    Owner {
        user: UserId,
        name: String,
    },
}

impl Notice {
    /// The users that an `AddedMany` message names.
    pub fn added(content: &Content) -> Vec<UserId> {
        let members = content.payload().and_then(|payload| payload.get("members")?.as_array());
        members.into_iter().flatten().filter_map(|member| member["user_id"].as_i64().map(UserId)).collect()
    }

    /// In English, for clients that don't read the payload.
    fn text(&self) -> String {
        match self {
            Self::Created { title } => format!("The group “{title}” was created"),
            Self::Renamed { title } => format!("The group is now called “{title}”"),
            Self::MessageLife { seconds: Some(seconds) } => {
                format!("What is said from now on disappears after {}", span(*seconds))
            }
            Self::MessageLife { seconds: None } => "What is said from now on stays".to_owned(),
            Self::Added { name, .. } => format!("{name} was added"),
            Self::AddedMany { people } => {
                let names: Vec<&str> = people.iter().map(|(_, name)| name.as_str()).collect();
                format!("{} were added", names.join(", "))
            }
            Self::Joined { name } => format!("{name} joined"),
            Self::Removed { name, .. } => format!("{name} was removed"),
            Self::Banned { name, .. } => format!("{name} was banned"),
            Self::Left { name } => format!("{name} left"),
            Self::Owner { name, .. } => format!("{name} is the owner now"),
        }
    }

    fn payload(&self) -> Payload {
        let member = |user: &UserId, name: &String| {
            vec![("user_id", user.0.into()), ("name", Value::from(name.as_str()))]
        };
        let (kind, more) = match self {
            Self::Created { title } => ("chat.created", vec![("title", Value::from(title.as_str()))]),
            Self::Renamed { title } => ("chat.renamed", vec![("title", Value::from(title.as_str()))]),
            Self::MessageLife { seconds } => ("chat.message_life", vec![("seconds", (*seconds).into())]),
            Self::Added { user, name } => ("member.added", member(user, name)),
            Self::AddedMany { people } => {
                let people = people.iter().map(|(user, name)| json!({"user_id": user.0, "name": name}));
                ("members.added", vec![("members", people.collect())])
            }
            Self::Joined { name } => ("member.joined", vec![("name", name.as_str().into())]),
            Self::Removed { user, name } => ("member.removed", member(user, name)),
            Self::Banned { user, name } => ("member.banned", member(user, name)),
            Self::Left { name } => ("member.left", vec![("name", name.as_str().into())]),
            Self::Owner { user, name } => ("chat.owner", member(user, name)),
        };
        let mut payload = Payload::from_iter([("kind".to_owned(), Value::from(kind))]);
        payload.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        payload
    }
}

impl Content {
    /// A system message.
    pub fn notice(notice: &Notice) -> Self {
        Self::from_stored(Kind::System, Some(notice.text()), Some(notice.payload()))
    }
}

/// A duration in its largest whole unit.
fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let whole = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    let (count, name) = whole.map_or((seconds, "second"), |(unit, name)| (seconds / unit, name));
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}
