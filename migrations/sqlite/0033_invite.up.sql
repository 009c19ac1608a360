-- Ways into a group. The token in an invitation's address is made from its id with a secret key, so no copy of the
-- database lets anybody in. max_uses: nothing for as many as like.
CREATE TABLE invite (
    id INTEGER NOT NULL PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    creator_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    max_uses INTEGER,
    uses INTEGER NOT NULL DEFAULT 0
) STRICT;
