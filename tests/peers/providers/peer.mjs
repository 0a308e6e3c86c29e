// Makes the calls of cases/*.json with the official clients, one after the other, at the address of the recorder.
//
// Usage: node peer.mjs CLIENT PORT, where CLIENT is `stripe`, `stripe-next` or `sendgrid`.
// Not here: what the recorder thinks of them; see crates/connect/tests/peers.

import { readFileSync } from 'node:fs'

const [client, port] = process.argv.slice(2)
const provider = client.split('-')[0]
const cases = JSON.parse(readFileSync(new URL(`cases/${provider}.json`, import.meta.url)))

const callers = { stripe, sendgrid }
await callers[provider]()

async function stripe() {
  const { default: Stripe } = await import(client)
  const stripe = new Stripe('sk_test_peer', {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    apiVersion: '2025-02-24.acacia',
    maxNetworkRetries: 0,
    telemetry: false,
  })
  for (const { theirs } of cases) {
    const path = theirs.call.split('.')
    const method = path.pop()
    const owner = path.reduce((object, name) => object[name], stripe)
    const args = [...theirs.args]
    if (theirs.key) {
      // Options come after parameters, also where there are none.
      if (typeof args.at(-1) === 'string') args.push({})
      args.push({ idempotencyKey: theirs.key })
    }
    await owner[method].apply(owner, args)
  }
}

async function sendgrid() {
  const { default: mail } = await import('@sendgrid/mail')
  mail.setApiKey('SG.peer')
  mail.client.setDefaultRequest('baseUrl', `http://127.0.0.1:${port}`)
  console.warn = () => {}
  for (const { theirs } of cases) {
    await mail.send(theirs)
  }
}
