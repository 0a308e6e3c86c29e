// Mails by the vendor's client.

import sendgrid from '@sendgrid/mail';
import { address, control, failure } from './world.mjs';

sendgrid.setApiKey('SG.peer');
sendgrid.client.setDefaultRequest('baseUrl', address.origin);

const mail = (more) => ({ to: 'a@example.com', from: 'b@example.com', subject: 'Hello', text: 'Hi', ...more });

export const mails = {
  async 'a mail is kept, and answered with 202 and an id'({ assert }) {
    const [response] = await sendgrid.send(mail({ customArgs: { run: 'r1' } }));
    assert.equal(response.statusCode, 202);
    assert.equal(String(response.body), '');
    const id = response.headers['x-message-id'];
    const [kept] = await control('GET', 'emails');
    assert.deepEqual([kept.id, kept.to, kept.subject], [id, ['a@example.com'], 'Hello']);
    assert.deepEqual([kept.content, kept.customArgs], [{ 'text/plain': 'Hi' }, { run: 'r1' }]);
  },

  async 'a template with its data'({ assert }) {
    await sendgrid.send({ to: 'a@example.com', from: 'b@example.com', templateId: 'd-1', dynamicTemplateData: { x: 1 } });
    const [kept] = await control('GET', 'emails');
    assert.deepEqual([kept.template, kept.data, kept.warning], ['d-1', { x: 1 }, null]);
    await sendgrid.send({ to: 'a@example.com', from: 'b@example.com', templateId: 'team-invite' });
    assert.match((await control('GET', 'emails'))[0].warning, /team-invite/);
  },

  async 'what SendGrid refuses is refused in its words'({ assert }) {
    const before = (await control('GET', 'counts')).email;
    const wrong = {
      'personalizations.0.to': mail({ to: ['a@example.com', 'A@example.com'] }),
      'personalizations.0.to.0.email': mail({ to: 'nobody' }),
      subject: mail({ subject: undefined }),
      'content.0.value': mail({ text: undefined, content: [{ type: 'text/plain', value: '' }] }),
      'from.email': mail({ from: 'nobody' }),
    };
    for (const [field, message] of Object.entries(wrong)) {
      const error = await failure(sendgrid.send(message));
      assert.equal(error.code, 400);
      assert.ok(error.response.body.errors.some((one) => one.field === field && one.message && one.help === null), field);
    }
    assert.equal((await control('GET', 'counts')).email, before);
  },

  async 'faults meet it, too'({ assert }) {
    const cases = { rateLimited: 429, failed: 500, failedStored: 500 };
    for (const [kind, status] of Object.entries(cases)) {
      await control('POST', 'faults', { kind, provider: 'sendgrid' });
      const error = await failure(sendgrid.send(mail()));
      assert.equal(error.code, status);
      assert.ok(Array.isArray(error.response.body.errors));
    }
    const before = (await control('GET', 'counts')).email;
    await control('POST', 'faults', { kind: 'resetAfter', provider: 'sendgrid' });
    await failure(sendgrid.send(mail()));
    assert.equal((await control('GET', 'counts')).email, before + 1);
  },
};
