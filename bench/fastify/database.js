// The database: a pool, named statements, transactions.
//
// Invariant: instants keep their microseconds, which a Date would lose.
import pg from 'pg';

const TIMESTAMPTZ = 1184;

// '2026-01-01 00:00:00.12+00' becomes '2026-01-01T00:00:00.120000+00:00'.
function instant(text) {
  const fraction = text.slice(19, -3);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}${fraction === '' ? '.000000' : fraction.padEnd(7, '0')}+00:00`;
}

pg.types.setTypeParser(TIMESTAMPTZ, instant);

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.POOL),
  options: '-c timezone=UTC',
});

// A statement that each connection prepares once.
export const statement = (name, text) => (client, values) => client.query({ name, text, values });

// Runs `work` in a transaction; what it throws rolls back.
export async function transaction(work) {
  const client = await pool.connect();
  let broken;
  try {
    await client.query('BEGIN');
    const done = await work(client);
    await client.query('COMMIT');
    return done;
  } catch (error) {
    await client.query('ROLLBACK').catch((failed) => {
      broken = failed;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
