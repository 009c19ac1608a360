-- Events up to this sequence number are no longer stored.
ALTER TABLE stream ADD COLUMN pruned_seq BIGINT NOT NULL DEFAULT 0;
