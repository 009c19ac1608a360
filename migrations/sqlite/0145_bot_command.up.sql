-- The slash commands of bots.
CREATE TABLE bot_command (
    bot_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (bot_id, name)
) STRICT;
