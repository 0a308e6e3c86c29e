// Objects: made, read, changed, listed, expanded, ended.

import { control, failure } from './world.mjs';

const subscribe = async (stripe, more = {}) => {
  const customer = await stripe.customers.create({ email: 'a@example.com' });
  return stripe.subscriptions.create({
    customer: customer.id, items: [{ price: 'price_basic' }], payment_behavior: 'default_incomplete', ...more,
  });
};

/** Pays the first invoice of a subscription. */
const pay = (stripe, subscription) => stripe.invoices.pay(subscription.latest_invoice, { payment_method: 'pm_card_visa' });

export const objects = {
  async 'a customer is made, read, changed and deleted'({ stripe, assert }) {
    const made = await stripe.customers.create({ email: 'a@example.com', metadata: { org_id: 'o1', b: '2' } });
    assert.match(made.id, /^cus_[0-9a-zA-Z]+$/);
    assert.equal(made.livemode, false);
    assert.match(made.lastResponse.requestId, /^req_/);
    const changed = await stripe.customers.update(made.id, { name: 'A', metadata: { b: '' } });
    assert.deepEqual(changed.metadata, { org_id: 'o1' });
    assert.equal((await stripe.customers.retrieve(made.id)).name, 'A');
    assert.equal((await stripe.customers.del(made.id)).deleted, true);
    assert.equal((await stripe.customers.retrieve(made.id)).deleted, true);
    assert.equal((await failure(stripe.customers.update(made.id, { name: 'B' }))).code, 'resource_missing');
  },

  async 'lists turn their own pages'({ stripe, assert }) {
    const email = `many-${Math.random()}@example.com`;
    for (let i = 0; i < 25; i += 1) await stripe.customers.create({ email, name: `n${i}` });
    const names = [];
    for await (const customer of stripe.customers.list({ email, limit: 10 })) names.push(customer.name);
    assert.deepEqual(names, Array.from({ length: 25 }, (_, i) => `n${24 - i}`));
    const first = await stripe.customers.list({ email, limit: 3 });
    assert.equal(first.has_more, true);
    assert.equal(first.url, '/v1/customers');
    const back = await stripe.customers.list({ email, limit: 3, ending_before: first.data[2].id });
    assert.deepEqual(back.data.map((one) => one.name), ['n24', 'n23']);
    assert.equal((await stripe.customers.list({ email })).data.length, 10);
    assert.equal((await failure(stripe.customers.list({ limit: 101 }))).param, 'limit');
  },

  async 'default_incomplete waits for its first payment'({ stripe, isOld, assert }) {
    const path = isOld ? 'latest_invoice.payment_intent' : 'latest_invoice.confirmation_secret';
    const made = await subscribe(stripe, { expand: [path], metadata: { org_id: 'o1' } });
    assert.equal(made.status, 'incomplete');
    assert.equal(made.latest_invoice.status, 'open');
    const secret = isOld
      ? made.latest_invoice.payment_intent.client_secret
      : made.latest_invoice.confirmation_secret.client_secret;
    assert.match(secret, /^pi_.*_secret_/);
    await stripe.paymentIntents.confirm(secret.split('_secret_')[0], { payment_method: 'pm_card_visa' });
    const paid = await stripe.subscriptions.retrieve(made.id, { expand: ['latest_invoice', 'customer'] });
    assert.equal(paid.status, 'active');
    assert.equal(paid.latest_invoice.status, 'paid');
    assert.equal(paid.customer.email, 'a@example.com');
  },

  async 'each generation has its own shape'({ stripe, isOld, assert }) {
    const made = await subscribe(stripe, { metadata: { org_id: 'o1' } });
    const invoice = await stripe.invoices.retrieve(made.latest_invoice);
    const details = isOld ? invoice.subscription_details : invoice.parent.subscription_details;
    assert.deepEqual(details.metadata, { org_id: 'o1' });
    assert.equal(isOld ? invoice.subscription : details.subscription, made.id);
    assert.equal('payment_intent' in invoice, isOld);
    assert.equal('current_period_end' in made, isOld);
    assert.equal('current_period_end' in made.items.data[0], !isOld);
    const gone = isOld ? 'latest_invoice.confirmation_secret' : 'latest_invoice.payment_intent';
    const error = await failure(stripe.subscriptions.retrieve(made.id, { expand: [gone] }));
    assert.match(error.message, /This property cannot be expanded/);
    assert.equal(error.type, 'StripeInvalidRequestError');
  },

  async 'an expansion that does not fit has no effect'({ stripe, isOld, assert }) {
    const before = (await control('GET', 'counts')).subscription ?? 0;
    const gone = isOld ? 'latest_invoice.confirmation_secret' : 'latest_invoice.payment_intent';
    await failure(subscribe(stripe, { expand: [gone] }));
    assert.equal((await control('GET', 'counts')).subscription ?? 0, before);
  },

  async 'metadata of a subscription is fixed on the invoice when it is finalised'({ stripe, isOld, assert }) {
    const made = await subscribe(stripe, { metadata: { org_id: 'o1' } });
    await stripe.subscriptions.update(made.id, { metadata: { org_id: 'o2' } });
    const invoice = await stripe.invoices.retrieve(made.latest_invoice);
    const details = isOld ? invoice.subscription_details : invoice.parent.subscription_details;
    assert.deepEqual(details.metadata, { org_id: 'o1' });
    assert.deepEqual(invoice.metadata, {});
  },

  async 'subscriptions are listed by what they are, and cancelled once'({ stripe, assert }) {
    const made = await subscribe(stripe);
    const { customer } = made;
    await pay(stripe, made);
    const ids = async (more) => (await stripe.subscriptions.list({ customer, ...more })).data.map((one) => one.id);
    assert.deepEqual(await ids({ status: 'active', price: 'price_basic' }), [made.id]);
    assert.deepEqual(await ids({ price: 'price_other' }), []);
    const expanded = await stripe.subscriptions.list({ customer, expand: ['data.customer', 'data.latest_invoice'] });
    assert.equal(expanded.data[0].customer.id, customer);
    assert.equal(expanded.data[0].latest_invoice.object, 'invoice');
    assert.equal((await stripe.subscriptions.cancel(made.id)).status, 'canceled');
    assert.deepEqual(await ids({}), []);
    assert.deepEqual(await ids({ status: 'ended' }), [made.id]);
    assert.deepEqual(await ids({ status: 'all' }), [made.id]);
    assert.equal((await failure(stripe.subscriptions.cancel(made.id))).statusCode, 404);
    const late = await failure(stripe.subscriptions.update(made.id, { cancel_at_period_end: true }));
    assert.match(late.message, /canceled subscription/);
  },

  async 'without a card only default_incomplete subscribes'({ stripe, assert }) {
    const error = await failure(subscribe(stripe, { payment_behavior: 'allow_incomplete' }));
    assert.match(error.message, /no attached payment source/);
    const card = (name) => ({ payment_behavior: 'allow_incomplete', default_payment_method: name });
    assert.equal((await subscribe(stripe, card('pm_card_visa'))).status, 'active');
    assert.equal((await subscribe(stripe, card('pm_card_chargeDeclined'))).status, 'incomplete');
  },

  async 'products, prices and a checkout'({ stripe, assert }) {
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription', success_url: 'http://localhost/done', line_items: [{ price: 'price_basic', quantity: 2 }],
      customer_email: 'c@example.com', subscription_data: { metadata: { org_id: 'o9' } }, expand: ['line_items'],
    });
    assert.match(session.id, /^cs_test_/);
    assert.equal(session.line_items.data[0].quantity, 2);
    assert.equal(session.subscription, null);
    await control('POST', `checkout/${session.id}`, {});
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription', 'customer'] });
    assert.equal(done.status, 'complete');
    assert.equal(done.subscription.status, 'active');
    assert.deepEqual(done.subscription.metadata, { org_id: 'o9' });
    assert.equal(done.customer.email, 'c@example.com');
    const portal = await stripe.billingPortal.sessions.create({ customer: done.customer.id });
    assert.match(portal.id, /^bps_/);
    assert.match(portal.url, /^http/);
    const prices = await stripe.prices.list({ active: true });
    assert.ok(prices.data.some((price) => price.id === 'price_basic'));
    assert.equal((await stripe.prices.retrieve('price_basic', { expand: ['product'] })).product.object, 'product');
  },

  async 'money goes and comes back'({ stripe, assert }) {
    const intent = await stripe.paymentIntents.create({
      amount: 500, currency: 'usd', payment_method: 'pm_card_visa', confirm: true, expand: ['latest_charge'],
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    assert.equal(intent.status, 'succeeded');
    assert.equal(intent.latest_charge.amount, 500);
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 200 });
    assert.equal(refund.status, 'succeeded');
    await stripe.refunds.create({ payment_intent: intent.id });
    const again = await failure(stripe.refunds.create({ payment_intent: intent.id }));
    assert.equal(again.code, 'charge_already_refunded');
    const open = await stripe.paymentIntents.create({ amount: 1, currency: 'usd' });
    assert.equal((await stripe.paymentIntents.cancel(open.id)).status, 'canceled');
    assert.equal((await failure(stripe.paymentIntents.cancel(open.id))).code, 'payment_intent_unexpected_state');
  },

  async 'an invoice by hand'({ stripe, assert }) {
    const customer = await stripe.customers.create();
    const draft = await stripe.invoices.create({ customer: customer.id });
    assert.equal(draft.status, 'draft');
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 700, currency: 'usd' });
    const open = await stripe.invoices.finalizeInvoice(draft.id);
    assert.deepEqual([open.status, open.amount_due], ['open', 700]);
    const paid = await stripe.invoices.pay(draft.id, { payment_method: 'pm_card_visa' });
    assert.deepEqual([paid.status, paid.amount_paid], ['paid', 700]);
    assert.equal((await failure(stripe.invoices.pay(draft.id))).code, 'invoice_already_paid');
    const listed = await stripe.invoices.list({ customer: customer.id, status: 'paid' });
    assert.deepEqual(listed.data.map((one) => one.id), [draft.id]);
    const free = await stripe.invoices.create({ customer: customer.id });
    assert.equal((await stripe.invoices.finalizeInvoice(free.id)).status, 'paid');
  },
};
