-- One row for each e-mail address (folded) or phone number to which a code was sent lately. Of the code only a keyed hash is kept.
CREATE TABLE sign_in_code (
    contact VARCHAR(320) NOT NULL PRIMARY KEY,
    hash BINARY(32),
    expires_at BIGINT NOT NULL DEFAULT 0,
    tries BIGINT NOT NULL DEFAULT 0,
    sent_at BIGINT,
    second_at BIGINT,
    third_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
