/**
 * The steps that every request takes before its endpoint, in order. docs/architecture.md shows the same list, and a test
 * compares them. A step's policy says when it applies (`Policy.appliesTo`).
 */
export const steps = [
  'client address',
  'database',
  'CORS',
  'IP block',
  'authenticate',
  'IP list',
  'scope',
  'concurrency',
  'throttle',
  'body',
  'throttle by operations',
] as const;

export type Step = (typeof steps)[number];

/**
 * If the credential is in the body (`Endpoint.readBody`), the body is read before the caller is known. If it is costly to parse,
 * the first pass parses only the credential. The second pass parses the rest, because the limits that follow need to know what
 * the call does.
 */
export const stepsOfBodyCredential: readonly Step[] = steps
  .filter((step) => step !== 'body')
  .flatMap((step) => (step === 'authenticate' || step === 'throttle' ? (['body', step] as const) : [step]));
