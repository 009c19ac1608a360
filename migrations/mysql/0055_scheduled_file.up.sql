-- The files that wait with them: they are not swept away like others that were not posted.
CREATE TABLE scheduled_file (
    attachment_id BINARY(16) NOT NULL,
    scheduled_id BIGINT NOT NULL,
    PRIMARY KEY (attachment_id, scheduled_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
