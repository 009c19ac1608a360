CREATE INDEX session_of_user ON session (user_id);
