DROP INDEX session_of_user ON session;
