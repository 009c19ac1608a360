-- An older server indexes all messages again at its start.
DELETE FROM setting WHERE name = 'search_index';
