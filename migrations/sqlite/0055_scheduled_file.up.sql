-- The files that wait with them: they are not swept away like others that were not posted.
CREATE TABLE scheduled_file (
    attachment_id BLOB NOT NULL,
    scheduled_id INTEGER NOT NULL,
    PRIMARY KEY (attachment_id, scheduled_id)
) STRICT, WITHOUT ROWID;
