// Where the sandbox is, and clients for it.

import { ApiVersion } from './node_modules/stripe/esm/apiVersion.js';
import Stripe from 'stripe';

export const address = new URL(process.argv[2]);
export const OLD = '2025-02-24.acacia';
export const NEW = ApiVersion;

export const client = (apiVersion, more = {}) =>
  new Stripe('sk_test_peer', {
    apiVersion, protocol: 'http', host: address.hostname, port: address.port, maxNetworkRetries: 0, telemetry: false,
    ...more,
  });

/** Something below /_sandbox/. */
export async function control(method, path, body) {
  const response = await fetch(new URL(`/_sandbox/${path}`, address), {
    method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' },
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** What a promise fails with. */
export async function failure(promise) {
  const value = await promise.then((value) => ({ value }), (error) => error);
  if (value instanceof Error) return value;
  throw new Error(`it did not fail: ${JSON.stringify(value)}`);
}

let count = 0;
/** A key nobody used. */
export const key = () => `key-${process.pid}-${(count += 1)}`;

export { Stripe };
