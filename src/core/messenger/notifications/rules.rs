//! The rules: who is notified of a message, and when.

use std::time::Duration;

use crate::model::{ChatKind, Message, Notify, Status, Time};
use crate::store::push::Recipient;

/// How long a push is put off for somebody who is active: whoever reads the message meanwhile needs none.
const DEFERRAL: Duration = Duration::from_secs(30);
/// Of older messages nobody is notified, as when the server was down.
pub(super) const MAX_AGE: Duration = Duration::from_secs(3_600);

/// Whether a message addresses somebody: in a private chat, or by a mention.
pub(super) fn is_addressed(message: &Message, kind: ChatKind, recipient: &Recipient) -> bool {
    kind == ChatKind::Private || message.mentions_all || message.mentions.contains(&recipient.user)
}

/// Whether a device is notified of a message.
pub(super) fn is_wanted(message: &Message, kind: ChatKind, recipient: &Recipient, now: Time) -> bool {
    let is_new = message.content.is_some()
        && message.expires_at.is_none_or(|at| at > now)
        && recipient.joined_seq < message.seq
        && recipient.read_seq < message.seq;
    let is_quiet =
        [recipient.quiet_until, recipient.muted_until].into_iter().flatten().any(|until| until > now);
    let by_chat = match recipient.notify {
        Notify::Everything => true,
        Notify::Mentions => is_addressed(message, kind, recipient),
        Notify::Nothing => false,
    };
    message.author != recipient.user && is_new && !is_quiet && by_chat
}

/// When somebody with this status is notified.
pub(super) fn due_at(status: Status, now: Time) -> Time {
    match status {
        Status::Online => now + DEFERRAL,
        Status::Away | Status::Offline => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChatId, Content, Kind, MessageId, PushSubscriptionId, UserId};

    const NOW: Time = Time(1_000_000);
    const BOB: UserId = UserId(2);

    fn message() -> Message {
        let content = Content::new(Kind::Text, Some("hello".to_owned()), None).unwrap();
        Message::new(MessageId(10), (ChatId(7), 5), UserId(1), content, NOW)
    }

    fn bob() -> Recipient {
        Recipient {
            subscription: PushSubscriptionId(3),
            user: BOB,
            quiet_until: None,
            joined_seq: 1,
            read_seq: 4,
            muted_until: None,
            notify: Notify::Everything,
        }
    }

    fn wanted(change: impl FnOnce(&mut Message, &mut Recipient)) -> bool {
        let (mut message, mut recipient) = (message(), bob());
        change(&mut message, &mut recipient);
        is_wanted(&message, ChatKind::Group, &recipient, NOW)
    }

    #[test]
    fn others_new_messages_are_wanted_and_no_more() {
        let later = NOW + Duration::from_secs(1);
        assert!(wanted(|_, _| {}));
        assert!(!wanted(|message, _| message.author = BOB), "one's own");
        assert!(!wanted(|message, _| message.content = None), "deleted");
        assert!(!wanted(|message, _| message.expires_at = Some(NOW)), "expired");
        assert!(!wanted(|_, bob| bob.joined_seq = 5), "from before they joined");
        assert!(!wanted(|_, bob| bob.read_seq = 5), "read");
        assert!(!wanted(|_, bob| bob.quiet_until = Some(later)), "do not disturb");
        assert!(wanted(|_, bob| bob.quiet_until = Some(NOW)), "that is over");
        assert!(!wanted(|_, bob| bob.muted_until = Some(later)), "muted");
        assert!(wanted(|_, bob| bob.muted_until = Some(NOW)), "that is over");
    }

    #[test]
    fn the_setting_of_the_chat_decides_whether_mentions_are_needed() {
        let with = |notify, change: fn(&mut Message)| {
            wanted(|message, bob| {
                bob.notify = notify;
                change(message);
            })
        };
        assert!(!with(Notify::Mentions, |_| {}));
        assert!(!with(Notify::Mentions, |message| message.mentions = vec![UserId(9)]));
        assert!(with(Notify::Mentions, |message| message.mentions = vec![BOB]));
        assert!(with(Notify::Mentions, |message| message.mentions_all = true));
        assert!(!with(Notify::Nothing, |message| message.mentions = vec![BOB]));
        let bob = Recipient { notify: Notify::Mentions, ..bob() };
        assert!(
            is_wanted(&message(), ChatKind::Private, &bob, NOW),
            "in a private chat every message is to them"
        );
    }

    #[test]
    fn who_is_active_has_time_to_read() {
        assert_eq!(due_at(Status::Online, NOW), NOW + DEFERRAL);
        assert_eq!((due_at(Status::Away, NOW), due_at(Status::Offline, NOW)), (NOW, NOW));
    }
}
