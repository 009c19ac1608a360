-- Accounts without a password were created by a code.
UPDATE user SET email_proof = 0 WHERE password_hash = '' AND email IS NOT NULL;
