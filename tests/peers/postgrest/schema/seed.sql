-- The rows from which every case starts.
INSERT INTO publishers (id, name, town) VALUES
  (1, 'Harbour', 'Oslo'), (2, 'Kite', 'Turin'), (3, 'Quiet', NULL);

INSERT INTO authors (id, name, born, mentor_id, profile, aliases) VALUES
  (1, 'Ada', '1815-12-10', NULL, '{"awards": 2, "langs": ["en", "fr"], "home": {"town": "London"}}', '{countess,enchantress}'),
  (2, 'Brontë', '1818-07-30', 1, '{"awards": 10, "langs": ["en"], "home": null}', '{bell}'),
  (3, 'Cid', NULL, 1, NULL, NULL),
  (4, 'dora', '1990-02-28', 2, '{"langs": []}', '{}');

INSERT INTO books (id, title, author_id, editor_id, publisher_id, pages, price, format, printed, added, in_print, tags, ratings, extra) VALUES
  (10, 'Engines', 1, 2, 1, 301, 12.50, 'paper', '1843-10-01', '2026-03-01T10:00:00.123456Z', true, '{maths,old}', '{5,4,5}',
   '{"cover": {"colour": "red", "mm": 210}, "marks": [7, "x", null], "isbn": "978-0"}'),
  (11, 'Notes', 1, NULL, NULL, 40, 3.00, 'cloth', '1844-01-15', '2026-03-02T00:00:00Z', true, '{old}', '{}',
   '{"cover": {"colour": "blue", "mm": 90}, "isbn": null}'),
  (12, 'Moors', 2, 1, 2, 200, 9.99, 'paper', NULL, '2026-03-02T00:00:00.5Z', false, '{wind,rain}', '{1}', '[]'),
  (13, 'moors, again', 2, NULL, 1, NULL, NULL, NULL, '1850-12-31', '2025-12-31T23:59:59.999999Z', NULL, NULL, NULL, NULL),
  (14, '100%_pure', 4, 4, 2, 200, 100.00, 'sound', '2020-02-29', '2026-06-30T12:30:00Z', true, '{}', '{3,null}', '{"size": 10}'),
  (15, 'a \ "quoted", (odd) title', 4, NULL, 3, 0, 0.00, 'sound', '2020-03-01', '2026-06-30T12:30:00Z', false, '{"a,b","c d"}', '{2,2}', '{"size": 9.50, "deep": {"er": [1, {"x": true}]}}');

INSERT INTO summaries (book_id, body, words) VALUES
  (10, 'Wheels that think', 3), (12, 'It rains', 2), (14, 'Nothing added', NULL);

INSERT INTO shelves (id, name, floor) VALUES
  (1, 'door', 0), (2, 'window', 1), (3, 'cellar', -1), (4, 'empty', NULL);

INSERT INTO placements (book_id, shelf_id, copies) VALUES
  (10, 1, 3), (10, 2, 1), (11, 2, 5), (12, 3, 2), (14, 1, 7), (14, 3, 1);

INSERT INTO reviews (id, book_id, reader, stars, body, written, liked) VALUES
  (100, 10, 'eve', 4, 'good', '2026-04-01T08:00:00Z', true),
  (101, 10, 'bob', 5, NULL, '2026-04-02T08:00:00Z', true),
  (102, 10, 'una', 1, 'too long', '2026-04-03T08:00:00Z', false),
  (103, 12, 'eve', 2, 'wet', NULL, false),
  (104, 12, 'bob', 4, '', '2026-05-01T08:00:00Z', NULL),
  (105, 14, 'una', 3, 'fine', '2026-05-02T08:00:00Z', true);

