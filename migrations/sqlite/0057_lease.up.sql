-- What one of several nodes holds for a while: its number, and the jobs that one node does for all.
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
