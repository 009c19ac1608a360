//! System messages about changes of a chat.

use serde_json::{Value, json};

use super::{Content, Kind, Language, Message, Payload, UserId};

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

    /// The notice in a stored system message; `None` for content that is none.
    fn of(content: &Content) -> Option<Self> {
        let payload = content.payload()?;
        let text = |name: &str| payload.get(name).and_then(Value::as_str).map(str::to_owned);
        let user = || payload.get("user_id").and_then(Value::as_i64).map(UserId);
        Some(match payload.get("kind")?.as_str()? {
            "chat.created" => Self::Created { title: text("title")? },
            "chat.renamed" => Self::Renamed { title: text("title")? },
            "chat.message_life" => Self::MessageLife { seconds: payload.get("seconds")?.as_i64() },
            "member.added" => Self::Added { user: user()?, name: text("name")? },
            "members.added" => {
                let named =
                    |one: &Value| Some((UserId(one["user_id"].as_i64()?), one["name"].as_str()?.to_owned()));
                Self::AddedMany {
                    people: payload.get("members")?.as_array()?.iter().filter_map(named).collect(),
                }
            }
            "member.joined" => Self::Joined { name: text("name")? },
            "member.removed" => Self::Removed { user: user()?, name: text("name")? },
            "member.banned" => Self::Banned { user: user()?, name: text("name")? },
            "member.left" => Self::Left { name: text("name")? },
            "chat.owner" => Self::Owner { user: user()?, name: text("name")? },
            _ => return None,
        })
    }

    /// A sentence for clients that don't read the payload.
    fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.in_english(),
            Language::Russian => self.in_russian(),
        }
    }

    fn in_english(&self) -> String {
        match self {
            Self::Created { title } => format!("The group “{title}” was created"),
            Self::Renamed { title } => format!("The group is now called “{title}”"),
            Self::MessageLife { seconds: Some(seconds) } => {
                let (count, unit) = span(*seconds);
                let plural = if count == 1 { "" } else { "s" };
                format!(
                    "New messages are deleted after {count} {}{plural}",
                    ["day", "hour", "minute", "second"][unit]
                )
            }
            Self::MessageLife { seconds: None } => "New messages are kept".to_owned(),
            Self::Added { name, .. } => format!("{name} was added"),
            Self::AddedMany { people } => format!("{} were added", names(people)),
            Self::Joined { name } => format!("{name} joined"),
            Self::Removed { name, .. } => format!("{name} was removed"),
            Self::Banned { name, .. } => format!("{name} was banned"),
            Self::Left { name } => format!("{name} left"),
            Self::Owner { name, .. } => format!("{name} is the owner now"),
        }
    }

    // Names have no gender here, so verbs stand without one.
    fn in_russian(&self) -> String {
        match self {
            Self::Created { title } => format!("Создана группа «{title}»"),
            Self::Renamed { title } => format!("Новое название группы: «{title}»"),
            Self::MessageLife { seconds: Some(seconds) } => {
                let (count, unit) = span(*seconds);
                format!("Новые сообщения удаляются через {count} {}", ["дн.", "ч", "мин", "с"][unit])
            }
            Self::MessageLife { seconds: None } => "Новые сообщения больше не удаляются".to_owned(),
            Self::Added { name, .. } => format!("В группе новый участник: {name}"),
            Self::AddedMany { people } => format!("В группе новые участники: {}", names(people)),
            Self::Joined { name } => format!("{name} теперь с нами"),
            Self::Removed { name, .. } => format!("{name} больше не в группе"),
            Self::Banned { name, .. } => format!("{name}: доступ закрыт"),
            Self::Left { name } => format!("{name} больше не с нами"),
            Self::Owner { name, .. } => format!("{name} теперь владеет группой"),
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
        Self::from_stored(Kind::System, Some(notice.text(Language::English)), Some(notice.payload()))
    }
}

impl Message {
    /// The message as plain text; a system message in a language.
    pub fn plain_in(&self, language: Language) -> String {
        let notice =
            self.content.as_ref().filter(|content| content.kind() == Kind::System).and_then(Notice::of);
        notice.map_or_else(|| self.plain(), |notice| notice.text(language))
    }
}

fn names(people: &[(UserId, String)]) -> String {
    people.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// A duration in its largest whole unit: days, hours, minutes or seconds.
fn span(seconds: i64) -> (i64, usize) {
    let units = [86_400, 3_600, 60, 1];
    let unit = units.iter().position(|unit| seconds % unit == 0).unwrap_or(3);
    (seconds / units[unit], unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_is_read_back_from_its_message() {
        let (user, name) = (UserId(7), "Анна".to_owned());
        let title = "Сад".to_owned();
        for (notice, russian, english) in [
            (Notice::Created { title: title.clone() }, "Создана группа «Сад»", "The group “Сад” was created"),
            (Notice::Renamed { title }, "Новое название группы: «Сад»", "The group is now called “Сад”"),
            (
                Notice::MessageLife { seconds: Some(7_200) },
                "Новые сообщения удаляются через 2 ч",
                "New messages are deleted after 2 hours",
            ),
            (
                Notice::MessageLife { seconds: Some(60) },
                "Новые сообщения удаляются через 1 мин",
                "New messages are deleted after 1 minute",
            ),
            (
                Notice::MessageLife { seconds: None },
                "Новые сообщения больше не удаляются",
                "New messages are kept",
            ),
            (Notice::Added { user, name: name.clone() }, "В группе новый участник: Анна", "Анна was added"),
            (
                Notice::AddedMany { people: vec![(user, name.clone()), (UserId(8), "Ян".to_owned())] },
                "В группе новые участники: Анна, Ян",
                "Анна, Ян were added",
            ),
            (Notice::Joined { name: name.clone() }, "Анна теперь с нами", "Анна joined"),
            (Notice::Removed { user, name: name.clone() }, "Анна больше не в группе", "Анна was removed"),
            (Notice::Banned { user, name: name.clone() }, "Анна: доступ закрыт", "Анна was banned"),
            (Notice::Left { name: name.clone() }, "Анна больше не с нами", "Анна left"),
            (Notice::Owner { user, name }, "Анна теперь владеет группой", "Анна is the owner now"),
        ] {
            let read = Notice::of(&Content::notice(&notice)).unwrap();
            assert_eq!(read, notice);
            assert_eq!(
                (read.text(Language::Russian), read.text(Language::English)),
                (russian.into(), english.into())
            );
        }
    }
}
