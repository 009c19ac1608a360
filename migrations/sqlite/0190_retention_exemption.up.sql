-- Chats whose messages are kept although the server deletes old messages. For how many days it keeps them is in setting.
CREATE TABLE retention_exemption (
    chat_id INTEGER NOT NULL PRIMARY KEY
) STRICT;
