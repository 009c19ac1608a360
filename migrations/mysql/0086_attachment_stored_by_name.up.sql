-- Whether its bytes are stored under the sender's name for it, as those of earlier versions are, and not by its id alone.
ALTER TABLE attachment ADD COLUMN stored_by_name BIGINT NOT NULL DEFAULT 1;
