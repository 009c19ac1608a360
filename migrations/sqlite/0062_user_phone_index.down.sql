DROP INDEX user_phone;
