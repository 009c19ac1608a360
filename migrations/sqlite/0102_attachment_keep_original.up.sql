-- Whether the uploader wants the file stored as it is, with its metadata.
ALTER TABLE attachment ADD COLUMN keep_original INTEGER NOT NULL DEFAULT 0;
