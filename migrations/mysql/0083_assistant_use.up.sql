-- How often somebody asked the assistant on a day, counted in days since 1970.
CREATE TABLE assistant_use (
    user_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    asked BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
