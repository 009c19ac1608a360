UPDATE user SET email_proof = NULL;
