-- What a page says of itself, by the SHA-256 of its address. Without a title it said nothing yet.
-- stale_at: from when on it is asked again.
CREATE TABLE link_preview (
    url_hash BLOB NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    title TEXT,
    description TEXT,
    site_name TEXT,
    stale_at INTEGER NOT NULL
) STRICT;
