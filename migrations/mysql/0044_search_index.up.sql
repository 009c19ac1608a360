-- Which message has which tokens (model::search).
CREATE TABLE search_index (
    number BIGINT NOT NULL PRIMARY KEY,
    tokens MEDIUMTEXT NOT NULL,
    FULLTEXT INDEX search_tokens (tokens)
) CHARACTER SET ascii COLLATE ascii_general_ci;
