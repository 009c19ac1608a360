DROP INDEX mention_in_message;
