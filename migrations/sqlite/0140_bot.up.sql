-- Bot accounts and who owns them. The assistant and the accounts of webhooks are bots without an owner.
CREATE TABLE bot (
    user_id INTEGER NOT NULL PRIMARY KEY,
    owner_id INTEGER NOT NULL
) STRICT;
CREATE INDEX bot_owner ON bot (owner_id);
