CREATE INDEX user_hides_presence ON user (hides_presence);
