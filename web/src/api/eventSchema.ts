/// Generated from openapi/events.yaml by `npm run gen`: do not edit.

export interface components {
    schemas: {
        /**
         * Announcement
         * @description What the administrators announce to everybody.
         * @example {
         *       "text": "The server is updated on Saturday at 10:00",
         *       "until": "2024-03-30T12:00:00.000Z"
         *     }
         */
        Announcement: {
            /** @description 1 to 500 characters. */
            text: string;
            /** @description When it disappears; null if it stays until it is removed. UTC, ISO 8601 without a zone. */
            until?: string | null;
        };
        /**
         * Attachment
         * @description An uploaded file.
         * @example {
         *       "id": "550e8400-e29b-41d4-a716-446655440000",
         *       "filename": "audio.opus",
         *       "content_type": "audio/opus",
         *       "size": 20480,
         *       "created_at": "2024-03-26T12:00:00.000Z",
         *       "duration_ms": 5000,
         *       "waveform": [
         *         10,
         *         40,
         *         100,
         *         70,
         *         20
         *       ],
         *       "has_thumbnail": false,
         *       "url": "http://localhost:8000/api/v1/attachments/550e8400-e29b-41d4-a716-446655440000?expires=1711454700000&signature=…"
         *     }
         */
        Attachment: {
            /** @description A UUID. */
            id: string;
            filename: string;
            /** @description The media type, verified against the file's first bytes. */
            content_type: string;
            /**
             * Format: int64
             * @description In bytes.
             */
            size: number;
            /** @description UTC, ISO 8601 without a zone. */
            created_at: string;
            /**
             * Format: int64
             * @description For images (PNG, JPEG, GIF, WebP) and videos (MP4, QuickTime, WebM, Matroska): the width as displayed,
             *     in pixels.
             */
            width?: number | null;
            /** Format: int64 */
            height?: number | null;
            /**
             * Format: int64
             * @description For video and audio: the duration, if the container specifies it.
             */
            duration_ms?: number | null;
            /** @description For audio of up to 20 minutes: the loudness over time, as up to 64 numbers from 0 to 100. */
            waveform?: number[] | null;
            /**
             * @description For images: a blurred placeholder to show while loading, as a base64-encoded
             *     [ThumbHash](https://evanw.github.io/thumbhash/).
             */
            placeholder?: string | null;
            /** @description Whether there is a thumbnail, at most 512 pixels on each side, at `/attachments/{id}/thumbnail`. */
            has_thumbnail: boolean;
            /** @description A link that needs no token, valid for 5 minutes; for `<img>`, `<audio>` and `<video>`. */
            url?: string | null;
            /** @description The same kind of link for the thumbnail, if there is one. */
            thumbnail_url?: string | null;
        };
        /**
         * Authenticate
         * @description The first frame on a socket that was opened without a token.
         */
        Authenticate: {
            /** @description An access token. */
            token: string;
            /** @description Where to resume; without it, only new events are delivered. */
            cursor?: string | null;
        };
        /**
         * Blocked
         * @description A blocked user.
         * @example {
         *       "user": {
         *         "id": 253402300863,
         *         "username": "anna",
         *         "display_name": "Анна",
         *         "avatar_url": null,
         *         "about": "Садовник",
         *         "time_zone": "Europe/Moscow",
         *         "created_at": "2024-03-26T10:00:00.000Z",
         *         "deactivated": false,
         *         "presence": {
         *           "status": "offline",
         *           "last_seen_at": "2024-03-26T12:00:00.000Z"
         *         },
         *         "deleted": false
         *       },
         *       "blocked_at": "2024-03-26T12:00:00.000Z"
         *     }
         */
        Blocked: {
            user: components["schemas"]["Person"];
            /** @description UTC, ISO 8601 without a zone. */
            blocked_at: string;
        };
        /**
         * Bookmark
         * @description A bookmarked message.
         * @example {
         *       "id": 253402301119,
         *       "note": "Answer on Monday",
         *       "ts": "2024-03-26T12:10:00.000Z",
         *       "message": {
         *         "id": 253402300991,
         *         "chat_id": 253402300927,
         *         "author_id": 253402300799,
         *         "type": "text",
         *         "content": "Hello everyone! https://example.org/pavilion",
         *         "payload": null,
         *         "ts": "2024-03-26T12:05:00.000Z",
         *         "edited_at": null,
         *         "deleted": false,
         *         "client_id": null,
         *         "reactions": [
         *           {
         *             "emoji": "👍",
         *             "count": 1,
         *             "user_ids": [
         *               253402300863
         *             ]
         *           }
         *         ],
         *         "attachments": [],
         *         "previews": [
         *           {
         *             "url": "https://example.org/pavilion",
         *             "title": "Pavilions and where to build them",
         *             "description": "A garden is not complete without one.",
         *             "site_name": "Example"
         *           }
         *         ]
         *       }
         *     }
         */
        Bookmark: {
            /**
             * Format: int64
             * @description The bookmark's ID; newer bookmarks have larger IDs.
             */
            id: number;
            note?: string | null;
            /** @description When it was created: UTC, ISO 8601 without a zone. */
            ts: string;
            message: components["schemas"]["Message"];
        };
        /**
         * BookmarkRef
         * @description The message of a bookmark.
         */
        BookmarkRef: {
            /** Format: int64 */
            message_id: number;
            /** Format: int64 */
            chat_id: number;
        };
        /**
         * Chat
         * @description A chat, as the caller sees it.
         * @example {
         *       "id": 253402300927,
         *       "title": "New Project Discussion",
         *       "is_group": true,
         *       "created_at": "2024-03-26T12:00:00.000Z",
         *       "member_count": 4,
         *       "last_message": {
         *         "id": 253402300991,
         *         "chat_id": 253402300927,
         *         "author_id": 253402300799,
         *         "type": "text",
         *         "content": "Hello everyone! https://example.org/pavilion",
         *         "payload": null,
         *         "ts": "2024-03-26T12:05:00.000Z",
         *         "edited_at": null,
         *         "deleted": false,
         *         "client_id": null,
         *         "reactions": [
         *           {
         *             "emoji": "👍",
         *             "count": 1,
         *             "user_ids": [
         *               253402300863
         *             ]
         *           }
         *         ],
         *         "attachments": [],
         *         "previews": [
         *           {
         *             "url": "https://example.org/pavilion",
         *             "title": "Pavilions and where to build them",
         *             "description": "A garden is not complete without one.",
         *             "site_name": "Example"
         *           }
         *         ]
         *       },
         *       "unread_count": 1,
         *       "last_read_message_id": null,
         *       "peer": null,
         *       "kind": "group",
         *       "description": "What we build, and when",
         *       "avatar_url": null,
         *       "read_only": false,
         *       "message_life": null,
         *       "assistant": true,
         *       "mention_count": 0,
         *       "role": "owner",
         *       "code": "K7QX2M",
         *       "muted_until": null,
         *       "pinned": false,
         *       "archived": false,
         *       "notify": "all"
         *     }
         */
        Chat: {
            /** Format: int64 */
            id: number;
            /** @description For a private chat, the other person's name; for saved messages, the caller's own name. */
            title: string;
            /** @description Whether the chat is a group or a channel. */
            is_group: boolean;
            /** @description UTC, ISO 8601 without a zone. */
            created_at: string;
            /**
             * Format: int64
             * @description The number of members.
             */
            member_count: number;
            /** @description The newest message visible to the caller. */
            last_message?: components["schemas"]["Message"] | null;
            /**
             * Format: int64
             * @description The number of unread messages from others.
             */
            unread_count: number;
            /**
             * Format: int64
             * @description The newest message that the caller has read.
             */
            last_read_message_id?: number | null;
            /** @description The other person, in a private chat. */
            peer?: components["schemas"]["Person"] | null;
            kind: components["schemas"]["ChatKind"];
            description?: string | null;
            /** @description The URL of a square image, relative to this server. */
            avatar_url?: string | null;
            /** @description Whether only the owner and admins can post. */
            read_only: boolean;
            /**
             * Format: int64
             * @description How long new messages are kept, in seconds; null keeps them permanently.
             */
            message_life?: number | null;
            /** @description Whether members can ask the assistant in this chat, if the server has one. */
            assistant: boolean;
            /**
             * Format: int64
             * @description The number of unread messages that mention the caller or everyone.
             */
            mention_count: number;
            /** @description The caller's role. */
            role: components["schemas"]["Role"];
            /** @description The code for joining with `POST /chats/join`; only visible to members who can invite others. */
            code?: string | null;
            /** @description Until when the caller has muted notifications. UTC, ISO 8601 without a zone. */
            muted_until?: string | null;
            /** @description Whether the caller has pinned the chat to the top of the list. */
            pinned: boolean;
            /** @description Whether the caller has archived the chat. New messages do not unarchive it. */
            archived: boolean;
            /** @description What the caller is notified about. */
            notify: components["schemas"]["Notify"];
        };
        /**
         * ChatAbout
         * @description The properties of a chat that are the same for all members.
         * @example {
         *       "id": 253402300927,
         *       "kind": "group",
         *       "title": "New title",
         *       "description": null,
         *       "avatar_url": null,
         *       "read_only": false,
         *       "message_life": 86400,
         *       "assistant": true
         *     }
         */
        ChatAbout: {
            /** Format: int64 */
            id: number;
            kind: components["schemas"]["ChatKind"];
            /** @description Null for a private chat, whose title differs for each of its members. */
            title?: string | null;
            description?: string | null;
            /** @description The URL of a square image, relative to this server. */
            avatar_url?: string | null;
            /** @description Whether only the owner and admins can post. */
            read_only: boolean;
            /**
             * Format: int64
             * @description How long new messages are kept, in seconds; null keeps them permanently.
             */
            message_life?: number | null;
            /** @description Whether members can ask the assistant in this chat, if the server has one. */
            assistant: boolean;
        };
        /**
         * ChatDelivered
         * @description A user's delivery position.
         */
        ChatDelivered: {
            /** Format: int64 */
            chat_id: number;
            /** Format: int64 */
            user_id: number;
            /**
             * Format: int64
             * @description The newest message that was delivered to one of the user's devices.
             */
            message_id: number;
        };
        /**
         * @description The kind of chat.
         * @enum {string}
         */
        ChatKind: "private" | "group" | "channel" | "saved";
        /**
         * ChatLost
         * @description A chat that the user no longer sees.
         */
        ChatLost: {
            /** Format: int64 */
            id: number;
            /** @description Whether the user is still a member: a hidden chat comes back with its next message. */
            hidden: boolean;
        };
        /**
         * ChatPerson
         * @description A user in a chat.
         */
        ChatPerson: {
            /** Format: int64 */
            chat_id: number;
            /** Format: int64 */
            user_id: number;
        };
        /**
         * ChatRead
         * @description A user's read position.
         */
        ChatRead: {
            /** Format: int64 */
            chat_id: number;
            /** Format: int64 */
            user_id: number;
            /**
             * Format: int64
             * @description The newest message that the user has read.
             */
            message_id: number;
        };
        /**
         * ChatRef
         * @description A chat.
         */
        ChatRef: {
            /** Format: int64 */
            id: number;
        };
        /**
         * ChatSettings
         * @description The caller's settings for a chat. Changes are only sent to the caller's own devices.
         * @example {
         *       "chat_id": 253402300927,
         *       "muted_until": "2024-03-27T08:00:00.000Z",
         *       "pinned": true,
         *       "archived": false,
         *       "notify": "mentions"
         *     }
         */
        ChatSettings: {
            /** Format: int64 */
            chat_id: number;
            /** @description Until when notifications are muted. UTC, ISO 8601 without a zone. */
            muted_until?: string | null;
            /** @description Whether the chat is pinned to the top of the list. */
            pinned: boolean;
            /** @description Whether the chat is archived. New messages do not unarchive it. */
            archived: boolean;
            notify: components["schemas"]["Notify"];
        };
        /**
         * CurrentAnnouncement
         * @description The announcement, if there is one.
         * @example {
         *       "announcement": {
         *         "text": "The server is updated on Saturday at 10:00",
         *         "until": "2024-03-30T12:00:00.000Z"
         *       }
         *     }
         */
        CurrentAnnouncement: {
            announcement?: components["schemas"]["Announcement"] | null;
        };
        /**
         * Delivered
         * @description The caller's delivery position.
         */
        Delivered: {
            /** Format: int64 */
            chat_id: number;
            /** Format: int64 */
            message_id: number;
        };
        /**
         * Draft
         * @description A draft.
         * @example {
         *       "chat_id": 253402300927,
         *       "thread_id": null,
         *       "content": "Let us meet on",
         *       "reply_to": 253402300991,
         *       "written_at": "2024-03-26T12:07:00.000Z"
         *     }
         */
        Draft: {
            /** Format: int64 */
            chat_id: number;
            /**
             * Format: int64
             * @description The first message of the thread that the draft belongs to; null outside of threads.
             */
            thread_id?: number | null;
            content: string;
            /**
             * Format: int64
             * @description The message that the draft replies to.
             */
            reply_to?: number | null;
            /** @description When it was written: UTC, ISO 8601 without a zone. */
            written_at: string;
        };
        /**
         * DraftRef
         * @description The location of a draft.
         */
        DraftRef: {
            /** Format: int64 */
            chat_id: number;
            /**
             * Format: int64
             * @description The first message of the draft's thread; null outside of threads.
             */
            thread_id?: number | null;
        };
        /**
         * ErrorData
         * @description An error in a frame.
         */
        ErrorData: {
            detail: string;
            code: string;
        };
        /**
         * Failure
         * @description Why a scheduled message was not sent.
         */
        Failure: {
            detail: string;
            /** @description A stable code for programs, as in errors. */
            code: string;
        };
        /**
         * Where
         * @description A chat.
         */
        Where: {
            /** Format: int64 */
            chat_id: number;
        };
        /**
         * GapData
         * @description A gap in the stored events.
         */
        GapData: {
            /**
             * Format: int64
             * @description The chat to reload; null for the user's profile and chat list.
             */
            chat_id?: number | null;
        };
        /**
         * Looking
         * @description The status of this connection.
         */
        Looking: {
            /** @description `online` or `away`. */
            status: components["schemas"]["Status"];
        };
        /**
         * Member
         * @description A user's membership in a chat.
         * @example {
         *       "user": {
         *         "id": 253402300863,
         *         "username": "anna",
         *         "display_name": "Анна",
         *         "avatar_url": null,
         *         "about": "Садовник",
         *         "time_zone": "Europe/Moscow",
         *         "created_at": "2024-03-26T10:00:00.000Z",
         *         "deactivated": false,
         *         "presence": {
         *           "status": "offline",
         *           "last_seen_at": "2024-03-26T12:00:00.000Z"
         *         },
         *         "deleted": false
         *       },
         *       "role": "member",
         *       "joined_at": "2024-03-26T12:00:00.000Z",
         *       "last_read_message_id": null,
         *       "last_delivered_message_id": null
         *     }
         */
        Member: {
            user: components["schemas"]["Person"];
            role: components["schemas"]["Role"];
            /** @description UTC, ISO 8601 without a zone. */
            joined_at: string;
            /**
             * Format: int64
             * @description The newest message that they have read; null if they hide read receipts.
             */
            last_read_message_id?: number | null;
            /**
             * Format: int64
             * @description The newest message that was delivered to one of their devices.
             */
            last_delivered_message_id?: number | null;
        };
        /**
         * MemberChange
         * @description A member of a chat, with the current state.
         */
        MemberChange: {
            /** Format: int64 */
            chat_id: number;
            member: components["schemas"]["Member"];
        };
        /**
         * Message
         * @description A message.
         * @example {
         *       "id": 253402300991,
         *       "chat_id": 253402300927,
         *       "author_id": 253402300799,
         *       "type": "text",
         *       "content": "Hello everyone! https://example.org/pavilion",
         *       "payload": null,
         *       "ts": "2024-03-26T12:05:00.000Z",
         *       "edited_at": null,
         *       "deleted": false,
         *       "client_id": null,
         *       "reactions": [
         *         {
         *           "emoji": "👍",
         *           "count": 1,
         *           "user_ids": [
         *             253402300863
         *           ]
         *         }
         *       ],
         *       "attachments": [],
         *       "previews": [
         *         {
         *           "url": "https://example.org/pavilion",
         *           "title": "Pavilions and where to build them",
         *           "description": "A garden is not complete without one.",
         *           "site_name": "Example"
         *         }
         *       ]
         *     }
         */
        Message: {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            chat_id: number;
            /** Format: int64 */
            author_id: number;
            type: components["schemas"]["MessageType"];
            /** @description The text, or the caption of a file; null if the message was deleted. */
            content?: string | null;
            /**
             * @description The content that depends on `type`. For `voice`: `{attachment_id, duration_ms, codec, waveform}`. For
             *     `image`, `video` and `file`: `{attachment_id}` or `{attachment_ids}`. For `location`: `{latitude,
             *     longitude, …}`. For `poll`: `{options, …}`. For `system`: `{kind, …}`. It can contain additional fields
             *     set by the sender.
             */
            payload?: {
                [key: string]: unknown;
            } | null;
            /** @description When it was sent: UTC, ISO 8601 without a zone. */
            ts: string;
            /** @description When it was last edited. */
            edited_at?: string | null;
            /** @description Whether it was deleted for everyone. Deleted messages remain in the list without content. */
            deleted: boolean;
            /** @description The UUID that the sender's client chose. */
            client_id?: string | null;
            reactions: components["schemas"]["Reaction"][];
            /** @description The attached files. */
            attachments: components["schemas"]["Attachment"][];
            /**
             * @description Previews of linked pages; absent if there are none. They are added after the message was sent, with a `message.updated` event that
             *     leaves `edited_at` unchanged.
             */
            previews?: components["schemas"]["Preview"][] | null;
            /** @description For types other than `text`: a textual form, for clients that cannot display the type. */
            plain?: string | null;
            /** @description The message that this one replies to. */
            reply_to?: components["schemas"]["Quote"] | null;
            /**
             * Format: int64
             * @description The first message of the thread that this message belongs to.
             */
            thread_id?: number | null;
            /** @description For the first message of a thread: information about the thread. */
            thread?: components["schemas"]["Thread"] | null;
            /** @description For a forwarded message: its origin. */
            forwarded_from?: components["schemas"]["Origin"] | null;
            /** @description The mentioned users; absent if there are none. */
            mentions?: number[] | null;
            /** @description True if everyone in the chat is mentioned; otherwise absent. */
            mentions_all?: boolean | null;
            /** @description True if it was sent without a notification; otherwise absent. */
            silent?: boolean | null;
            /** @description When it disappears. */
            expires_at?: string | null;
            /** @description When it was pinned. */
            pinned_at?: string | null;
            /** @description For a poll: its options and votes. */
            poll?: components["schemas"]["Poll"] | null;
        };
        /**
         * MessageRef
         * @description A message in a chat.
         */
        MessageRef: {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            chat_id: number;
        };
        /**
         * MessageRefs
         * @description Messages in a chat.
         */
        MessageRefs: {
            /** Format: int64 */
            chat_id: number;
            /** @description Up to 200. */
            ids: number[];
        };
        /**
         * @description The type of a message.
         * @enum {string}
         */
        MessageType: "text" | "voice" | "image" | "video" | "file" | "system" | "location" | "poll" | "ai";
        /**
         * Nothing
         * @description Empty.
         */
        Nothing: Record<string, never>;
        /**
         * @description What the user is notified about.
         * @enum {string}
         */
        Notify: "all" | "mentions" | "none";
        /**
         * OpenReports
         * @description The reports of messages and people.
         */
        OpenReports: {
            /**
             * Format: int64
             * @description How many are open: nobody has decided about them.
             */
            open: number;
        };
        /**
         * Origin
         * @description The origin of a forwarded or imported message.
         */
        Origin: {
            /**
             * Format: int64
             * @description Null for imported messages, like the other IDs, if they are not known on this server.
             */
            chat_id?: number | null;
            /** Format: int64 */
            message_id?: number | null;
            /** Format: int64 */
            author_id?: number | null;
            /** @description The author's name at that time. */
            author_name: string;
            ts: string;
        };
        /**
         * Person
         * @description A user, as others see them.
         * @example {
         *       "id": 253402300863,
         *       "username": "anna",
         *       "display_name": "Анна",
         *       "avatar_url": null,
         *       "about": "Садовник",
         *       "time_zone": "Europe/Moscow",
         *       "created_at": "2024-03-26T10:00:00.000Z",
         *       "deactivated": false,
         *       "presence": {
         *         "status": "offline",
         *         "last_seen_at": "2024-03-26T12:00:00.000Z"
         *       },
         *       "deleted": false
         *     }
         */
        Person: {
            /** Format: int64 */
            id: number;
            username?: string | null;
            display_name: string;
            /**
             * @description A square image: a path on this server (`/api/v1/avatars/…`) if it was uploaded, or an external http or
             *     https URL.
             */
            avatar_url?: string | null;
            /** @description A short self-description. */
            about?: string | null;
            /** @description An IANA time zone, such as `Europe/Moscow`. */
            time_zone?: string | null;
            /** @description UTC, ISO 8601 without a zone. */
            created_at: string;
            /** @description Whether the account is deactivated. The user cannot sign in; their messages are kept. */
            deactivated: boolean;
            /** @description The online status. Only in responses, not in events, which go to many users. */
            presence?: components["schemas"]["Presence"] | null;
            /** @description Whether the account was deleted. It has no name any more: show one in the reader's language. */
            deleted: boolean;
            /** @description True for the account of a program: a bot, an incoming webhook or the assistant. Absent for people. */
            is_bot?: boolean | null;
        };
        /**
         * PersonRef
         * @description A user.
         */
        PersonRef: {
            /** Format: int64 */
            user_id: number;
        };
        /**
         * Poll
         * @description A poll and its votes.
         */
        Poll: {
            options: components["schemas"]["PollOption"][];
            /**
             * Format: uint64
             * @description How many people have voted.
             */
            voters: number;
            /** @description Whether several options can be chosen. */
            multiple: boolean;
            /** @description Whether votes are anonymous. */
            anonymous: boolean;
            /** @description When voting was closed. */
            closed_at?: string | null;
        };
        /**
         * PollOption
         * @description An option of a poll.
         */
        PollOption: {
            text: string;
            /**
             * Format: uint64
             * @description How many people chose it.
             */
            votes: number;
            /**
             * @description The first 100 users who chose it, earliest first (`GET /messages/{message_id}/voters` lists all of
             *     them); null for an anonymous poll.
             */
            user_ids?: number[] | null;
        };
        /**
         * Presence
         * @description A user's presence. For users who hide their presence, and to callers who hide theirs, the status is
         *     `offline` and `last_seen_at` is null.
         * @example {
         *       "status": "offline",
         *       "last_seen_at": "2024-03-26T12:00:00.000Z"
         *     }
         */
        Presence: {
            status: components["schemas"]["Status"];
            /** @description When the user was last online: UTC, ISO 8601 without a zone. Null while they are online, and if unknown. */
            last_seen_at?: string | null;
        };
        /**
         * PresenceChange
         * @description A user's presence.
         */
        PresenceChange: {
            /** Format: int64 */
            user_id: number;
            status: components["schemas"]["Status"];
            /** @description When the user was last online: UTC, ISO 8601 without a zone. Null while they are online, and if unknown. */
            last_seen_at?: string | null;
        };
        /**
         * Preview
         * @description A preview of a page that a message links to.
         */
        Preview: {
            /** @description The normalised URL from the message. */
            url: string;
            /** @description Up to 200 characters, in one line. */
            title: string;
            /** @description Up to 500 characters, in one line. */
            description?: string | null;
            /** @description The name of the website. */
            site_name?: string | null;
        };
        /**
         * Quote
         * @description The message that another message replies to.
         */
        Quote: {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            author_id: number;
            type: components["schemas"]["MessageType"];
            /** @description The beginning of its text, up to 200 characters; null if it was deleted. */
            text?: string | null;
        };
        /**
         * Reaction
         * @description A reaction to a message.
         */
        Reaction: {
            emoji: string;
            /**
             * Format: uint64
             * @description How many users chose this emoji.
             */
            count: number;
            /** @description The users who chose it, earliest first. */
            user_ids: number[];
        };
        /**
         * Read
         * @description The caller's read position.
         */
        Read: {
            /** Format: int64 */
            chat_id: number;
            /**
             * Format: int64
             * @description The newest message that was read; defaults to the newest message of the chat.
             */
            message_id?: number | null;
        };
        /**
         * Ready
         * @description The start of live delivery.
         */
        Ready: {
            /**
             * Format: int64
             * @description The authenticated user.
             */
            user_id: number;
            /** @description The current cursor, for resuming later. */
            cursor: string;
        };
        /**
         * @description A member's role in a chat.
         * @enum {string}
         */
        Role: "owner" | "admin" | "member";
        /**
         * Scheduled
         * @description A scheduled message.
         * @example {
         *       "id": 253402301183,
         *       "chat_id": 253402300927,
         *       "type": "text",
         *       "content": "Good morning!",
         *       "payload": null,
         *       "attachments": [],
         *       "reply_to": null,
         *       "thread_id": null,
         *       "mentions": [],
         *       "silent": true,
         *       "send_at": "2024-03-27T06:00:00.000Z",
         *       "created_at": "2024-03-26T12:05:00.000Z",
         *       "failure": null
         *     }
         */
        Scheduled: {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            chat_id: number;
            type: components["schemas"]["MessageType"];
            content?: string | null;
            payload?: {
                [key: string]: unknown;
            } | null;
            /** @description The attached files. */
            attachments: components["schemas"]["Attachment"][];
            /**
             * Format: int64
             * @description The message that it replies to.
             */
            reply_to?: number | null;
            /**
             * Format: int64
             * @description The first message of the thread that it belongs to.
             */
            thread_id?: number | null;
            /** @description Mentioned users, in addition to `@username` in the text. */
            mentions: number[];
            /** @description Whether it will be sent without a notification. */
            silent: boolean;
            /** @description When it will be sent: UTC, ISO 8601 without a zone. */
            send_at: string;
            created_at: string;
            /**
             * @description Why it could not be sent when it was due, for example because the user can no longer post in the chat.
             *     It is not retried automatically: set another `send_at`, send it now, or cancel it.
             */
            failure?: components["schemas"]["Failure"] | null;
        };
        /**
         * ScheduledRef
         * @description A message that is no longer scheduled.
         */
        ScheduledRef: {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            chat_id: number;
            /**
             * Format: int64
             * @description The message that was sent; null if it was cancelled.
             */
            message_id?: number | null;
        };
        /**
         * @description What a token can be used for.
         * @enum {string}
         */
        Scope: "read" | "write" | "account";
        /**
         * SessionCreated
         * @description A new session.
         */
        SessionCreated: {
            /** Format: int64 */
            id: number;
            /** @description The device's name as given at sign-in, or its `User-Agent`. */
            device?: string | null;
            /** @description The IP address at sign-in. */
            address?: string | null;
            /** @description UTC, ISO 8601 without a zone. */
            created_at: string;
        };
        /**
         * SessionRef
         * @description A session.
         */
        SessionRef: {
            /** Format: int64 */
            id: number;
        };
        /**
         * @description A user's online status.
         * @enum {string}
         */
        Status: "online" | "away" | "offline";
        /**
         * Thread
         * @description Information about a thread.
         */
        Thread: {
            /**
             * Format: int64
             * @description The number of replies.
             */
            count: number;
            /** @description When the last reply was sent. */
            last_ts: string;
        };
        /**
         * Token
         * @description A personal access token, without its secret.
         * @example {
         *       "id": 253402301055,
         *       "name": "Build server",
         *       "scopes": [
         *         "read",
         *         "write"
         *       ],
         *       "created_at": "2024-03-26T10:00:00.000Z",
         *       "last_used_at": "2024-03-26T12:00:00.000Z",
         *       "expires_at": "2024-06-24T10:00:00.000Z"
         *     }
         */
        Token: {
            /** Format: int64 */
            id: number;
            /** @description What the token is used for. */
            name: string;
            scopes: components["schemas"]["Scope"][];
            /** @description UTC, ISO 8601 without a zone. */
            created_at: string;
            /** @description When the token was last used, with a precision of five minutes; null if never. */
            last_used_at?: string | null;
            /** @description Null if the token does not expire. */
            expires_at?: string | null;
        };
        /**
         * TokenRef
         * @description A personal access token.
         */
        TokenRef: {
            /** Format: int64 */
            id: number;
        };
        /**
         * User
         * @description The current user.
         * @example {
         *       "id": 253402300799,
         *       "email": "user@example.com",
         *       "phone": null,
         *       "username": "john",
         *       "display_name": "John Doe",
         *       "avatar_url": "https://example.com/avatar.jpg",
         *       "about": null,
         *       "time_zone": "Europe/Moscow",
         *       "language": "ru",
         *       "hides_presence": false,
         *       "hides_reading": false,
         *       "is_admin": false,
         *       "created_at": "2024-03-26T10:00:00.000Z"
         *     }
         */
        User: {
            /** Format: int64 */
            id: number;
            /** @description The e-mail address; not visible to others. */
            email?: string | null;
            /** @description In E.164 format, for users who sign in with a code; not visible to others. */
            phone?: string | null;
            /** @description The name for signing in and for being found. */
            username?: string | null;
            /** @description The name that others see. */
            display_name: string;
            /**
             * @description A square image: a path on this server (`/api/v1/avatars/…`) if it was uploaded, or an external http or
             *     https URL.
             */
            avatar_url?: string | null;
            /** @description A short self-description. */
            about?: string | null;
            /** @description An IANA time zone, such as `Europe/Moscow`. */
            time_zone?: string | null;
            /** @description A language tag (BCP 47), such as `pt-BR`; not visible to others. */
            language?: string | null;
            /**
             * @description Whether the online status and last-seen time are hidden from others. Users who hide theirs cannot see
             *     those of others.
             */
            hides_presence: boolean;
            /** @description Whether read receipts are hidden from others. */
            hides_reading: boolean;
            /** @description Whether the user is a server administrator. */
            is_admin: boolean;
            /** @description UTC, ISO 8601 without a zone. */
            created_at: string;
        };
        /**
         * Vote
         * @description The caller's vote in a poll.
         * @example {
         *       "message_id": 253402300991,
         *       "chat_id": 253402300927,
         *       "options": [
         *         0,
         *         2
         *       ]
         *     }
         */
        Vote: {
            /** Format: int64 */
            message_id: number;
            /** Format: int64 */
            chat_id: number;
            /** @description The chosen options, counted from 0; empty if the caller has not voted. */
            options: number[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}

/// What the server sends, by the event's name.
export interface ServerEvents {
  /** A message was sent. The author receives this event too. */
  'message.created': components['schemas']['Message']
  /** A message was edited, or its reactions, previews, poll or pin changed. */
  'message.updated': components['schemas']['Message']
  /** A message was deleted for everyone. */
  'message.deleted': components['schemas']['MessageRef']
  /** Many messages of a chat were deleted for everyone at once, because their author's account was deleted. One event lists up to 200 of them. */
  'messages.deleted': components['schemas']['MessageRefs']
  /** The user deleted a message for themselves. */
  'message.hidden': components['schemas']['MessageRef']
  /** The user voted in a poll, on any of their devices. */
  'poll.voted': components['schemas']['Vote']
  /** The user bookmarked a message or changed a bookmark's note. */
  'bookmark.saved': components['schemas']['Bookmark']
  /** The user removed a bookmark. Not sent when a message or chat is deleted: discard its bookmarks then. */
  'bookmark.removed': components['schemas']['BookmarkRef']
  /** The user saved a draft. */
  'draft.saved': components['schemas']['Draft']
  /** A draft was sent or removed. Not sent when a chat is removed: discard its drafts then. */
  'draft.removed': components['schemas']['DraftRef']
  /** A message was scheduled or changed, or could not be sent when it was due. */
  'scheduled.saved': components['schemas']['Scheduled']
  /** A scheduled message was sent or cancelled. */
  'scheduled.removed': components['schemas']['ScheduledRef']
  /** The user was added to a chat, or a hidden chat is visible again. */
  'chat.created': components['schemas']['Chat']
  /** The title, description, avatar, read-only flag, message lifetime or assistant setting of a chat changed. The data contains all of its properties. */
  'chat.updated': components['schemas']['ChatAbout']
  /** The user no longer sees a chat: they left or were removed, or the chat was deleted or hidden. Events of a hidden chat are still delivered: with the next `message.created` it is visible again and should be reloaded. */
  'chat.removed': components['schemas']['ChatLost']
  /** The user changed the settings of a chat: muted, pinned, archived, or notifications. Only sent to the user's own devices. */
  'chat.settings': components['schemas']['ChatSettings']
  /** How people can join a chat changed: its code, an invitation or its number of uses, or a ban. Only sent to the owner and admins, who should reload them. */
  'chat.access': components['schemas']['ChatRef']
  /** A user joined or was added to a chat. */
  'member.added': components['schemas']['MemberChange']
  /** A member's profile or role changed. Sent in each of their chats; the title of a private chat is derived from it. */
  'member.updated': components['schemas']['MemberChange']
  /** A user left or was removed from a chat. */
  'member.removed': components['schemas']['ChatPerson']
  /** A user has read up to a message. For users who hide read receipts, only sent to their own devices. */
  'chat.read': components['schemas']['ChatRead']
  /** All messages up to the given one were delivered to one of a user's devices. Not sent in chats with more than 200 members. Messages that were read count as delivered, without a separate event. */
  'chat.delivered': components['schemas']['ChatDelivered']
  /** The user's own profile changed. */
  'user.updated': components['schemas']['User']
  /** The user blocked another user. */
  'user.blocked': components['schemas']['Blocked']
  /** The user unblocked another user. */
  'user.unblocked': components['schemas']['PersonRef']
  /** The user signed in on another device. */
  'session.created': components['schemas']['SessionCreated']
  /** A session of the user ended. */
  'session.revoked': components['schemas']['SessionRef']
  /** The user created a personal access token. */
  'token.created': components['schemas']['Token']
  /** A personal access token was revoked. */
  'token.revoked': components['schemas']['TokenRef']
  /** A user reported something, or an administrator decided about a report. Only sent to server administrators. */
  'reports.updated': components['schemas']['OpenReports']
  /** All missed events have been delivered; live events follow. */
  'ready': components['schemas']['Ready']
  /** Some events are no longer stored: reload the chat. Its position is used like an event's. */
  'gap': components['schemas']['GapData']
  /** The online status of a user who shares a chat with the current user changed. Missed changes are available from `GET /presence`. */
  'presence': components['schemas']['PresenceChange']
  /** The administrators announce something to everybody, or removed their announcement, or its time is over. The current one is available from `GET /announcement`. */
  'announcement.updated': components['schemas']['CurrentAnnouncement']
  /** A user is typing. Show it for 5 seconds. */
  'typing': components['schemas']['ChatPerson']
  /** The response to `ping`. */
  'pong': components['schemas']['Nothing']
  /** A frame was invalid. The socket stays open. */
  'error': components['schemas']['ErrorData']
}

/// What a client sends.
export interface ClientEvents {
  /** Authenticates a socket that was opened without a token. Must be the first frame, within 10 seconds. */
  'auth': components['schemas']['Authenticate']
  /** Answered with `pong`. WebSocket protocol pings are sent by the server and answered by browsers automatically. */
  'ping': components['schemas']['Nothing']
  /** Reports that the user is typing in a chat. Send it at most every 3 seconds. */
  'typing': components['schemas']['Where']
  /** Marks a chat as read up to a message, or up to the newest one. There is no response except `chat.read`. */
  'read': components['schemas']['Read']
  /** Confirms that this device has received all messages of a chat up to the given one. */
  'delivered': components['schemas']['Delivered']
  /** Sets the status of this connection. A user is `away` while all of their connections are. */
  'presence': components['schemas']['Looking']
}
