// Rules: idempotency, errors and their classes, keys, versions, metadata.

import { address, client, control, failure, key, OLD, Stripe } from './world.mjs';

export const rules = {
  async 'the same key replays, and makes nothing'({ stripe, assert }) {
    const idempotencyKey = key();
    const first = await stripe.customers.create({ name: 'A', metadata: { a: '1' } }, { idempotencyKey });
    const before = (await control('GET', 'counts')).customer;
    const second = await stripe.customers.create({ metadata: { a: '1' }, name: 'A' }, { idempotencyKey });
    assert.equal(second.id, first.id);
    assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
    assert.equal(second.lastResponse.headers['original-request'], first.lastResponse.requestId);
    assert.equal((await control('GET', 'counts')).customer, before);
  },

  async 'the same key for something else is an idempotency error'({ stripe, assert }) {
    const idempotencyKey = key();
    await stripe.customers.create({ name: 'A' }, { idempotencyKey });
    const others = [() => stripe.customers.create({ name: 'B' }, { idempotencyKey }),
      () => stripe.products.create({ name: 'A' }, { idempotencyKey })];
    for (const other of others) {
      const error = await failure(other());
      assert.ok(error instanceof Stripe.errors.StripeIdempotencyError, error.type);
      assert.equal(error.statusCode, 400);
    }
  },

  async 'what was never begun is not kept'({ stripe, assert }) {
    const idempotencyKey = key();
    const wrong = await failure(stripe.subscriptions.create({ customer: 'cus_nobody', items: [{ price: 'price_basic' }] }, { idempotencyKey }));
    assert.equal(wrong.code, 'resource_missing');
    assert.equal((await stripe.customers.create({ name: 'A' }, { idempotencyKey })).name, 'A');
    const long = await failure(stripe.customers.create({}, { idempotencyKey: 'k'.repeat(256) }));
    assert.equal(long.type, 'StripeInvalidRequestError');
    await stripe.customers.create({}, { idempotencyKey: `${key()}-`.padEnd(255, 'k') });
  },

  async 'a key is forgotten after 24 hours'({ stripe, assert }) {
    const idempotencyKey = key();
    const first = await stripe.customers.create({ name: 'A' }, { idempotencyKey });
    await control('POST', 'clock', { advance: '23h' });
    assert.equal((await stripe.customers.create({ name: 'A' }, { idempotencyKey })).id, first.id);
    await control('POST', 'clock', { advance: '61m' });
    assert.notEqual((await stripe.customers.create({ name: 'B' }, { idempotencyKey })).id, first.id);
  },

  async 'errors are of the classes of the client'({ stripe, version, assert }) {
    const { errors } = Stripe;
    const missing = await failure(stripe.customers.retrieve('cus_nobody'));
    assert.ok(missing instanceof errors.StripeInvalidRequestError);
    assert.deepEqual([missing.statusCode, missing.code, missing.param], [404, 'resource_missing', 'id']);
    assert.equal(missing.message, "No such customer: 'cus_nobody'");
    assert.match(missing.requestId, /^req_/);
    const unknown = await failure(stripe.customers.create({ nope: 1 }));
    assert.deepEqual([unknown.statusCode, unknown.code, unknown.param], [400, 'parameter_unknown', 'nope']);
    const lacking = await failure(stripe.subscriptions.create({ items: [{ price: 'price_basic' }] }));
    assert.deepEqual([lacking.code, lacking.param], ['parameter_missing', 'customer']);
    const stranger = new Stripe('sk_live_x', { apiVersion: version, protocol: 'http', host: address.hostname, port: address.port });
    assert.ok((await failure(stranger.customers.create())) instanceof errors.StripeAuthenticationError);
    const declined = await failure(stripe.paymentIntents.create({
      amount: 5, currency: 'usd', confirm: true, payment_method: 'pm_card_chargeDeclined',
    }));
    assert.ok(declined instanceof errors.StripeCardError);
    assert.deepEqual([declined.statusCode, declined.code, declined.decline_code], [402, 'card_declined', 'generic_decline']);
    assert.equal(declined.payment_intent.status, 'requires_payment_method');
  },

  async 'metadata has its limits'({ stripe, assert }) {
    const many = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
    const made = await stripe.customers.create({ metadata: many(50) });
    for (const metadata of [many(51), { ['k'.repeat(41)]: 'v' }, { k: 'v'.repeat(501) }]) {
      assert.equal((await failure(stripe.customers.create({ metadata }))).type, 'StripeInvalidRequestError');
    }
    await failure(stripe.customers.update(made.id, { metadata: { one: 'more' } }));
    await stripe.customers.update(made.id, { metadata: { k0: '', one: 'more' } });
    assert.deepEqual((await stripe.customers.update(made.id, { metadata: '' })).metadata, {});
  },

  async 'an incomplete subscription expires after 23 hours'({ stripe, assert }) {
    const customer = await stripe.customers.create();
    const made = await stripe.subscriptions.create({
      customer: customer.id, items: [{ price: 'price_basic' }], payment_behavior: 'default_incomplete',
    });
    await control('POST', 'clock', { advance: '22h' });
    assert.equal((await stripe.subscriptions.retrieve(made.id)).status, 'incomplete');
    await control('POST', 'clock', { advance: '61m' });
    assert.equal((await stripe.subscriptions.retrieve(made.id)).status, 'incomplete_expired');
    assert.equal((await stripe.invoices.retrieve(made.latest_invoice)).status, 'void');
  },

  async 'a paid subscription is billed again each month'({ stripe, assert }) {
    const customer = await stripe.customers.create({ invoice_settings: { default_payment_method: 'pm_card_visa' } });
    const made = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: 'price_basic' }] });
    await control('POST', 'clock', { advance: '32d' });
    const invoices = await stripe.invoices.list({ customer: customer.id });
    assert.deepEqual(invoices.data.map((one) => [one.billing_reason, one.status]),
      [['subscription_cycle', 'paid'], ['subscription_create', 'paid']]);
    await stripe.subscriptions.update(made.id, { cancel_at_period_end: true });
    await control('POST', 'clock', { advance: '32d' });
    assert.equal((await stripe.subscriptions.retrieve(made.id)).status, 'canceled');
  },

  async 'a version is a date'({ assert }) {
    assert.match((await failure(client('nonsense').customers.list())).message, /Invalid Stripe API version/);
    const made = await client(OLD).customers.create();
    assert.equal(made.lastResponse.apiVersion, OLD);
  },
};
