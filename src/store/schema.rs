//! The names of tables and columns; the tables themselves are in `migrations/`.

use sea_query::Iden;

macro_rules! tables {
    ($($table:ident { $($column:ident),* $(,)? })*) => {$(
        #[derive(Iden, Clone, Copy)]
        pub(super) enum $table { Table, $($column),* }
    )*};
}

tables! {
    Stream { Id, Seq }
    Event { StreamId, Seq, Kind, Subject, Data, At }
    User {
        Id, Email, EmailFolded, Username, UsernameFolded, PasswordHash, DisplayName, NameFolded, AvatarUrl, CreatedAt,
    }
    Session { Id, UserId, Device, Address, CreatedAt, UsedAt, ExpiresAt, RevokedAt }
    RefreshToken { Hash, SessionId, CreatedAt, ExpiresAt, UsedAt }
    Ticket { Hash, SessionId, ExpiresAt }
    Chat { Id, Title, Pair, CreatorId, CreatedAt, DeletedAt }
    Member { ChatId, UserId, Role, JoinedAt, JoinedSeq, ReadSeq, HiddenSeq }
    Message { Id, ChatId, Seq, AuthorId, Kind, Text, Payload, ClientId, SentAt, EditedAt, DeletedAt }
    Reaction { MessageId, UserId, Emoji, At }
    HiddenMessage { UserId, MessageId }
    Attachment { Id, OwnerId, Filename, ContentType, Size, Sha256, CreatedAt, ExpiresAt, UploadedAt }
    Posted { AttachmentId, MessageId, ChatId }
    IdempotencyKey { Fingerprint, Body, Status, Subject, At }
}
