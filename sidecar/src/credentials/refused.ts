/** The reason why a credential was refused, for the log. The caller gets the same answer for all reasons. */
export class CredentialRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'CredentialRefused';
  }
}
