DROP INDEX chat_of_member;
