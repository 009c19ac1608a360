-- choice: which option, counted from 0.
CREATE TABLE poll_vote (
    message_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    choice INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (message_id, user_id, choice)
) STRICT, WITHOUT ROWID;
