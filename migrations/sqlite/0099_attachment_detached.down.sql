ALTER TABLE attachment DROP COLUMN detached;
