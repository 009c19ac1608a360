ALTER TABLE stream DROP COLUMN pruned_seq;
