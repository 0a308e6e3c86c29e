// The routes written by hand: Fastify, pg.
//
// Role: what a good engineer would write for exactly these routes in Node: a pool, named (prepared) statements,
// schemas for bodies and answers, membership judged within the statement where there is one statement.
// Input: DATABASE_URL, JWT_SECRET, PORT, POOL. Output: answers equal to the product's.
// Invariant: no row of an organisation leaves without a membership of the caller in it.
// Not here: the queries (routes.js), the database (database.js).
import Fastify from 'fastify';
import { refuse } from './refusals.js';
import routes from './routes.js';

const app = Fastify({ logger: false });

app.setErrorHandler((error, request, reply) => refuse(error, reply));
app.register(routes);

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
