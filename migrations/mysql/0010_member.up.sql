-- joined_seq: the place in the stream at which they came. read_seq, delivered_seq: everything up to there is read, has arrived.
-- hidden_seq: the chat is hidden until something newer. notify: 1 of everything, 2 of mentions, 3 of nothing.
-- counted: how many unread messages there are up to counted_seq, for who has left many unread; counted anew when one of
-- them is deleted. is_blocked: the other one of a private chat does not want to hear them.
CREATE TABLE member (
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    role BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    joined_seq BIGINT NOT NULL,
    read_seq BIGINT NOT NULL,
    delivered_seq BIGINT NOT NULL,
    counted_seq BIGINT,
    counted BIGINT NOT NULL DEFAULT 0,
    hidden_seq BIGINT,
    muted_until BIGINT,
    pinned_at BIGINT,
    archived_at BIGINT,
    notify BIGINT NOT NULL DEFAULT 1,
    is_blocked BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (chat_id, user_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
