-- What happened, in order. subject and data name what it is about; what it says is read from there.
CREATE TABLE event (
    stream_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    data MEDIUMTEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (stream_id, seq)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
