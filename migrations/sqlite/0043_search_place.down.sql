DROP TABLE search_place;
