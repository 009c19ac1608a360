-- uploaded_at: when its bytes were verified. size: until then the most that will be taken. waveform: a byte of 0 to 100
-- for each bar. placeholder: a ThumbHash. thumbnail: the media type of the one beside it. avatar_of: whose picture it is, a
-- user's or a chat's; such a file stands in no message.
CREATE TABLE attachment (
    id BINARY(16) NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    filename VARCHAR(255) NOT NULL,
    content_type VARCHAR(255) NOT NULL,
    size BIGINT NOT NULL,
    sha256 BINARY(32),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    uploaded_at BIGINT,
    width BIGINT,
    height BIGINT,
    duration_ms BIGINT,
    waveform VARBINARY(1024),
    placeholder VARBINARY(255),
    thumbnail VARCHAR(64),
    avatar_of BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
