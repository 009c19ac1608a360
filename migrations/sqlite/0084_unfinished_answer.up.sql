-- Answers of the assistant that are being written. One that is not finished in time is taken away.
CREATE TABLE unfinished_answer (
    message_id INTEGER NOT NULL PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
