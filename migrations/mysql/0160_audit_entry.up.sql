-- The audit log: who did what to the server and its accounts. Rows are added, and deleted when they are too old, but
-- never changed. Names are those at the time. details: a JSON object without secrets and texts of messages.
CREATE TABLE audit_entry (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    action VARCHAR(64) NOT NULL,
    actor_kind VARCHAR(16) NOT NULL,
    actor_id BIGINT,
    actor_name VARCHAR(255),
    target_kind VARCHAR(16),
    target_id BIGINT,
    target_name VARCHAR(255),
    address VARCHAR(64),
    details TEXT NOT NULL,
    INDEX audit_entry_action (action, id),
    INDEX audit_entry_actor (actor_id, id),
    INDEX audit_entry_target (target_id, id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
