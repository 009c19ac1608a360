-- What a message said before each edit.
CREATE TABLE message_edit (
    message_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    text MEDIUMTEXT,
    payload MEDIUMTEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (message_id, number)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
