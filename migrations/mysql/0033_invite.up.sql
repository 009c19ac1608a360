-- Ways into a group. The token in an invitation's address is made from its id with a secret key, so no copy of the
-- database lets anybody in. max_uses: nothing for as many as like.
CREATE TABLE invite (
    id BIGINT NOT NULL PRIMARY KEY,
    chat_id BIGINT NOT NULL,
    creator_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    max_uses BIGINT,
    uses BIGINT NOT NULL DEFAULT 0
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
