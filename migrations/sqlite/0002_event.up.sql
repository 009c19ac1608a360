-- What happened, in order. subject and data name what it is about; what it says is read from there.
CREATE TABLE event (
    stream_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    data TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (stream_id, seq)
) STRICT, WITHOUT ROWID;
