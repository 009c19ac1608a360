-- Whether the assistant may not be asked there.
ALTER TABLE chat ADD COLUMN assistant_off BIGINT NOT NULL DEFAULT 0;
