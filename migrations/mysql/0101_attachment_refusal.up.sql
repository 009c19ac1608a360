-- Why an upload straight to the bucket was refused (the error's code and its message), until a good one follows.
ALTER TABLE attachment ADD COLUMN refusal_code VARCHAR(32);
ALTER TABLE attachment ADD COLUMN refusal_reason VARCHAR(1024);
