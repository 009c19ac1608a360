-- Every chat and every user has a stream; seq is the place of its newest event.
CREATE TABLE stream (
    id INTEGER NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT;
