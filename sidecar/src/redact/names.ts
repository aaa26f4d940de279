// Names of secrets: of headers, parameters, fields and properties, and of methods whose arguments are secrets. The addon has its
// own implementation (tools/redact.py). Both are tested with the same cases.

import { LRUCache } from 'lru-cache';

export const stars = '**********';
/** Stored instead of a string that would take too long to search for secrets. */
export const tooLarge = 'too large to redact';

const harmless = new Set([
  ...['idempotencykey', 'tokentype', 'tokentypehint', 'tokenendpoint', 'keyid', 'publickey', 'foreignkey', 'primarykey'],
  ...['passengers', 'secretary', 'secretaryid'],
]);
const secret = new RegExp(
  [
    'passw|passphrase|passcode|passkey|pwd|secret|token|authorization|cookie|credential|signature|assertion|jwt|bearer',
    '(?:api|private|access|account|shared|signing|encryption|master|merchant|consumer|client|license|subscription)key',
    '(?:auth|authorization|verification|recovery|backup|2fa|mfa)code',
    'otp$|^key$|^auth$',
  ].join('|'),
);
const secretWords = new Set(['pass', 'passwd', 'pin', 'otp', 'totp', 'sig', 'cvc', 'cvv']);
const session = /sessionid$|^sid$/;
const secretMethod =
  /passw|authenticat|login|signup|otp$|totp|credential|identity|apikey|token|secret|authoauth|passkey|ratingapply|runcheck|^setparam$/;

const judged = new LRUCache<string, boolean>({ max: 5_000 });

/**
 * Whether values under this name are never stored. A path such as `filter[user_ids.password][eq]` counts if one of its steps is
 * such a name.
 */
export function isSecretName(name: string): boolean {
  let isSecret = judged.get(name);
  if (isSecret === undefined) {
    isSecret = name
      .slice(0, 1_000)
      .split(/[.[\]/:]+/)
      .some(isSecretStep);
    if (name.length <= 100) judged.set(name, isSecret);
  }
  return isSecret;
}

function isSecretStep(step: string): boolean {
  const plain = plainOf(step);
  if (harmless.has(plain)) return false;
  if (secret.test(plain)) return true;
  const words = step.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  return words.split(/[^a-z0-9]+/).some((word) => secretWords.has(word));
}

/**
 * Like `isSecretName`, but also decides about `session_id`: the id of a point-of-sale session is a number, the id of a login
 * session is not.
 */
export function hidesValue(name: string, value: unknown): boolean {
  if (isSecretName(name)) return true;
  return typeof value === 'string' && value.length >= 16 && name.length < 50 && session.test(plainOf(name));
}

/** Whether a method takes or returns secrets that are only recognized by their position. */
export function isSecretMethod(name: unknown): boolean {
  return typeof name === 'string' && name.length <= 200 && secretMethod.test(plainOf(name));
}

function plainOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
