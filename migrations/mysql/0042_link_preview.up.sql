-- What a page says of itself, by the SHA-256 of its address. Without a title it said nothing yet.
-- stale_at: from when on it is asked again.
CREATE TABLE link_preview (
    url_hash BINARY(32) NOT NULL PRIMARY KEY,
    url MEDIUMTEXT NOT NULL,
    title MEDIUMTEXT,
    description MEDIUMTEXT,
    site_name MEDIUMTEXT,
    stale_at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
