// The media type of a body (RFC 9110, section 8.3).

import { GatewayError } from '../errors.ts';

interface MediaType {
  /** The media type in lower case, without parameters. */
  readonly essence: string;
  readonly charset: string | undefined;
}

const parameter = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";]*))/g;

function parseMediaType(header: string): MediaType {
  const [essence = ''] = header.split(';', 1);
  let charset: string | undefined;
  for (const [, name = '', quoted, token] of header.matchAll(parameter)) {
    if (name.toLowerCase() === 'charset') charset ??= quoted ?? token;
  }
  return { essence: essence.trim().toLowerCase(), charset };
}

/**
 * The format of a body, according to its media type. The only parameter that matters is the charset: it must be UTF-8, in any
 * spelling. Throws `request.media_type`.
 */
export function formOfBody(header: string | undefined, takesForms: boolean): 'json' | 'form' {
  const { essence, charset } = parseMediaType(header ?? '');
  const isForm = takesForms && essence === 'application/x-www-form-urlencoded';
  if (!isForm && !isJson(essence)) {
    throw new GatewayError('request.media_type', { message: `The body must be application/json, not ${header ?? 'none'}.` });
  }
  if (charset !== undefined && !/^'?(?:utf[-_ ]?8)?'?$/i.test(charset)) {
    throw new GatewayError('request.media_type', { message: `The body must be in UTF-8, not in ${charset}.` });
  }
  return isForm ? 'form' : 'json';
}

/** JSON Patch is a list of commands, not a record. */
function isJson(essence: string): boolean {
  return /^application\/(?:[\w!#$&^.+-]+\+)?json$/.test(essence) && essence !== 'application/json-patch+json';
}
