// The interface of a tool, used by the catalogue that lists it and the server that runs it.

import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { Action, RequestContext } from '../pipeline/context.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Tool {
  readonly name: string;
  /** For the language model: what the tool does, and when to use another tool. */
  readonly description: string;
  readonly input: Json;
  /** Omitted if it would only say that the answer is an object. */
  readonly output?: Json;
  /** The kind of operation for the limits: only `read` never changes anything. */
  readonly kind: Action;
  /** Whether the caller may use it at all. Models and fields are checked when it is called. */
  isFor(context: RequestContext): boolean;
  /**
   * Returns the answer, or throws a GatewayError.
   * @param given the unchecked arguments
   */
  run(context: RequestContext, given: unknown): Promise<Json>;
}

/** Checks the arguments. Throws `agent.arguments`, which names the first wrong argument. */
export function parsed<T>(shape: z.ZodType<T>, given: unknown): T {
  const result = shape.safeParse(given ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw new GatewayError('agent.arguments', {
    message: `${at === '' ? 'arguments' : at}: ${issue?.message ?? 'not valid'}`,
    details: { argument: at },
  });
}

/** A short JSON Schema, because every conversation includes it. */
export function schemaOf(shape: z.ZodType): Json {
  const { $schema: _version, ...schema } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' });
  return withoutBounds(schema) as Json;
}

/** Limits are left out of the schema. They are checked anyway, and the refusal mentions them. */
const bounds = new Set(['maximum', 'minimum', 'maxLength', 'minLength', 'maxItems', 'minItems', 'pattern']);
/** Keywords that state the obvious. Removing them is safe, because no tool has an argument with such a name. */
const plain = new Set(['additionalProperties', 'propertyNames']);

function withoutBounds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBounds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !plain.has(key) && (typeof inner === 'object' || !bounds.has(key)))
      .map(([key, inner]) => [key, withoutBounds(inner)]),
  );
}
