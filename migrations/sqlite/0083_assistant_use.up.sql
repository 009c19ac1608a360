-- How often somebody asked the assistant on a day, counted in days since 1970.
CREATE TABLE assistant_use (
    user_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day)
) STRICT;
