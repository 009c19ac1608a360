-- One row for each e-mail address (folded) or phone number to which a code was sent lately. Of the code only a keyed hash is kept.
CREATE TABLE sign_in_code (
    contact TEXT NOT NULL PRIMARY KEY,
    hash BLOB,
    expires_at INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    sent_at INTEGER,
    second_at INTEGER,
    third_at INTEGER
) STRICT;
