// The routes.
//
// Invariant: one statement where there is one question; several statements are one transaction.
import { createVerifier } from 'fast-jwt';
import { pool, statement, transaction } from './database.js';
import { Refusal, notFound } from './refusals.js';
import * as schema from './schemas.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const selectLimit = statement('check', `
  SELECT used, "limit", "limit" - used AS remaining FROM usage_records
  WHERE organization_id = $1 AND feature = $2 AND period = $3
    AND EXISTS (SELECT 1 FROM organization_members m WHERE m.organization_id = $1 AND m.user_id = $4)`);

const addUsage = statement('track', `
  INSERT INTO usage_records AS u (organization_id, feature, used, period)
  SELECT $1::uuid, $2, $3::int, $4
  WHERE EXISTS (SELECT 1 FROM organization_members m WHERE m.organization_id = $1 AND m.user_id = $5)
  ON CONFLICT (organization_id, feature, period) DO UPDATE SET used = coalesce(u.used, 0) + excluded.used
  RETURNING id, organization_id, feature, used, "limit", period`);

const selectOrganization = statement('show', `
  SELECT o.id, o.name, o.slug, o.owner_id, o.created_at,
         m.user_id, m.role, u.id AS known, u.name AS user_name, u.email
  FROM organizations o
  JOIN organization_members m ON m.organization_id = o.id
  LEFT JOIN users u ON u.id = m.user_id
  WHERE o.slug = $1
    AND EXISTS (SELECT 1 FROM organization_members c WHERE c.organization_id = o.id AND c.user_id = $2)
  ORDER BY m.id`);

const insertOrganization = statement('create', `
  INSERT INTO organizations (name, slug, owner_id) VALUES ($1, $2, $3)
  RETURNING id, name, slug, owner_id, created_at`);

const insertOwner = statement('own', `
  INSERT INTO organization_members (organization_id, user_id, role) VALUES ($1, $2, 'owner')`);

const selectInvitation = statement('find', `
  SELECT id, organization_id, email, role FROM invitations
  WHERE token = $1 AND expires_at > now() AND accepted_at IS NULL
  FOR NO KEY UPDATE`);

const insertMember = statement('join', `
  INSERT INTO organization_members (organization_id, user_id, role) VALUES ($1, $2, $3)`);

const closeInvitation = statement('close', `
  UPDATE invitations SET accepted_at = now() WHERE id = $1
  RETURNING id, organization_id, email, role, expires_at, accepted_at, created_at`);

const verify = createVerifier({
  key: process.env.JWT_SECRET,
  algorithms: ['HS256'],
  clockTolerance: 30_000,
  requiredClaims: ['sub', 'exp'],
});

async function authenticate(request) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  try {
    if (scheme === 'Bearer') {
      request.user = verify(token);
    }
  } catch {
    request.user = null;
  }
  if (request.user === null || !UUID.test(request.user.sub)) {
    throw new Refusal(401, 'invalid_token', 'The token is not valid');
  }
}

// The tenant that the caller names; not judged yet.
function tenant(request) {
  const named = request.headers['x-tenant-id'] ?? request.user.tenant_id;
  if (named === undefined) {
    throw new Refusal(403, 'no_tenant', 'The request names no tenant');
  }
  if (!UUID.test(named)) {
    throw notFound();
  }
  return named;
}

const period = () => new Date().toISOString().slice(0, 7);

async function check(request) {
  const values = [tenant(request), request.params.feature, period(), request.user.sub];
  const { rows } = await selectLimit(pool, values);
  return rows[0] ?? Promise.reject(notFound());
}

async function track(request) {
  const { feature, quantity } = request.body;
  const values = [tenant(request), feature, quantity, period(), request.user.sub];
  const { rows } = await addUsage(pool, values);
  return rows[0] ?? Promise.reject(notFound());
}

async function show(request) {
  const { rows } = await selectOrganization(pool, [request.params.slug, request.user.sub]);
  if (rows.length === 0) {
    throw notFound();
  }
  const { id, name, slug, owner_id, created_at } = rows[0];
  const organization_members = rows.map((row) => ({
    user_id: row.user_id,
    role: row.role,
    users: row.known === null ? null : { name: row.user_name, email: row.email },
  }));
  return { id, name, slug, owner_id, created_at, organization_members };
}

async function create(request, reply) {
  const { name, slug } = request.body;
  if (slug === undefined) {
    throw new Refusal(422, 'not_null_violation', 'slug is needed');
  }
  const user = request.user.sub;
  const row = await transaction(async (client) => {
    const { rows } = await insertOrganization(client, [name, slug, user]);
    await insertOwner(client, [rows[0].id, user]);
    return rows[0];
  });
  reply.code(201);
  return row;
}

async function accept(request) {
  const { sub: user, email } = request.user;
  return transaction(async (client) => {
    const found = (await selectInvitation(client, [request.params.token])).rows[0];
    if (found === undefined) {
      throw notFound();
    }
    if (email?.toLowerCase() !== found.email.toLowerCase()) {
      throw new Refusal(403, 'wrong_email', 'This is for another e-mail address');
    }
    await insertMember(client, [found.organization_id, user, found.role]);
    const { rows } = await closeInvitation(client, [found.id]);
    return rows;
  });
}

export default async function routes(app) {
  app.decorateRequest('user', null);
  app.addHook('onRequest', authenticate);
  app.get('/usage/check/:feature', { schema: schema.check }, check);
  app.post('/usage/track', { schema: schema.track }, track);
  app.get('/organizations/:slug', { schema: schema.show }, show);
  app.post('/organizations', { schema: schema.create }, create);
  app.post('/invites/:token/accept', { schema: schema.accept }, accept);
}
