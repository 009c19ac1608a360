-- Long cursors of people in many chats, to which the cursors that clients keep refer. streams: a cursor as text.
CREATE TABLE sync_cursor (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    streams TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sync_cursor_user ON sync_cursor (user_id, id);
CREATE INDEX sync_cursor_created ON sync_cursor (created_at);
