-- An older server keeps all messages.
DELETE FROM setting WHERE name = 'message_days';
DROP TABLE retention_exemption;
