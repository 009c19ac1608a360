-- The full-text index is in a file of its own beside the database, which the server builds in the background. The tables
-- of the index in the database stay, empty, until a later version drops them; their pages are used again.
DELETE FROM search_place;
INSERT INTO search_index (search_index) VALUES ('delete-all');
