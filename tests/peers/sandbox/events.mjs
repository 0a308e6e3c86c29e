// Events: read through the API, and delivered to a receiver that checks them with the client.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { control, key, Stripe } from './world.mjs';

const secret = 'whsec_peer';

/** A receiver; `answers` are the statuses it gives first. */
async function receiver(apiVersion, answers = []) {
  const got = [];
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part)).on('end', () => {
      got.push({ body: Buffer.concat(parts), signature: request.headers['stripe-signature'] });
      response.writeHead(answers.shift() ?? 200).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/webhooks/stripe`;
  await control('POST', 'webhooks', { url, secret, apiVersion });
  const until = async (isMeant) => {
    for (let i = 0; i < 200; i += 1) {
      const found = got.find(({ body }) => isMeant(JSON.parse(body)));
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`no such event among ${got.map(({ body }) => JSON.parse(body).type)}`);
  };
  const close = async () => {
    await control('DELETE', 'webhooks', { url });
    server.close();
    server.closeAllConnections();
  };
  return { got, until, close };
}

const active = async (stripe) => {
  const customer = await stripe.customers.create({ metadata: { org_id: 'customer' } });
  return stripe.subscriptions.create({
    customer: customer.id, items: [{ price: 'price_basic' }], default_payment_method: 'pm_card_visa',
    metadata: { org_id: 'o1' },
  });
};

export const events = {
  async 'events name the request and the key that caused them'({ stripe, assert }) {
    const idempotencyKey = key();
    const made = await stripe.customers.create({ name: 'E' }, { idempotencyKey });
    const listed = await stripe.events.list({ types: ['customer.created', 'customer.updated'], limit: 1 });
    const [event] = listed.data;
    assert.deepEqual([event.type, event.data.object.id], ['customer.created', made.id]);
    assert.deepEqual(event.request, { id: made.lastResponse.requestId, idempotency_key: idempotencyKey });
    await stripe.customers.update(made.id, { name: 'F' });
    const [updated] = (await stripe.events.list({ type: 'customer.updated', created: { gte: made.created } })).data;
    assert.deepEqual(updated.data.previous_attributes, { name: 'E' });
    assert.equal((await stripe.events.retrieve(event.id)).data.object.name, 'E');
    const none = await stripe.events.list({ type: 'customer.updated', created: { gt: made.created + 1e6 } });
    assert.deepEqual(none.data, []);
  },

  async 'what is delivered is what constructEvent takes'({ stripe, version, isOld, assert }) {
    const inbox = await receiver(version);
    const made = await active(stripe);
    const { body, signature } = await inbox.until((event) => event.type === 'invoice.paid');
    const event = stripe.webhooks.constructEvent(body, signature, secret);
    const invoice = event.data.object;
    const details = isOld ? invoice.subscription_details : invoice.parent.subscription_details;
    assert.equal(event.api_version, version);
    assert.deepEqual(details.metadata, { org_id: 'o1' });
    assert.equal(isOld ? invoice.subscription : details.subscription, made.id);
    assert.equal(invoice.billing_reason, 'subscription_create');
    assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, secret), Stripe.errors.StripeSignatureVerificationError);
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other'));
    await inbox.close();
  },

  async 'what is not taken comes again'({ stripe, version, assert }) {
    const inbox = await receiver(version, [500]);
    const made = await stripe.customers.create();
    const isMeant = (event) => event.type === 'customer.created' && event.data.object.id === made.id;
    await inbox.until(isMeant);
    for (let i = 0; i < 100 && inbox.got.filter(({ body }) => isMeant(JSON.parse(body))).length < 2; i += 1) {
      await new Promise((done) => setTimeout(done, 50));
    }
    const [first, second] = inbox.got.filter(({ body }) => isMeant(JSON.parse(body)));
    assert.equal(JSON.parse(first.body).id, JSON.parse(second.body).id);
    await inbox.close();
  },

  async 'any event can be told, in either generation, and again'({ stripe, version, assert }) {
    const inbox = await receiver(version);
    const made = await active(stripe);
    const { id } = await control('POST', 'events', {
      type: 'customer.subscription.trial_will_end', object: made.id, data: { metadata: { more: 'x' } },
    });
    const { body, signature } = await inbox.until((event) => event.id === id);
    const event = stripe.webhooks.constructEvent(body, signature, secret);
    assert.deepEqual(event.data.object.metadata, { org_id: 'o1', more: 'x' });
    assert.deepEqual(event.request, { id: null, idempotency_key: null });
    await control('POST', 'events', { type: 'invoice.upcoming' });
    await inbox.until((one) => one.type === 'invoice.upcoming' && one.data.object.object === 'invoice');
    await control('POST', `events/${id}/resend`, {});
    for (let i = 0; i < 100 && inbox.got.filter((one) => JSON.parse(one.body).id === id).length < 2; i += 1) {
      await new Promise((done) => setTimeout(done, 50));
    }
    assert.equal(inbox.got.filter((one) => JSON.parse(one.body).id === id).length, 2);
    await inbox.close();
  },
};
