-- The refresh token of a long session stays the same.
ALTER TABLE session ADD COLUMN is_long INTEGER NOT NULL DEFAULT 0;
