// Faults, as the client meets them: with its own retries, and without.

import { client, control, failure, key, Stripe } from './world.mjs';

const customers = async () => (await control('GET', 'counts')).customer ?? 0;
const fault = (kind, more = {}) => control('POST', 'faults', { kind, method: 'POST', path: '/v1/customers', ...more });

export const faults = {
  async 'whatever is lost, a retry with the key makes one customer'({ version, assert }) {
    for (const kind of ['resetBefore', 'resetAfter', 'failed', 'conflict', 'lost', 'timeout']) {
      const patient = client(version, { maxNetworkRetries: 2, timeout: 500 });
      const before = await customers();
      await fault(kind);
      const made = await patient.customers.create({ name: kind });
      assert.match(made.id, /^cus_/);
      assert.equal(await customers(), before + 1, kind);
    }
  },

  async 'without a retry the client tells what happened'({ version, assert }) {
    const { errors } = Stripe;
    const impatient = client(version, { timeout: 300 });
    const cases = {
      timeout: [errors.StripeConnectionError, 0], lost: [errors.StripeConnectionError, 1],
      resetBefore: [errors.StripeConnectionError, 0], resetAfter: [errors.StripeConnectionError, 1],
      rateLimited: [errors.StripeRateLimitError, 0], failed: [errors.StripeAPIError, 0],
      declined: [errors.StripeCardError, 0],
    };
    for (const [kind, [type, effects]] of Object.entries(cases)) {
      const before = await customers();
      // The client tries once more after a reset, whatever it was told about retries.
      await fault(kind, { retryAfter: 7, times: kind.startsWith('reset') ? 2 : 1 });
      const error = await failure(impatient.customers.create({}, { idempotencyKey: key() }));
      assert.ok(error instanceof type, `${kind}: ${error.type}`);
      assert.equal(await customers(), before + effects, kind);
      if (kind === 'rateLimited') assert.equal(error.headers['retry-after'], '7');
    }
  },

  async 'a stored 500 is replayed, with or without its effect'({ stripe, assert }) {
    for (const effect of [false, true]) {
      const before = await customers();
      const idempotencyKey = key();
      await fault('failedStored', { effect });
      for (const isReplay of [false, true]) {
        const error = await failure(stripe.customers.create({}, { idempotencyKey }));
        assert.equal(error.statusCode, 500);
        assert.equal(error.headers['idempotent-replayed'], isReplay ? 'true' : undefined);
      }
      assert.equal(await customers(), before + (effect ? 1 : 0));
    }
  },

  async 'a key in use is a conflict, and the work goes on without its caller'({ version, stripe, assert }) {
    const idempotencyKey = key();
    const before = await customers();
    await fault('slow', { millis: 600 });
    const gone = failure(client(version, { timeout: 100 }).customers.create({ name: 'S' }, { idempotencyKey }));
    await new Promise((done) => setTimeout(done, 50));
    const conflict = await failure(stripe.customers.create({ name: 'S' }, { idempotencyKey }));
    assert.deepEqual([conflict.statusCode, conflict.code], [409, 'idempotency_key_in_use']);
    await gone;
    await new Promise((done) => setTimeout(done, 800));
    assert.equal(await customers(), before + 1);
    const replay = await stripe.customers.create({ name: 'S' }, { idempotencyKey });
    assert.equal(replay.lastResponse.headers['idempotent-replayed'], 'true');
  },

  async 'the nth call is met'({ stripe, assert }) {
    await fault('failed', { skip: 1 });
    await stripe.customers.create();
    assert.equal((await failure(stripe.customers.create())).statusCode, 500);
    await stripe.customers.create();
  },
};
