-- The audit log: who did what to the server and its accounts. Rows are added, and deleted when they are too old, but
-- never changed. Names are those at the time. details: a JSON object without secrets and texts of messages.
CREATE TABLE audit_entry (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id INTEGER,
    actor_name TEXT,
    target_kind TEXT,
    target_id INTEGER,
    target_name TEXT,
    address TEXT,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_entry_action ON audit_entry (action, id);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, id);
CREATE INDEX audit_entry_target ON audit_entry (target_id, id);
