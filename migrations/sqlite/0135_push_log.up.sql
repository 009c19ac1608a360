-- What became of pushes, for administrators: without the message, and of the endpoint only the host.
CREATE TABLE push_log (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    service TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    status INTEGER,
    attempts INTEGER NOT NULL
) STRICT;
