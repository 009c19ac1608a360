-- Why an upload straight to the bucket was refused (the error's code and its message), until a good one follows.
ALTER TABLE attachment ADD COLUMN refusal_code TEXT;
ALTER TABLE attachment ADD COLUMN refusal_reason TEXT;
