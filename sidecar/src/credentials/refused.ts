/** Why a credential was refused. Only the log shows the reason; the caller always gets the same answer. */
export class CredentialRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'CredentialRefused';
  }
}
