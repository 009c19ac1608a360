CREATE INDEX user_hides_presence ON user (hides_presence) WHERE hides_presence <> 0;
