DROP INDEX user_hides_presence;
