// Deliveries signed, forged and damaged with the official client of Stripe, and what that client thinks of them.
//
// Usage: node signatures.mjs CLIENT, where CLIENT is `stripe` or `stripe-next`. Prints a list of
// `{name, headers, body (Base64), secrets, now, theirs, ours}`: `theirs` is whether the client believes it, `ours` is
// there, with `why`, only where we decide otherwise. A client knows one secret: it is asked for each.
// Not here: our own verdict; see crates/connect/tests/peers/signatures.rs.

const { default: Stripe } = await import(process.argv[2])
const stripe = new Stripe('sk_test_peer')
const now = 1_700_000_000
const secret = 'whsec_peer'
const event = JSON.stringify({ id: 'evt_1', object: 'event', type: 'invoice.paid', data: { object: { id: 'in_1' } } })

const sign = (payload, more = {}) =>
  stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: now, ...more })
const digest = sign(event).split('v1=')[1]

const cases = []
/** A delivery: `headers` are values of Stripe-Signature. `ours` says what we decide if it is not what they do. */
const add = (name, { headers, header = sign(event), body = event, secrets = [secret], at = now, ours, why }) =>
  cases.push({ name, headers: headers ?? [header], body: Buffer.from(body), secrets, now: at, ours, why })
const forged = (name, header, more = {}) => add(name, { header, ...more })
const damaged = (name, body, more = {}) => add(name, { body, ...more })

// What is right.
const bodies = {
  'an event': event,
  'an empty object': '{}',
  unicode: JSON.stringify({ name: 'Zoë 東京 🦀 \u2028', id: 'evt_ü' }),
  escapes: '{"name":"\\u0041\\ud83e\\udd80\\n"}',
  'blanks and line ends': ' {\r\n\t"id" : 1 }\n',
  '200 KB': JSON.stringify({ id: 'evt_big', filler: 'ä'.repeat(100 * 1024) }),
}
for (const [name, body] of Object.entries(bodies)) {
  for (const key of [secret, 'whsec_' + 'x'.repeat(200), 'short', 'with blank ', 'whsec_ünïcode']) {
    add(`${name}, ${key.slice(0, 12)}`, { header: sign(body, { secret: key }), body, secrets: [key] })
  }
}
add('the second of two secrets', { secrets: ['whsec_old', secret] })
add('a signature of an older secret before it', { header: sign(event).replace(',v1', `,v1=${'0'.repeat(64)},v1`) })
add('version 0 beside it', { header: `${sign(event)},v0=${'0'.repeat(64)}` })
add('an unknown scheme beside it', { header: `x,y=1,${sign(event)},z` })
add('the instant after the signature', { header: `v1=${digest},t=${now}` })
for (const off of [1, 299, 300]) add(`${off} seconds old`, { at: now + off })
for (const off of [1, 299, 300]) add(`${off} seconds early`, { at: now - off })

