CREATE INDEX session_revoked ON session (revoked_at) WHERE revoked_at IS NOT NULL;
