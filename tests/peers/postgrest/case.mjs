// One comparison: a query of a config, and the call of PostgREST's client that should give the same.

/**
 * A case. `ours` is what stands in `supabaseQueries`; `theirs` takes the client and makes the call.
 * `more` may hold `query` and `body`, what the caller of our route sends, and `method`, `response` and `validation` of
 * the route.
 */
export const same = (name, ours, theirs, more = {}) => ({ name, ours, theirs, ...more });

/** A select of `table`, with further keys. */
export const select = (table, more = {}) => ({ table, operation: 'select', ...more });

/** A filter. */
export const where = (column, operator, value, more = {}) => ({ column, operator, value, ...more });
