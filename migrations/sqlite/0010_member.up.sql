-- joined_seq: the place in the stream at which they came. read_seq, delivered_seq: everything up to there is read, has arrived.
-- hidden_seq: the chat is hidden until something newer. notify: 1 of everything, 2 of mentions, 3 of nothing.
-- counted: how many unread messages there are up to counted_seq, for who has left many unread; counted anew when one of
-- them is deleted. is_blocked: the other one of a private chat does not want to hear them.
CREATE TABLE member (
    chat_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    joined_seq INTEGER NOT NULL,
    read_seq INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    counted_seq INTEGER,
    counted INTEGER NOT NULL DEFAULT 0,
    hidden_seq INTEGER,
    muted_until INTEGER,
    pinned_at INTEGER,
    archived_at INTEGER,
    notify INTEGER NOT NULL DEFAULT 1,
    is_blocked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat_id, user_id)
) STRICT, WITHOUT ROWID;