INSERT INTO samples VALUES
  (1, 1, 2, 3, 4.50, 5.25, 0.5, true, 'word', 'text', '2026-11-23', '2026-11-23T18:10:15.123456Z', '2026-11-23T18:10:15', '18:10:15',
   '0f6c7a4e-4d2f-4a53-8a55-1a2b3c4d5e6f', '{"b": 1,  "a": [1, 2.50]}', '{"b": 1, "aa": 2, "a": [1, 2.50]}', '{a,"b c"}', '{1,2}', '{t,f}', 'cloth', '\xdeadbeef'),
  (2, -32768, -2147483648, 9223372036854775807, 12345678901234567890.123456789, 99999999.9999, 1e100, false, '', '', '0001-01-01', '1999-12-31T23:59:59.5+02:00', '1999-12-31T23:59:59.000001', '00:00:00',
   '00000000-0000-0000-0000-000000000000', '[]', '12345678901234567890123', '{}', '{9223372036854775807,-9223372036854775808}', '{}', 'paper', '\x'),
  (3, 32767, 2147483647, -9223372036854775808, -0.000001, -1.0000, -0.1, NULL, 'ÄÖü', E'line\nbreak\ttab "quote" \\ slash / é \U0001F600', '9999-12-31', '2026-02-28T00:00:00Z', '2026-02-28T12:00:00.1', '23:59:59.999999',
   'ffffffff-ffff-ffff-ffff-ffffffffffff', '"text"', '"text"', '{NULL,"null",""}', '{NULL}', '{NULL,t}', 'sound', '\x00ff'),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (5, 0, 0, 0, 0, 0, 0, true, 'zero', 'zero', '2000-01-01', '2000-01-01T00:00:00Z', '2000-01-01T00:00:00', '12:00:00', '10000000-0000-4000-8000-000000000000', 'null', 'null', '{x}', '{0}', '{f}', 'paper', '\x61'),
  (6, 10, 10, 10, 1e20, 10.1, 0.30000000000000004, false, 'ten', 'ten', '2024-02-29', '2024-02-29T12:34:56.7Z', '2024-02-29T12:34:56.78', '12:34:56.7', 'abcdef01-2345-6789-abcd-ef0123456789', '{"a": 1, "a": 2}', '{"n": 1.0, "e": 1e3, "s": "a\u00e9\"\\/"}', '{"{braces}","a\"b"}', '{10}', '{t}', 'paper', '\x0a');

INSERT INTO accounts (id, email, name, plan, balance, joined, active, settings, roles) VALUES
  (1, 'eve@example.com', 'Eve', 'pro', 100.50, '2026-01-01', true, '{"theme": "dark", "tries": 3}', '{owner,editor}'),
  (2, 'bob@example.com', 'Bob', 'free', 0, '2026-02-01', true, '{}', '{}'),
  (3, 'una@example.com', 'Una', 'team', 7.25, NULL, false, '{"theme": "light"}', NULL);
SELECT setval(pg_get_serial_sequence('accounts', 'id'), 3);

INSERT INTO entries (id, account_id, what, amount) VALUES
  (1, 1, 'deposit', 150.50), (2, 1, 'fee', -50.00), (3, 3, 'deposit', 7.25);
SELECT setval(pg_get_serial_sequence('entries', 'id'), 3);

INSERT INTO meters (account_id, feature, period, used, "limit") VALUES
  (1, 'calls', '2026-01', 90, 100), (1, 'calls', '2026-02', 5, 100), (1, 'seats', '2026-01', 3, NULL), (2, 'calls', '2026-01', 0, 10);

INSERT INTO tokens (id, label, made) VALUES
  ('aaaaaaaa-0000-4000-8000-000000000001', 'first', '2026-01-01T00:00:00Z');

INSERT INTO frames (id, width, height) VALUES (1, 3, 4), (2, 10, 10);

INSERT INTO rooms (id, name, contact, filled, seats, dates, prices, opened, pause, about) VALUES
  (1, 'apple', 'a@example.com', 50, '[1,10)', '[2026-01-01,2026-02-01)', '[1.5,2.5]', '[2026-01-01T00:00:00Z,2026-01-02T00:00:00Z)', '1 day 02:00', 'The quick brown fox jumps over the lazy dog'),
  (2, 'Banana', NULL, 0, '[10,20)', '[2026-02-01,2026-03-01)', '(2.5,)', '(,2026-01-01T00:00:00Z)', NULL, 'Dogs sleep; foxes run quickly'),
  (3, 'cherry', 'c@example.com', 100, 'empty', NULL, NULL, NULL, '-3 days', 'A quiet library with brown shelves'),
  (4, 'Äpfel', NULL, NULL, NULL, '(,)', '[0,0]', '[2026-06-01T00:00:00Z,)', '00:00:01.5', NULL);
