-- Bot accounts and who owns them. The assistant and the accounts of webhooks are bots without an owner.
CREATE TABLE bot (
    user_id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    INDEX bot_owner (owner_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
