// Writes that the database or the types refuse: the kind of the refusal, and that nothing changed.
import { same, where } from '../case.mjs';

const account = (data) => ({ table: 'accounts', operation: 'insert', data });
const body = (members) => ({ body: members });

export default [
  same('refused: a unique key', account({ email: 'eve@example.com' }), (db) => db.from('accounts').insert({ email: 'eve@example.com' }).select()),
  same('refused: the primary key', account({ id: 1, email: 'new@example.com' }), (db) => db.from('accounts').insert({ id: 1, email: 'new@example.com' }).select()),
  same('refused: null where a value is needed', account({ email: null }), (db) => db.from('accounts').insert({ email: null }).select()),
  same('refused: a column without a default left out', account({ name: '{{body.name}}', email: '{{body.email}}' }), (db) => db.from('accounts').insert({ name: 'x' }).select(), body({ name: 'x' })),
  same('refused: a check', account({ email: 'n@example.com', balance: -1 }), (db) => db.from('accounts').insert({ email: 'n@example.com', balance: -1 }).select()),
  same('refused: a parent that is not there', { table: 'entries', operation: 'insert', data: { account_id: 99, what: 'x', amount: 1 } }, (db) => db.from('entries').insert({ account_id: 99, what: 'x', amount: 1 }).select()),
  same('refused: a domain', { table: 'rooms', operation: 'insert', data: { id: 9, name: 'x', contact: '{{body.contact}}' } }, (db) => db.from('rooms').insert({ id: 9, name: 'x', contact: 'nobody' }).select(), body({ contact: 'nobody' })),
  same('refused: a domain of numbers', { table: 'rooms', operation: 'insert', data: { id: 9, name: 'x', filled: '{{body.filled}}' } }, (db) => db.from('rooms').insert({ id: 9, name: 'x', filled: 101 }).select(), body({ filled: 101 })),
  same('refused: a label that the enum lacks', account({ email: 'n@example.com', plan: '{{body.plan}}' }), (db) => db.from('accounts').insert({ email: 'n@example.com', plan: 'gold' }).select(), body({ plan: 'gold' })),
  same('refused: text for a number', account({ email: 'n@example.com', balance: '{{body.balance}}' }), (db) => db.from('accounts').insert({ email: 'n@example.com', balance: 'much' }).select(), body({ balance: 'much' })),
  same('refused: a number that is too big', { table: 'meters', operation: 'insert', data: { account_id: 3, feature: 'x', period: 'x', used: '{{body.used}}' } },
    (db) => db.from('meters').insert({ account_id: 3, feature: 'x', period: 'x', used: 3000000000 }).select(), body({ used: 3000000000 })),
  same('refused: a numeric that is too big', account({ email: 'n@example.com', balance: '{{body.balance}}' }), (db) => db.from('accounts').insert({ email: 'n@example.com', balance: 1e12 }).select(), body({ balance: 1e12 })),
  same('refused: text that is too long', { table: 'samples', operation: 'insert', data: { id: 9, word: '{{body.word}}' } }, (db) => db.from('samples').insert({ id: 9, word: 'eleven chars' }).select(), body({ word: 'eleven chars' })),
  same('refused: a date that is none', account({ email: 'n@example.com', joined: '{{body.joined}}' }), (db) => db.from('accounts').insert({ email: 'n@example.com', joined: '2026-02-30' }).select(), body({ joined: '2026-02-30' })),
  same('refused: a uuid that is none', { table: 'tokens', operation: 'insert', data: { id: '{{body.id}}', label: 'x' } }, (db) => db.from('tokens').insert({ id: 'x', label: 'x' }).select(), body({ id: 'x' })),
  same('refused: a column that is generated', { table: 'frames', operation: 'insert', data: { id: 3, width: 1, height: 1, area: 5 } }, (db) => db.from('frames').insert({ id: 3, width: 1, height: 1, area: 5 }).select()),
  same('refused: a column that is not there', account({ email: 'n@example.com', nick: 'x' }), (db) => db.from('accounts').insert({ email: 'n@example.com', nick: 'x' }).select()),
  same('refused: an update that breaks a check', { table: 'accounts', operation: 'update', data: { balance: -5 }, filters: [where('id', 'eq', 1)] }, (db) => db.from('accounts').update({ balance: -5 }).eq('id', 1).select()),
  same('refused: an update that takes a key', { table: 'accounts', operation: 'update', data: { email: 'bob@example.com' }, filters: [where('id', 'eq', 1)] }, (db) => db.from('accounts').update({ email: 'bob@example.com' }).eq('id', 1).select()),
  same('refused: an update of a key that others need', { table: 'accounts', operation: 'update', data: { id: 77 }, filters: [where('id', 'eq', 1)] }, (db) => db.from('accounts').update({ id: 77 }).eq('id', 1).select()),
  same('refused: a write through a view that joins', { table: 'book_cards', operation: 'update', data: { title: 'x' }, filters: [where('id', 'eq', 10)] }, (db) => db.from('book_cards').update({ title: 'x' }).eq('id', 10).select()),
  same('taken: a fraction for an integer', { table: 'meters', operation: 'insert', data: { account_id: 3, feature: 'x', period: 'x', used: '{{body.used}}' } },
    (db) => db.from('meters').insert({ account_id: 3, feature: 'x', period: 'x', used: 1.5 }).select(), body({ used: 1.5 })),
  same('taken: digits beyond the scale', account({ email: 'n@example.com', balance: '{{body.balance}}' }), (db) => db.from('accounts').insert({ email: 'n@example.com', balance: 1.005 }).select(), body({ balance: 1.005 })),
  same('taken: text for a number', account({ email: 'n@example.com', balance: '{{body.balance}}' }), (db) => db.from('accounts').insert({ email: 'n@example.com', balance: '12.5' }).select(), body({ balance: '12.5' })),
  same('taken: a number for text', account({ email: 'n@example.com', name: '{{body.name}}' }), (db) => db.from('accounts').insert({ email: 'n@example.com', name: 5 }).select(), body({ name: 5 })),
];
