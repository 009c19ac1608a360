-- The refresh token of a long session stays the same.
ALTER TABLE session ADD COLUMN is_long BIGINT NOT NULL DEFAULT 0;
