DROP INDEX attachment_of_owner ON attachment;
