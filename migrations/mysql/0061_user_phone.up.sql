-- In E.164. Whoever has one may have no e-mail address, and no password, which is empty then.
ALTER TABLE user ADD COLUMN phone VARCHAR(16);
