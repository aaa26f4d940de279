// The paths of files and printed documents.

import { contextParameters, errorsOf, headersOf, parameter } from './components.ts';
import type { Schema } from './description.ts';
import { list, ref } from './fields.ts';
import type { Paths } from './paths.ts';
import { answer, writing } from './paths.ts';

const tags = ['Any model'];
const octets = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
// A file can have any media type. Client generators do not understand the wildcard, and use `application/octet-stream`.
const bytes = { ...octets, '*/*': { schema: {} } };
const file = { required: true, content: octets };
const written = ['Idempotency-Replayed', 'Preference-Applied'];

/** @param path the path of a model */
export function filePaths(path: string): Paths {
  const parameters = [parameter('model'), ...contextParameters];
  const one = [...parameters, parameter('id')];
  const data = { type: 'object', required: ['id'], properties: { id: ref('Id') } };
  const found = (description: string, content: Schema = bytes): Schema => ({ description, headers: headersOf(), content });
  const report = {
    type: 'object',
    required: ['name', 'label', 'formats'],
    properties: {
      name: { type: 'string' },
      label: { type: 'string' },
      formats: list({ type: 'string', enum: ['pdf', 'html'] }),
    },
  };
  return {
    [`${path}/{id}/{field}/content`]: {
      parameters: one,
      get: {
        tags,
        operationId: 'any_model.read_file',
        summary: 'Read a file',
        description: 'Needs the scope `read`. Takes `Range`, `If-Range` and `If-None-Match`.',
        parameters: ['field', 'size'].map(parameter),
        responses: {
          200: found('The file, with its own media type.'),
          206: found('The range.'),
          ...errorsOf(416, 422),
        },
      },
      put: {
        tags,
        operationId: 'any_model.write_file',
        summary: 'Write a file',
        description: 'Needs the scope `write`. The body is the file itself, or a form with one file.',
        parameters: [parameter('field'), parameter('filename'), ...writing],
        requestBody: file,
        responses: { 200: answer('Written.', { data }, ['data'], written), ...errorsOf(409, 413, 415, 422) },
      },
    },
    [`${path}/{id}/attachments`]: {
      parameters: one,
      post: {
        tags,
        operationId: 'any_model.attach_file',
        summary: 'Attach a file',
        description: 'Needs the scope `ir.attachment:write`, and the right to read the record.',
        parameters: [parameter('filename'), ...writing],
        requestBody: file,
        responses: { 201: answer('The attachment.', { data }, ['data'], written), ...errorsOf(409, 413, 415, 422) },
      },
    },
    [`${path}/reports`]: {
      parameters,
      get: {
        tags,
        operationId: 'any_model.list_reports',
        summary: 'List reports',
        description: 'The reports that your user may print. Needs the scope `read`.',
        responses: { 200: answer('The reports.', { data: list(report) }, ['data']), ...errorsOf() },
      },
    },
    [`${path}/{id}/report/{name}`]: {
      parameters: one,
      get: {
        tags,
        operationId: 'any_model.print_report',
        summary: 'Print a record',
        description: 'Needs the scopes `read` and `call`, because a report may show anything that its author put into it.',
        parameters: ['report', 'format'].map(parameter),
        responses: {
          200: found('The document.', { 'application/pdf': { schema: {} }, 'text/html': { schema: { type: 'string' } } }),
          ...errorsOf(501, 503),
        },
      },
    },
  };
}
