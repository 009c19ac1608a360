ALTER TABLE attachment DROP COLUMN stored_by_name;
