// OpenAPI 3.0.3, for tools that accept nothing newer: the same document translated to 3.0.
//
//   type: ['string', 'null']        → type: 'string', nullable: true
//   const: 'x'                      → enum: ['x']
//   $ref with a title               → allOf with the reference, and the title
//   contentEncoding: 'base64'       → format: 'byte'
//   patternProperties               → additionalProperties
//   examples: ['x']                 → example: 'x'

import type { Schema } from './description.ts';

/** @param document the document in version 3.1; it is not modified */
export function asOpenApi30(document: Schema): Schema {
  const { info, ...rest } = convert(document) as { info: { license: { identifier: string } } };
  const { identifier } = info.license;
  return {
    ...rest,
    openapi: '3.0.3',
    info: { ...info, license: { name: identifier, url: `https://spdx.org/licenses/${identifier}.html` } },
  };
}

/** Everything except schemas stays as it is. An example is a value, even if its keys look like a schema's. */
function convert(value: unknown, at = ''): unknown {
  if (at === 'schema') return schema30(value as Schema);
  if (at === 'schemas') return eachOf(value as Schema, schema30);
  if (at === 'example' || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => convert(item));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, convert(inner, name)]));
}

function schema30(schema: Schema): Schema {
  const { type, const: only, examples, contentEncoding, contentMediaType, patternProperties, $ref, ...rest } = schema;
  const said: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) said[name] = keyword(name, value);
  if ($ref !== undefined) {
    if (Object.keys(said).length === 0) return { $ref };
    said['allOf'] = [{ $ref }];
  }
  if (only !== undefined) Object.assign(said, { type: typeof only, enum: [only] });
  if (Array.isArray(examples)) said['example'] = examples[0];
  if (contentEncoding === 'base64') said['format'] = 'byte';
  if (patternProperties !== undefined) said['additionalProperties'] = schema30(Object.values(patternProperties as object)[0]);
  return { ...typed(type), ...said };
}

/** A type, or a list of one type and null: the document has no other lists of types. */
function typed(type: unknown): Schema {
  if (Array.isArray(type)) return { type: type.find((one) => one !== 'null'), nullable: true };
  return type === undefined ? {} : { type };
}

function keyword(name: string, value: unknown): unknown {
  if (name === 'properties') return eachOf(value as Schema, schema30);
  if (name === 'allOf' || name === 'anyOf' || name === 'oneOf') return (value as Schema[]).map(schema30);
  if (name === 'items' || (name === 'additionalProperties' && typeof value === 'object')) return schema30(value as Schema);
  return value;
}

function eachOf(values: Schema, change: (schema: Schema) => Schema): Schema {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value as Schema)]));
}
