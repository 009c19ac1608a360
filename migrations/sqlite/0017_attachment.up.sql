-- uploaded_at: when its bytes were verified. size: until then the most that will be taken. waveform: a byte of 0 to 100
-- for each bar. placeholder: a ThumbHash. thumbnail: the media type of the one beside it. avatar_of: whose picture it is, a
-- user's or a chat's; such a file stands in no message.
CREATE TABLE attachment (
    id BLOB NOT NULL PRIMARY KEY,
    owner_id INTEGER NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uploaded_at INTEGER,
    width INTEGER,
    height INTEGER,
    duration_ms INTEGER,
    waveform BLOB,
    placeholder BLOB,
    thumbnail TEXT,
    avatar_of INTEGER
) STRICT, WITHOUT ROWID;
