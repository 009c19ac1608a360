-- Where an attachment stands: whoever is in the chat may read it. class: 1 picture, 2 video, 3 sound, 4 anything else.
CREATE TABLE posted (
    attachment_id BINARY(16) NOT NULL,
    message_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    class BIGINT NOT NULL,
    PRIMARY KEY (attachment_id, message_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
