CREATE INDEX session_revoked ON session (revoked_at);
