-- Messages whose text was changed or taken away since they were indexed.
CREATE TABLE search_pending (
    message_id BIGINT NOT NULL PRIMARY KEY
);
