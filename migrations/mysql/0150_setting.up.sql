-- What administrators chose while the server runs. A setting that is not here has its default.
CREATE TABLE setting (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value VARCHAR(1024) NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
