-- The index's own number of each message, without gaps: an index of bare message ids, which leave room for every
-- millisecond, is four times as large. Numbers grow in the order in which messages arrived.
CREATE TABLE search_place (
    number BIGINT NOT NULL PRIMARY KEY,
    message_id BIGINT NOT NULL UNIQUE
);
