/** Why a credential was refused: for the log. The caller gets the same answer for all of them. */
export class CredentialRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'CredentialRefused';
  }
}
