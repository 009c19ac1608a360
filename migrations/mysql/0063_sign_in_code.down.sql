DROP TABLE sign_in_code;
