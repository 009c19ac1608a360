DROP INDEX session_revoked ON session;
