-- What administrators chose while the server runs. A setting that is not here has its default.
CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
