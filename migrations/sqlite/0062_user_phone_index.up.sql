CREATE UNIQUE INDEX user_phone ON user (phone);
