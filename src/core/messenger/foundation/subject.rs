//! The subject of a request, as it is stored with the request's idempotency key.

use crate::model::{
    AttachmentId, ChatId, ImportSummary, IncomingWebhookId, InviteId, MessageId, OutgoingWebhookId,
    ScheduledId, UserId,
};

/// What a request was about; its response is built from it again when the request is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Nothing that can be read again: the response was empty, or contained a secret.
    Nothing,
    User(UserId),
    Chat(ChatId),
    Message(MessageId),
    Attachment(AttachmentId),
    Member(ChatId, UserId),
    /// The caller's read position in a chat.
    Read(ChatId),
    /// The caller's preferences for a chat.
    Preferences(ChatId),
    /// Several users who were added, identified by the notice about it.
    Added(ChatId, MessageId),
    Ban(ChatId, UserId),
    Invite(ChatId, InviteId),
    /// The caller's bookmark of a message.
    Bookmark(MessageId),
    /// The caller's draft in a chat, or in a thread of it.
    Draft(ChatId, Option<MessageId>),
    Scheduled(ScheduledId),
    /// What an import added.
    Import(ImportSummary),
    /// A bot of the caller.
    Bot(UserId),
    IncomingWebhook(ChatId, IncomingWebhookId),
    OutgoingWebhook(OutgoingWebhookId),
}

/// The status and the subject of the first response to a repeated request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original {
    pub status: u16,
    pub subject: Subject,
}

impl Subject {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::User(id) => format!("user:{id}"),
            Self::Chat(id) => format!("chat:{id}"),
            Self::Message(id) => format!("message:{id}"),
            Self::Attachment(id) => format!("attachment:{id}"),
            Self::Member(chat, user) => format!("member:{chat}:{user}"),
            Self::Read(id) => format!("read:{id}"),
            Self::Preferences(id) => format!("preferences:{id}"),
            Self::Added(chat, said) => format!("added:{chat}:{said}"),
            Self::Ban(chat, user) => format!("ban:{chat}:{user}"),
            Self::Invite(chat, invite) => format!("invite:{chat}:{invite}"),
            Self::Bookmark(id) => format!("bookmark:{id}"),
            Self::Draft(chat, thread) => format!("draft:{chat}:{}", thread.map_or(0, |id| id.0)),
            Self::Scheduled(id) => format!("scheduled:{id}"),
            Self::Bot(id) => format!("bot:{id}"),
            Self::IncomingWebhook(chat, id) => format!("incoming_webhook:{chat}:{id}"),
            Self::OutgoingWebhook(id) => format!("outgoing_webhook:{id}"),
            Self::Import(ImportSummary { chats, messages, files, skipped }) => {
                format!("import:{chats}:{messages}:{files}:{skipped}")
            }
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        Some(match kind {
            "user" => Self::User(UserId(id.parse().ok()?)),
            "chat" => Self::Chat(ChatId(id.parse().ok()?)),
            "read" => Self::Read(ChatId(id.parse().ok()?)),
            "bookmark" => Self::Bookmark(MessageId(id.parse().ok()?)),
            "bot" => Self::Bot(UserId(id.parse().ok()?)),
            "outgoing_webhook" => Self::OutgoingWebhook(OutgoingWebhookId(id.parse().ok()?)),
            "scheduled" => Self::Scheduled(ScheduledId(id.parse().ok()?)),
            "draft" => {
                let (chat, thread) = id.split_once(':')?;
                let thread: i64 = thread.parse().ok()?;
                Self::Draft(ChatId(chat.parse().ok()?), (thread != 0).then_some(MessageId(thread)))
            }
            "message" => Self::Message(MessageId(id.parse().ok()?)),
            "attachment" => Self::Attachment(AttachmentId(id.parse().ok()?)),
            "preferences" => Self::Preferences(ChatId(id.parse().ok()?)),
            "import" => {
                let mut counts = id.split(':').map(|count| count.parse().ok());
                let mut next = || counts.next()?;
                let (chats, messages, files, skipped) = (next()?, next()?, next()?, next()?);
                Self::Import(ImportSummary { chats, messages, files, skipped })
            }
            "member" | "added" | "ban" | "invite" | "incoming_webhook" => {
                let (chat, id) = id.split_once(':')?;
                let (chat, id) = (ChatId(chat.parse().ok()?), id.parse().ok()?);
                match kind {
                    "member" => Self::Member(chat, UserId(id)),
                    "added" => Self::Added(chat, MessageId(id)),
                    "ban" => Self::Ban(chat, UserId(id)),
                    "incoming_webhook" => Self::IncomingWebhook(chat, IncomingWebhookId(id)),
                    _ => Self::Invite(chat, InviteId(id)),
                }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_round_trip() {
        let attachment = AttachmentId::random();
        for subject in [
            Subject::User(UserId(1)),
            Subject::Chat(ChatId(2)),
            Subject::Message(MessageId(3)),
            Subject::Attachment(attachment),
            Subject::Member(ChatId(4), UserId(5)),
            Subject::Read(ChatId(6)),
            Subject::Preferences(ChatId(6)),
            Subject::Added(ChatId(6), MessageId(7)),
            Subject::Ban(ChatId(6), UserId(7)),
            Subject::Invite(ChatId(6), InviteId(7)),
            Subject::Bookmark(MessageId(7)),
            Subject::Draft(ChatId(8), None),
            Subject::Draft(ChatId(8), Some(MessageId(9))),
            Subject::Scheduled(ScheduledId(10)),
            Subject::Bot(UserId(11)),
            Subject::IncomingWebhook(ChatId(12), IncomingWebhookId(13)),
            Subject::OutgoingWebhook(OutgoingWebhookId(14)),
            Subject::Import(ImportSummary { chats: 1, messages: 2, files: 3, skipped: 4 }),
        ] {
            assert_eq!(Subject::read(&subject.text()), Some(subject));
        }
        assert_eq!(Subject::read(""), None);
    }
}
