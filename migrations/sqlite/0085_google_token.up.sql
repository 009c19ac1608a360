-- What people gave to make meetings at Google in their name, sealed by the server's secret.
CREATE TABLE google_token (
    user_id INTEGER NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
