-- E-mail that is not sent yet. The recipient, subject and text are encrypted with the server's secret.
CREATE TABLE outgoing_mail (
    id INTEGER NOT NULL PRIMARY KEY,
    contact TEXT,
    sealed BLOB NOT NULL,
    tries INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
