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
