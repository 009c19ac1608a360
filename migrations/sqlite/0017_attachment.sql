-- uploaded_at: when its bytes were verified. size: until then the most that will be taken.
CREATE TABLE attachment (
    id BLOB NOT NULL PRIMARY KEY,
    owner_id INTEGER NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uploaded_at INTEGER
) STRICT, WITHOUT ROWID;
