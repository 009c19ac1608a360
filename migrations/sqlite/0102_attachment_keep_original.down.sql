ALTER TABLE attachment DROP COLUMN keep_original;
