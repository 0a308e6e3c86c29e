// What is told when a request is not answered.
//
// Invariant: what went wrong inside is never told to the caller.

const UNIQUE_VIOLATION = '23505';
const NAMES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  422: 'Unprocessable Entity',
  500: 'Internal Server Error',
};

// A refusal that a route decides.
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.statusCode = status;
    this.code = code;
  }
}

export const notFound = () => new Refusal(404, 'not_found', 'Not found');

// Turns whatever was thrown into an answer.
export function refuse(error, reply) {
  let { statusCode: status = 500, code, message } = error;
  if (error.validation) {
    code = 'validation_failed';
  } else if (code === UNIQUE_VIOLATION) {
    [status, code, message] = [409, 'unique_violation', 'Such a row exists already'];
  } else if (status >= 500) {
    console.error(error);
    [code, message] = ['internal', 'Internal error'];
  }
  return reply.code(status).send({ error: NAMES[status] ?? 'Error', message, code });
}
