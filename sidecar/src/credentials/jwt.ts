// Signs and reads the gateway's JSON Web Tokens (RFC 7519), only HS256. The secrets are stored in the database; each token names
// the one that signed it (`kid`), so older tokens stay valid after a rotation.

import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { LivingSecrets } from '../db/living_secrets.ts';
import type { Secret } from '../db/secrets.ts';
import type { NewToken, TokenSubject, TokenType } from '../db/tokens.ts';
import { CredentialRefused } from './refused.ts';

/** The allowed difference between the clocks of two sidecars. */
const clockToleranceS = 5;
/** The gateway never issues longer tokens, so such tokens are not even parsed. */
const longestToken = 4_096;
/**
 * A longer list of scopes is only stored in the token's row, not in the claim. The claim is informative; the row decides
 * anyway.
 */
const longestScopeClaim = 2_000;

const form = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export function looksLikeToken(text: string): boolean {
  return text.length <= longestToken && form.test(text);
}

interface SignedToken extends NewToken {
  readonly text: string;
}

interface ReadToken {
  readonly jti: string;
  /** The expiry of the token, or of its signing secret if that is earlier. Milliseconds since 1970. */
  readonly endsAtMs: number;
  readonly claims: JWTPayload;
}

const claimsShape = z.object({ jti: z.string().max(64), type: z.enum(['access', 'refresh']), exp: z.number() });

class Signer {
  readonly #database: Database;
  readonly #secrets: LivingSecrets;

  constructor(database: Database) {
    this.#database = database;
    this.#secrets = new LivingSecrets(database, 'jwt');
  }

  async sign(type: TokenType, lifetimeS: number, subject: TokenSubject, client: string): Promise<SignedToken> {
    const secret = await this.#secrets.newest();
    const now = Math.floor(Date.now() / 1000);
    const exp = now + Math.max(1, Math.floor(lifetimeS));
    const jti = randomUUID();
    const scope = subject.scopes?.join(' ');
    const text = await new SignJWT({
      type,
      client_id: client,
      ...(scope !== undefined && scope.length <= longestScopeClaim && { scope }),
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: secret.kid })
      .setIssuer(this.#database.settings['token.issuer'])
      .setAudience(subject.resource === null ? this.#database.channel.uuid : [this.#database.channel.uuid, subject.resource])
      .setSubject(String(subject.userId))
      .setJti(jti)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(exp)
      .sign(secret.value);
    return { text, jti, type, expiresAt: new Date(exp * 1000) };
  }

  /** Checks signature, times, issuer, audience and type without the database. Rejects with CredentialRefused. */
  async read(text: string, type: TokenType): Promise<ReadToken> {
    if (!looksLikeToken(text)) throw new CredentialRefused('not a token');
    let endsWithSecret = Number.POSITIVE_INFINITY;
    try {
      const { payload } = await jwtVerify(
        text,
        async ({ kid }) => {
          const secret = await this.#secretOf(kid);
          endsWithSecret = secret.expiresAt?.getTime() ?? endsWithSecret;
          return secret.value;
        },
        {
          algorithms: ['HS256'],
          issuer: this.#database.settings['token.issuer'],
          audience: this.#database.channel.uuid,
          requiredClaims: ['sub', 'jti', 'iat', 'nbf', 'exp', 'type'],
          clockTolerance: clockToleranceS,
        },
      );
      const claims = claimsShape.parse(payload);
      if (claims.type !== type) throw new CredentialRefused(`a token of type "${claims.type}"`);
      return { jti: claims.jti, endsAtMs: Math.min(claims.exp * 1000, endsWithSecret), claims: payload };
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new CredentialRefused(`token: ${error.code}`);
      if (error instanceof z.ZodError) throw new CredentialRefused('token: claims');
      throw error;
    }
  }

  async #secretOf(kid: string | undefined): Promise<Secret> {
    let found = (await this.#secrets.all()).find((secret) => secret.kid === kid);
    // Another sidecar may have signed with a secret that this one does not know yet.
    if (found === undefined && kid !== undefined) found = (await this.#secrets.reloaded())?.find((secret) => secret.kid === kid);
    if (found === undefined) throw new CredentialRefused('token: unknown kid');
    return found;
  }
}

export const signerOf = perDatabase((database) => new Signer(database));
