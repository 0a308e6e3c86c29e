-- What PostgreSQL alone has: ranges, domains, full text, collations, views.
CREATE DOMAIN email_address AS TEXT CHECK (VALUE LIKE '%@%');
CREATE DOMAIN percent AS INTEGER CHECK (VALUE BETWEEN 0 AND 100);

CREATE TABLE rooms (
  id BIGINT PRIMARY KEY,
  name TEXT COLLATE "en-x-icu" NOT NULL,
  contact email_address,
  filled percent,
  seats INT4RANGE,
  dates DATERANGE,
  prices NUMRANGE,
  opened TSTZRANGE,
  pause INTERVAL,
  about TEXT,
  search TSVECTOR GENERATED ALWAYS AS (to_tsvector('english', coalesce(about, ''))) STORED
);

CREATE VIEW book_cards AS
  SELECT b.id, b.title, b.author_id, a.name AS author, b.price
  FROM books b JOIN authors a ON a.id = b.author_id;

CREATE VIEW cheap_books AS
  SELECT id, title, author_id, price FROM books WHERE price < 10;
