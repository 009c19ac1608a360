DROP TABLE google_token;
