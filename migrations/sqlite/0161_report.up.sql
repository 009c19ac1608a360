-- Reports of messages and people to the administrators. subject_id: the message or the person. text: of the message as it
-- was when it was reported. closed_at is null while nobody has decided; is_upheld: whether it was resolved, not dismissed.
CREATE TABLE report (
    id INTEGER NOT NULL PRIMARY KEY,
    reporter_id INTEGER NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    chat_id INTEGER,
    reason TEXT NOT NULL,
    comment TEXT,
    message_kind INTEGER,
    text TEXT,
    sent_at INTEGER,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    closed_by INTEGER,
    is_upheld INTEGER,
    note TEXT
) STRICT;
CREATE UNIQUE INDEX report_once ON report (reporter_id, subject_kind, subject_id);
CREATE INDEX report_closed ON report (closed_at, id);
