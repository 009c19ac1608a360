-- Events up to this sequence number are no longer stored.
ALTER TABLE stream ADD COLUMN pruned_seq INTEGER NOT NULL DEFAULT 0;
