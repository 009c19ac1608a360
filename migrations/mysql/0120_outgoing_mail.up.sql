-- E-mail that is not sent yet. The recipient, subject and text are encrypted with the server's secret.
CREATE TABLE outgoing_mail (
    id BIGINT NOT NULL PRIMARY KEY,
    contact VARCHAR(320),
    sealed BLOB NOT NULL,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
