DROP INDEX refresh_token_of_session;
