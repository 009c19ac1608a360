DROP INDEX session_of_user;
