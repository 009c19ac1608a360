DROP INDEX session_revoked;
