import type { Principal } from '../pipeline/context.ts';
import type { Credential } from './presented.ts';
import { CredentialRefused } from './refused.ts';

/** The principal, if it matches the login or user id that was sent with the credential. Throws CredentialRefused. */
export function claimed(principal: Principal, credential: Credential): Principal {
  const login = 'login' in credential ? credential.login : undefined;
  const uid = 'uid' in credential ? credential.uid : undefined;
  if (login !== undefined && login !== principal.login) throw new CredentialRefused('the login is not that of the key');
  if (uid !== undefined && uid !== principal.userId) throw new CredentialRefused('the uid is not that of the key');
  return principal;
}
