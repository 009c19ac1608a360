//! The names of tables and columns; the tables themselves are in `migrations/`.

use sea_query::Iden;

macro_rules! tables {
    ($($table:ident { $($column:ident),* $(,)? })*) => {$(
        /// All columns are listed, including those that no statement names.
        #[derive(Iden, Clone, Copy)]
        #[allow(dead_code, clippy::allow_attributes)]
        pub(super) enum $table { Table, $($column),* }
    )*};
}

tables! {
    Stream { Id, Seq, PrunedSeq }
    Event { StreamId, Seq, Kind, Subject, Data, At }
    User {
        Id, Email, EmailFolded, Username, UsernameFolded, PasswordHash, DisplayName, NameFolded, AvatarUrl, AvatarId,
        About, TimeZone, Language, HidesPresence, HidesReading, IsAdmin, IsBot, CreatedAt, LastSeenAt, DeactivatedAt,
        DeletedAt, Phone, EmailProof,
    }
    Session {
        Id, UserId, Device, Address, CreatedAt, UsedAt, ExpiresAt, RevokedAt, Kind, Scopes, TokenHash, IsLong,
    }
    RefreshToken { Hash, SessionId, CreatedAt, ExpiresAt, UsedAt }
    SignInCode { Contact, Hash, ExpiresAt, Tries, SentAt, SecondAt, ThirdAt }
    Ticket { Hash, SessionId, ExpiresAt }
    Chat {
        Id, Kind, Title, TitleFolded, Description, AvatarId, Pair, Code, IsReadOnly, MessageLife, MemberCount, CreatorId,
        CreatedAt, DeletedAt, AssistantOff,
    }
    ChatTopic { ChatId, Service, ServiceId }
    Member {
        ChatId, UserId, Role, JoinedAt, JoinedSeq, ReadSeq, DeliveredSeq, CountedSeq, Counted, HiddenSeq, MutedUntil, PinnedAt, ArchivedAt,
        Notify, IsBlocked,
    }
    Invite { Id, ChatId, CreatorId, CreatedAt, ExpiresAt, MaxUses, Uses }
    Ban { ChatId, UserId, ById, Reason, At }
    Message {
        Id, ChatId, Seq, AuthorId, Kind, Text, Payload, ClientId, SentAt, EditedAt, DeletedAt, Parts, ReplyTo, ThreadId,
        Origin, IsSilent, ExpiresAt, PinnedAt, RequestKey,
    }
    MessageEdit { MessageId, Number, Text, Payload, At }
    MessageLink { MessageId, Place, ChatId, Url, UrlHash }
    LinkPreview { UrlHash, Url, Title, Description, SiteName, StaleAt }
    Mention { UserId, ChatId, Seq, MessageId, AuthorId }
    PollVote { MessageId, UserId, Choice, At }
    ClosedPoll { MessageId, At }
    Block { UserId, BlockedId, At }
    Bookmark { UserId, MessageId, ChatId, Id, Note, At }
    Draft { UserId, ChatId, ThreadId, Text, ReplyTo, At }
    ScheduledMessage {
        Id, AuthorId, ChatId, Kind, Text, Payload, ReplyTo, ThreadId, Mentions, IsSilent, DueAt, CreatedAt, Failure,
        Reason,
    }
    ScheduledFile { AttachmentId, ScheduledId }
    Reaction { MessageId, UserId, Emoji, At }
    HiddenMessage { UserId, ChatId, Seq, MessageId }
    Attachment {
        Id, OwnerId, Filename, ContentType, Size, Sha256, CreatedAt, ExpiresAt, UploadedAt, Width, Height, DurationMs,
        Waveform, Placeholder, Thumbnail, AvatarOf, StoredByName, RefusalCode, RefusalReason,
        KeepOriginal, Detached,
    }
    AuditEntry {
        Id, At, Action, ActorKind, ActorId, ActorName, TargetKind, TargetId, TargetName, Address, Details,
    }
    Backup { StartedAt, FinishedAt, Place, Name, Bytes, VerifiedAt, Failure }
    Bot { UserId, OwnerId }
    BotCommand { BotId, Name, Description }
    IncomingWebhook { Id, ChatId, AccountId, CreatorId, Name, SecretHash, CreatedAt, UsedAt }
    OutgoingWebhook {
        Id, ChatId, BotId, CreatorId, Name, Url, Events, SecretNumber, RotatedAt, CreatedAt, FailingSince, DisabledAt,
        DisabledReason,
    }
    WebhookCursor { WebhookId, ChatId, Seq }
    WebhookDelivery {
        Id, WebhookId, Event, Body, CreatedAt, NextAt, Attempts, AttemptedAt, DeliveredAt, Status, Failure,
    }
    Report {
        Id, ReporterId, SubjectKind, SubjectId, UserId, ChatId, Reason, Comment, MessageKind, Text, SentAt, CreatedAt,
        ClosedAt, ClosedBy, IsUpheld, Note,
    }
    Setting { Name, Value }
    RetentionExemption { ChatId }
    SyncCursor { Id, UserId, Streams, CreatedAt }
    Storage { OwnerId, Bytes }
    Posted { AttachmentId, MessageId, ChatId, Place, Class }
    SearchPlace { Number, MessageId }
    // The number is SQLite's rowid: its full-text tables have no other key.
    SearchIndex { Number, Rowid, Tokens }
    SearchPending { MessageId }
    Deletion { UserId, Erases, ChatId, MessageId }
    AssistantUse { UserId, Day, Asked }
    UnfinishedAnswer { MessageId, ChatId, Until }
    GoogleToken { UserId, Sealed, At }
    OutgoingMail { Id, Contact, Sealed, Tries, NextAt, ExpiresAt }
    Lease { Name, Holder, Until }
    ChatName { UserId, Name, ChatId, At }
    Unheard { Fingerprint, MessageId, At }
    PushSubscription {
        Id, UserId, SessionId, Endpoint, EndpointHash, PublicKey, AuthSecret, HidesContent, QuietUntil, CreatedAt,
    }
    PushMessage { MessageId }
    PushDelivery { SubscriptionId, MessageId, DueAt, Attempts, IsDeferred, IsAddressed }
    PushLog { Id, At, UserId, Service, Outcome, Status, Attempts }
    IdempotencyKey { Fingerprint, Body, Status, Subject, At }
}
