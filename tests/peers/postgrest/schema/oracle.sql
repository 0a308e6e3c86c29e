-- What the comparison itself needs beside the migrations.

-- Puts the counters back: a refused insert takes a number, too.
CREATE FUNCTION oracle_counters() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM setval(pg_get_serial_sequence('accounts', 'id'), 3), setval(pg_get_serial_sequence('entries', 'id'), 3);
END
$$;

-- Puts every table back to the rows it started from, and the counters with them.
CREATE FUNCTION oracle_reset() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text;
  list text;
BEGIN
  SELECT string_agg(format('public.%I', relname), ', ') INTO list
    FROM pg_class WHERE relnamespace = 'oracle_seed'::regnamespace AND relkind = 'r';
  EXECUTE 'TRUNCATE ' || list;
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'oracle_seed'::regnamespace AND relkind = 'r' LOOP
    SELECT string_agg(quote_ident(attname), ', ') INTO list FROM pg_attribute
      WHERE attrelid = format('public.%I', name)::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('INSERT INTO public.%1$I (%2$s) SELECT %2$s FROM oracle_seed.%1$I', name, list);
  END LOOP;
  PERFORM oracle_counters();
END
$$;

-- Every row of every table as one text; what a clock or chance makes is left out.
CREATE FUNCTION oracle_contents() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  name text;
  rows text;
  everything text := '';
BEGIN
  FOR name IN SELECT relname FROM pg_class
    WHERE relnamespace = 'oracle_seed'::regnamespace AND relkind = 'r' ORDER BY relname LOOP
    EXECUTE format(
      'SELECT coalesce(string_agg(line, chr(10) ORDER BY line), '''') FROM
         (SELECT (to_jsonb(t) - CASE %1$L WHEN ''tokens'' THEN ''{id,made}''::text[] ELSE ''{}'' END)::text AS line FROM public.%1$I t) x', name)
      INTO rows;
    everything := everything || name || chr(10) || rows || chr(10);
  END LOOP;
  RETURN everything;
END
$$;

-- Keeps a copy of the rows of every table.
DO $$
DECLARE
  name text;
BEGIN
  CREATE SCHEMA oracle_seed;
  FOR name IN SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE '\_backflow%' LOOP
    EXECUTE format('CREATE TABLE oracle_seed.%1$I AS SELECT * FROM public.%1$I', name);
  END LOOP;
END
$$;

-- PostgREST has no computed members; there a function of the row stands for one.
CREATE FUNCTION remaining(meters) RETURNS integer LANGUAGE sql STABLE AS 'SELECT $1."limit" - $1.used';
CREATE FUNCTION double_pages(books) RETURNS integer LANGUAGE sql STABLE AS 'SELECT $1.pages * 2 + 1';
