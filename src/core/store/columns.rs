//! How the model's types are stored in columns.

use sea_query::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use sqlx::{Database, Decode, Type};
use uuid::Uuid;

use crate::model::{
    AttachmentId, BookmarkId, ChatId, ChatKind, DeliveryId, FileClass, IncomingWebhookId, InviteId, Kind,
    MessageId, Notify, OutgoingWebhookId, PushOutcome, PushSubscriptionId, Role, ScheduledId, Scopes,
    SessionId, SessionKind, Stream, Time, UserId,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A type that is stored as a 64-bit integer.
macro_rules! number {
    ($($type:ty: $to:expr, $from:expr;)*) => {$(
        impl<D: Database> Type<D> for $type where i64: Type<D> {
            fn type_info() -> D::TypeInfo {
                <i64 as Type<D>>::type_info()
            }

            fn compatible(info: &D::TypeInfo) -> bool {
                <i64 as Type<D>>::compatible(info)
            }
        }

        impl<'r, D: Database> Decode<'r, D> for $type where i64: Decode<'r, D> {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, Failure> {
                let from: fn(i64) -> Result<Self, Failure> = $from;
                from(<i64 as Decode<'r, D>>::decode(value)?)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(stored: D) -> Result<Self, D::Error> {
                let from: fn(i64) -> Result<Self, Failure> = $from;
                from(i64::deserialize(stored)?).map_err(D::Error::custom)
            }
        }

        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let to: fn($type) -> i64 = $to;
                Self::BigInt(Some(to(value)))
            }
        }

        impl sea_query::Nullable for $type {
            fn null() -> Value {
                Value::BigInt(None)
            }
        }
    )*};
}

number! {
    UserId: |id| id.0, |number| Ok(UserId(number));
    ChatId: |id| id.0, |number| Ok(ChatId(number));
    MessageId: |id| id.0, |number| Ok(MessageId(number));
    InviteId: |id| id.0, |number| Ok(InviteId(number));
    SessionId: |id| id.0, |number| Ok(SessionId(number));
    BookmarkId: |id| id.0, |number| Ok(BookmarkId(number));
    ScheduledId: |id| id.0, |number| Ok(ScheduledId(number));
    IncomingWebhookId: |id| id.0, |number| Ok(IncomingWebhookId(number));
    OutgoingWebhookId: |id| id.0, |number| Ok(OutgoingWebhookId(number));
    DeliveryId: |id| id.0, |number| Ok(DeliveryId(number));
    PushSubscriptionId: |id| id.0, |number| Ok(PushSubscriptionId(number));
    Stream: |id| id.0, |number| Ok(Stream(number));
    Time: |time| time.0, |number| Ok(Time(number));
    Scopes: |scopes| scopes.bits(), |number| Ok(Scopes::from_bits(number));
    SessionKind: |kind| kind as i64, |number| match number {
        1 => Ok(SessionKind::SignIn),
        2 => Ok(SessionKind::Token),
        _ => Err(format!("{number} is no kind of session").into()),
    };
    Kind: |kind| kind as i64, |number| {
        let kind = Kind::ALL.into_iter().find(|kind| *kind as i64 == number);
        kind.ok_or_else(|| format!("{number} is no kind of message").into())
    };
    ChatKind: |kind| kind as i64, |number| {
        let kind = ChatKind::ALL.into_iter().find(|kind| *kind as i64 == number);
        kind.ok_or_else(|| format!("{number} is no kind of chat").into())
    };
    Notify: |notify| notify as i64, |number| match number {
        1 => Ok(Notify::Everything),
        2 => Ok(Notify::Mentions),
        3 => Ok(Notify::Nothing),
        _ => Err(format!("{number} is no level of notification").into()),
    };
    PushOutcome: |outcome| outcome as i64, |number| match number {
        1 => Ok(PushOutcome::Sent),
        2 => Ok(PushOutcome::Retried),
        3 => Ok(PushOutcome::Failed),
        4 => Ok(PushOutcome::Removed),
        _ => Err(format!("{number} is no outcome of a push").into()),
    };
    FileClass: |class| class as i64, |number| match number {
        1 => Ok(FileClass::Picture),
        2 => Ok(FileClass::Video),
        3 => Ok(FileClass::Sound),
        4 => Ok(FileClass::Other),
        _ => Err(format!("{number} is no class of files").into()),
    };
    Role: |role| match role { Role::Member => 1, Role::Admin => 2, Role::Owner => 3 }, |number| match number {
        1 => Ok(Role::Member),
        2 => Ok(Role::Admin),
        3 => Ok(Role::Owner),
        _ => Err(format!("{number} is no role").into()),
    };
}

/// A UUID as 16 bytes, in both engines.
pub(super) fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// The reverse of [`bytes`].
pub(super) fn uuid(bytes: &[u8]) -> Uuid {
    Uuid::from_slice(bytes).unwrap_or_default()
}

impl From<AttachmentId> for Value {
    fn from(id: AttachmentId) -> Self {
        Self::Bytes(Some(bytes(id.0)))
    }
}

impl<D: Database> Type<D> for AttachmentId
where
    Vec<u8>: Type<D>,
{
    fn type_info() -> D::TypeInfo {
        <Vec<u8> as Type<D>>::type_info()
    }

    fn compatible(info: &D::TypeInfo) -> bool {
        <Vec<u8> as Type<D>>::compatible(info)
    }
}

impl<'r, D: Database> Decode<'r, D> for AttachmentId
where
    Vec<u8>: Decode<'r, D>,
{
    fn decode(value: D::ValueRef<'r>) -> Result<Self, Failure> {
        Ok(Self(uuid(&<Vec<u8> as Decode<'r, D>>::decode(value)?)))
    }
}

impl sea_query::Nullable for AttachmentId {
    fn null() -> Value {
        Value::Bytes(None)
    }
}
