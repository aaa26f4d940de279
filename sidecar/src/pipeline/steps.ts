/**
 * The steps that every request takes before its endpoint, in their order. docs/architecture.md shows the same list, and a test
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
 * Where the body holds the credential (`Endpoint.readBody`), it is read before the caller is known. If it is costly to parse, the
 * first visit parses no more than the credential. The second visit parses the rest, before limits ask what the call does.
 */
export const stepsOfBodyCredential: readonly Step[] = steps
  .filter((step) => step !== 'body')
  .flatMap((step) => (step === 'authenticate' || step === 'throttle' ? (['body', step] as const) : [step]));
