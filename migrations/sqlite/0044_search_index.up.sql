-- Which message has which tokens (model::search); rowid is search_place.number. Neither texts nor places within
-- them are kept: a message that was found is read and looked at anyway.
CREATE VIRTUAL TABLE search_index USING fts5 (
    tokens, tokenize = 'ascii', content = '', contentless_delete = 1, detail = none
);
