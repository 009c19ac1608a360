-- Null until a code that was sent to the e-mail address was entered. Then the session that was started by it while somebody else may have had access by a password; 0 if there is none.
ALTER TABLE user ADD COLUMN email_proof BIGINT;
