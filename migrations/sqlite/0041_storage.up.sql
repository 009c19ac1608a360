-- How many bytes of uploaded files somebody has; of owner 0, how many there are in all.
CREATE TABLE storage (
    owner_id INTEGER NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
