-- The slash commands of bots.
CREATE TABLE bot_command (
    bot_id BIGINT NOT NULL,
    name VARCHAR(64) NOT NULL,
    description VARCHAR(255) NOT NULL,
    PRIMARY KEY (bot_id, name)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
