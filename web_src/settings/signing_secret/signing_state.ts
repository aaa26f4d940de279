/** The state from `gateway.signing.secret`; times are ISO 8601 in UTC, without a zone. */
export interface SigningState {
  since: string | null;
  tokens: number;
  last_expires_at: string | null;
  old: { since: string; until: string }[];
}
