-- Reports of messages and people to the administrators. subject_id: the message or the person. text: of the message as it
-- was when it was reported. closed_at is null while nobody has decided; is_upheld: whether it was resolved, not dismissed.
CREATE TABLE report (
    id BIGINT NOT NULL PRIMARY KEY,
    reporter_id BIGINT NOT NULL,
    subject_kind VARCHAR(16) NOT NULL,
    subject_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    chat_id BIGINT,
    reason VARCHAR(32) NOT NULL,
    comment TEXT,
    message_kind BIGINT,
    text MEDIUMTEXT,
    sent_at BIGINT,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BIGINT,
    is_upheld BIGINT,
    note TEXT,
    UNIQUE INDEX report_once (reporter_id, subject_kind, subject_id),
    INDEX report_closed (closed_at, id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
