// The vendors' own clients against a sandbox, as they would speak with the real ones.
//
// Argument: the sandbox's address. Each check runs for both generations of Stripe's API and says `ok` or `not ok`;
// the process fails if one did.

import assert from 'node:assert/strict';
import { events } from './events.mjs';
import { faults } from './faults.mjs';
import { mails } from './mails.mjs';
import { objects } from './objects.mjs';
import { rules } from './rules.mjs';
import { control, client, NEW, OLD } from './world.mjs';

let failed = 0;
for (const version of [OLD, NEW]) {
  for (const [name, check] of Object.entries({ ...objects, ...rules, ...faults, ...events, ...mails })) {
    await control('DELETE', 'faults');
    try {
      await check({ stripe: client(version), version, isOld: version === OLD, assert });
      console.log(`ok ${version} ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${version} ${name}\n${error.stack}`);
    }
  }
}
process.exit(failed ? 1 : 0);
