/** Why a credential was refused: for the log. The caller is told the same for every one of them. */
export class CredentialRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'CredentialRefused';
  }
}
