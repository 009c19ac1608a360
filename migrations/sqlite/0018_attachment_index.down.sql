DROP INDEX attachment_of_owner;
