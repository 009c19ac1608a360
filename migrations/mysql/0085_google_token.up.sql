-- What people gave to make meetings at Google in their name, sealed by the server's secret.
CREATE TABLE google_token (
    user_id BIGINT NOT NULL PRIMARY KEY,
    sealed VARBINARY(8192) NOT NULL,
    at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
