-- The backups that were made, and the attempts that failed.
CREATE TABLE backup (
    started_at INTEGER NOT NULL PRIMARY KEY,
    finished_at INTEGER NOT NULL,
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    verified_at INTEGER,
    failure TEXT
) STRICT;