// What is forged.
add('stale by a second', { at: now + 301 })
add('stale by years', { at: now + 100_000_000 })
const early = 'a captured delivery must not be good for longer by claiming a later instant'
add('301 seconds early', { at: now - 301, ours: false, why: early })
add('early by years', { at: now - 100_000_000, ours: false, why: early })
forged('another instant than was signed', `t=${now + 1},v1=${digest}`)
forged('version 0 only', `t=${now},v0=${digest}`)
forged('version 2 only', sign(event, { scheme: 'v2' }))
forged('version 1 in upper case', `t=${now},V1=${digest}`)
forged('no version', `t=${now},${digest}`)
forged('no instant', `v1=${digest}`)
forged('only an instant', `t=${now}`)
const twice = 'two instants have no meaning, and Stripe sends one'
forged('two instants', `t=${now},t=${now},v1=${digest}`, { ours: false, why: twice })
forged('two instants, the right one first', `t=${now},t=${now + 1},v1=${digest}`)
forged('two instants, the right one last', `t=${now + 1},t=${now},v1=${digest}`, { ours: false, why: twice })
forged('an instant of letters', `t=now,v1=${digest}`)
const digits = 'an instant is digits, and what is signed is what stands there'
forged('an instant with letters behind', `t=${now}abc,v1=${digest}`, { ours: false, why: digits })
forged('an instant with a sign', `t=+${now},v1=${digest}`, { ours: false, why: digits })
forged('an instant with a zero before', `t=0${now},v1=${digest}`, { ours: false, why: digits })
forged('an instant with a blank before', `t= ${now},v1=${digest}`, { ours: false, why: digits })
forged('an instant with a fraction', `t=${now}.0,v1=${digest}`, { ours: false, why: digits })
forged('an empty instant', `t=,v1=${digest}`)
forged('a negative instant', `t=-${now},v1=${digest}`)
forged('a negative instant that is signed', sign(event, { timestamp: -5 }))
forged('an instant in milliseconds', `t=${now}000,v1=${digest}`)
forged('an instant beyond all numbers', `t=${'9'.repeat(40)},v1=${digest}`)
forged('truncated', `t=${now},v1=${digest.slice(0, 62)}`)
forged('one digit missing', `t=${now},v1=${digest.slice(0, 63)}`)
forged('one digit wrong', `t=${now},v1=${digest[0] === '0' ? '1' : '0'}${digest.slice(1)}`)
forged('longer', `t=${now},v1=${digest}00`)
forged('not hexadecimal', `t=${now},v1=${'g'.repeat(64)}`)
forged('upper case', `t=${now},v1=${digest.toUpperCase()}`)
forged('in Base64', `t=${now},v1=${Buffer.from(digest, 'hex').toString('base64')}`)
forged('blanks after commas', `t=${now}, v1=${digest}`)
forged('a blank before the digest', `t=${now},v1= ${digest}`)
forged('an equals sign behind the digest', `t=${now},v1=${digest}=x`, { ours: false, why: 'a digest is all that stands there' })
forged('semicolons', `t=${now};v1=${digest}`)
forged('an empty digest', `t=${now},v1=`)
forged('only commas', ',,,')
forged('garbage', 'garbage')
forged('JSON', JSON.stringify({ t: now, v1: digest }))
forged('an empty header', '')
add('no header', { headers: [] })
add('the header twice', { headers: [sign(event), sign(event)] })
forged('16 signatures, the last is right', `t=${now}${`,v1=${'0'.repeat(64)}`.repeat(15)},v1=${digest}`)
const many = 'a delivery brings 16 signatures and 4096 bytes of them at most'
forged('17 signatures, the last is right', `t=${now}${`,v1=${'0'.repeat(64)}`.repeat(16)},v1=${digest}`, { ours: false, why: many })
forged('a header of 5000 bytes', `${sign(event)},z=${'x'.repeat(5000)}`, { ours: false, why: many })
forged('signed with another secret', sign(event, { secret: 'whsec_other' }))
forged('signed with no secret', sign(event, { secret: '' }))
add('the secret with a blank behind', { secrets: [`${secret} `] })
add('the secret with a line end behind', { secrets: [`${secret}\n`] })
add('the secret in upper case', { secrets: [secret.toUpperCase()] })
add('the secret without its mark', { secrets: [secret.slice(6)] })
add('no secret at all', { secrets: [] })
// The older client believes whoever knows nothing.
const blank = process.argv[2] === 'stripe' ? { ours: false, why: 'an empty secret is known to all' } : {}
add('an empty secret', { header: sign(event, { secret: '' }), secrets: [''], ...blank })
add('a blank secret', { header: sign(event, { secret: ' \n' }), secrets: [' \n'], ...blank })

// What is damaged.
damaged('another event', event.replace('evt_1', 'evt_2'))
damaged('re-encoded', JSON.stringify(JSON.parse(event), null, 2))
damaged('members in another order', JSON.stringify({ object: 'event', ...JSON.parse(event) }))
damaged('a blank behind', `${event} `)
damaged('a blank within', event.replace(':', ': '))
damaged('a line end behind', `${event}\n`)
damaged('an escaped letter', event.replace('paid', 'p\\u0061id'))
damaged('CRLF for LF', '{\r\n}', { header: sign('{\n}') })
damaged('the last byte missing', event.slice(0, -1))
damaged('an empty body', '')
damaged('an empty body that is signed', '', { header: sign(''), ours: false, why: 'nothing is no event' })
forged('the signature of an empty body', sign(''))
damaged('composed instead of decomposed', '{"a":"\u00e9"}', { header: sign('{"a":"e\u0301"}') })
const bytes = 'only bytes count; the client drops a byte order mark, and takes any broken letter for any other'
damaged('a byte order mark before', `\ufeff${event}`, { ours: false, why: bytes })
damaged('a broken letter for another', Buffer.from([0x22, 0xff, 0x22]), { header: sign('"\ufffd"'), ours: false, why: bytes })

const { createHmac } = await import('node:crypto')
const raw = (body) => `t=${now},v1=${createHmac('sha256', secret).update(`${now}.`).update(body).digest('hex')}`
for (const [name, body] of [['a byte order mark', Buffer.from(`\ufeff${event}`)], ['what is no text', Buffer.from([0x22, 0xff, 0x22])]]) {
  damaged(`${name}, signed as bytes`, body, { header: raw(body) })
}

/** Whether the client believes a delivery. What is no JSON is not a matter of signatures. */
function believes({ headers, body, now }, secret) {
  try {
    const header = headers.length > 1 ? headers : headers[0]
    stripe.webhooks.constructEvent(body, header, secret, undefined, undefined, now * 1000)
    return true
  } catch (error) {
    return error instanceof SyntaxError
  }
}

const judged = cases.map((one) => ({
  ...one,
  body: one.body.toString('base64'),
  theirs: one.secrets.some((secret) => believes(one, secret)),
}))
process.stdout.write(JSON.stringify(judged))
