// Parses the beginning of a large JSON-RPC call: its service, its method and its first parameters. Clients write the members in any
// order; clients in Go and Rust sort them by name, so `service` and `method` may come after everything else.

import { endOfString } from '../json.ts';
import { credentialParams } from './call.ts';

export interface Head {
  /** Undefined if service and method come later in the body. */
  readonly service: unknown;
  readonly method: unknown;
  /** The first parameters, or all of them if there are fewer. */
  readonly args: readonly unknown[];
}

/** @param text the beginning of the body. Undefined if the text ends before the first parameters do, or is not such a call. */
export function headOf(text: string): Head | undefined {
  const end = endOfFirst(text);
  if (end === undefined) return undefined;
  try {
    const { params } = JSON.parse(`${text.slice(0, end)}]}}`) as { params: Head };
    return { service: params.service, method: params.method, args: params.args };
  } catch {
    return undefined;
  }
}

/**
 * The index at which the first items of `params.args` end. Nothing is decoded, so a name written with escapes counts as a
 * different name.
 */
function endOfFirst(text: string): number | undefined {
  const containers: string[] = [];
  const names: string[] = [];
  let before = '';
  let items = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (/\s/.test(char)) continue;
    const depth = containers.length;
    const isInArgs = depth === 3 && containers[2] === '[' && names[1] === '"params"' && names[2] === '"args"';
    if (char === '"') {
      const end = endOfString(text, i);
      if (end === -1) return undefined;
      if (containers.at(-1) === '{' && (before === '{' || before === ',')) names[depth] = text.slice(i, end + 1);
      i = end;
    } else if (char === '[' || char === '{') {
      containers.push(char);
    } else if (char === ']' || char === '}') {
      if (isInArgs) return i;
      containers.pop();
    } else if (char === ',' && isInArgs) {
      items += 1;
      if (items === credentialParams) return i;
    }
    before = char;
  }
  return undefined;
}

/**
 * The call's id, if it is the last member of the body, where most clients write it. It is used only for answers to refused
 * calls.
 */
export function idAtEnd(text: string): unknown {
  const found = /,\s*"id"\s*:\s*(-?(?:0|[1-9]\d{0,14})|"[^"\\\p{Cc}]{0,100}")\s*\}\s*$/u.exec(text)?.[1];
  return found === undefined ? null : JSON.parse(found);
}
