DROP INDEX user_phone ON user;
