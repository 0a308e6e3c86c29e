// Shapes of bodies, which are checked, and of answers, which Fastify compiles into writers.
//
// Invariant: members and their order are those of the product's answers.

const text = { type: 'string' };
const maybeText = { type: ['string', 'null'] };
const maybeInteger = { type: ['integer', 'null'] };
const object = (properties) => ({ type: 'object', properties });

const organization = {
  id: text,
  name: text,
  slug: text,
  owner_id: text,
  created_at: maybeText,
};

export const check = {
  response: { 200: object({ used: maybeInteger, limit: maybeInteger, remaining: maybeInteger }) },
};

export const track = {
  body: {
    type: 'object',
    required: ['feature'],
    properties: { feature: text, quantity: { type: 'integer', default: 1 } },
  },
  response: {
    200: object({
      id: text,
      organization_id: maybeText,
      feature: text,
      used: maybeInteger,
      limit: maybeInteger,
      period: text,
    }),
  },
};

export const show = {
  response: {
    200: object({
      ...organization,
      organization_members: {
        type: 'array',
        items: object({
          user_id: text,
          role: maybeText,
          users: { ...object({ name: maybeText, email: maybeText }), nullable: true },
        }),
      },
    }),
  },
};

export const create = {
  body: {
    type: 'object',
    required: ['name'],
    properties: { name: text, slug: { type: 'string', pattern: '^[a-z0-9-]+$' } },
  },
  response: { 201: object(organization) },
};

export const accept = {
  response: {
    200: {
      type: 'array',
      items: object({
        id: text,
        organization_id: maybeText,
        email: text,
        role: maybeText,
        expires_at: text,
        accepted_at: maybeText,
        created_at: maybeText,
      }),
    },
  },
};
