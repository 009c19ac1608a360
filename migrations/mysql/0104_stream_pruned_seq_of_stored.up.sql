-- On SQLite a posted message has no row in the event log from now on: the message itself is its event.
UPDATE stream SET pruned_seq =
    COALESCE((SELECT min(event.seq) - 1 FROM event WHERE event.stream_id = stream.id), stream.seq);
