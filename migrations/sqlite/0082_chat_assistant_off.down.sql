ALTER TABLE chat DROP COLUMN assistant_off;
