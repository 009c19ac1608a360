CREATE INDEX refresh_token_of_session ON refresh_token (session_id);
