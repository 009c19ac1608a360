INSERT IGNORE INTO event (stream_id, seq, kind, subject, data, at)
    SELECT message.chat_id, message.seq, 1, message.id, NULL, message.sent_at
    FROM message JOIN stream ON stream.id = message.chat_id
    WHERE message.seq > stream.pruned_seq;
