-- Public channels in the order of their titles.
CREATE INDEX chat_by_title ON chat (kind, title_folded, id);
