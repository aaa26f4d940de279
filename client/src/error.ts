/** The error that an answer of the gateway describes. */
export interface Fault {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly requestId?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterS?: number | undefined;
  readonly cause?: unknown;
}

/** Everything that the client throws, except the reason of an abort signal. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  /** The HTTP status; 0: no answer came. */
  readonly status: number;
  /**
   * The gateway's reason (docs/errors.md), or one of the client: `client.network` if no answer came, `client.answer` if it came from
   * another server, such as a proxy, and `client.request` if the request could not be sent as it is.
   */
  readonly reason: string;
  /** Identifies the request in the gateway's log. */
  readonly requestId: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  /** The number of seconds after which a retry may work. */
  readonly retryAfterS: number | undefined;

  constructor({ status, reason, message, requestId, details = {}, retryAfterS, cause }: Fault) {
    super(message, { cause });
    this.status = status;
    this.reason = reason;
    this.requestId = requestId;
    this.details = details;
    this.retryAfterS = retryAfterS;
  }
}
