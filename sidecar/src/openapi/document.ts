// The OpenAPI 3.1 document, from the description of the caller's models. A pure function: the same description gives the same
// document.

import { headers, inSection, parameters, responses, security, securitySchemes } from './components.ts';
import { corePaths, coreSchemas } from './core_paths.ts';
import type { Described, ModelDescription, ResourceDescription, Schema } from './description.ts';
import { recordSchema, ref, requiredOf, resourceSchema, resourceValuesSchema, valuesSchema } from './fields.ts';
import { filePaths } from './file_paths.ts';
import { asMarkdown } from './markdown.ts';
import { anyModelPaths, jsonBody, modelPaths, resourcePaths } from './paths.ts';
import { schemas } from './schemas.ts';

export interface About {
  readonly version: string;
  /** The gateway's origin for the caller. */
  readonly origin: string;
}

const intro = `Odoo's records in a clean format.

**Who you are**: send a key as \`X-API-Key\` or \`Authorization: Bearer\`. Everything runs with the rights of its user.

**Values**: empty is \`null\`, a many2one \`{"id", "name"}\`, times are ISO 8601 in UTC. Values have the same format for writing as for reading.

**Answers**: \`{"success": true, "data", "meta"?}\`, errors \`{"success": false, "error": {"code", "message", "reason", "request_id"}}\`,
or RFC 9457 with \`Accept: application/problem+json\`.

**Models**: this document describes the resources and the most used models. \`/api/openapi.json?models=sale.*,res.country\`
describes others. Without a credential, it contains only the parts that are the same for all callers.`;

export function openApiDocument({ version, origin }: About, described: Described): Schema {
  const { models, resources } = described;
  return {
    openapi: '3.1.1',
    info: {
      title: 'API Gateway for Odoo',
      version,
      description: intro,
      license: { name: 'LGPL-3.0-only', identifier: 'LGPL-3.0-only' },
    },
    servers: [{ url: origin }],
    security,
    tags: [
      // This adds a word to the label, because a resource and a model may have the same label.
      ...resources.map(({ name, label }) => tag(name, `${label} (resource ${name})`, `Resource: ${asMarkdown(label)}.`)),
      ...models.map(({ model, label }) => tag(model, `${label} (${model})`, `Model \`${model}\`.`)),
      tag('Any model', 'Any model', 'Endpoints that are the same for every model that you may use.'),
      tag('Gateway', 'Gateway', 'Batches, methods, models and fields.'),
      tag('Tokens', 'Tokens', 'Logins, and tokens for keys and clients.'),
      tag('OAuth2 clients', 'OAuth2 clients', 'Administration of OAuth2 clients.'),
    ],
    paths: {
      ...Object.assign({}, ...resources.map(resourcePaths)),
      ...Object.assign({}, ...models.map(modelPaths)),
      ...corePaths(),
      ...anyModelPaths(),
      ...filePaths('/api/v1/{model}'),
      ...projectPath(resources),
    },
    components: {
      securitySchemes: securitySchemes({ origin }),
      headers: inSection('Header', headers),
      parameters: inSection('Parameter', parameters(described)),
      responses,
      schemas: {
        ...schemas,
        ...coreSchemas(described),
        ...Object.assign({}, ...models.map(modelSchemas)),
        ...Object.assign({}, ...resources.map(resourceSchemas)),
      },
    },
  };
}

function modelSchemas({ model, label, fields }: ModelDescription): Record<string, Schema> {
  const required = requiredOf(fields);
  return {
    [model]: { description: `${asMarkdown(label)}.`, ...recordSchema(fields) },
    [`${model}-Values`]: valuesSchema(fields),
    [`${model}-New`]: required.length === 0 ? ref(`${model}-Values`) : { allOf: [ref(`${model}-Values`), { required }] },
  };
}

function resourceSchemas({ name, label, lines }: ResourceDescription): Record<string, Schema> {
  return {
    [name]: { description: `${asMarkdown(label)}.`, ...resourceSchema(lines) },
    [`${name}-Values`]: resourceValuesSchema(lines, false),
    [`${name}-New`]: resourceValuesSchema(lines, true),
  };
}

/** `/api/project/create`, for integrations that were written for other gateways. */
function projectPath(resources: readonly ResourceDescription[]): Record<string, unknown> {
  const projects = resources.find(({ name }) => name === 'projects');
  if (projects?.rights.create !== true) return {};
  return {
    '/api/project/create': {
      post: {
        operationId: 'project.create',
        tags: ['projects'],
        summary: 'Create a project',
        description: 'The same as `POST /api/v1/projects`, with the answer that older integrations expect.',
        requestBody: jsonBody(ref('projects-New')),
        responses: {
          201: {
            description: 'Created.',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  required: ['message', 'project_id'],
                  properties: { message: { type: 'string' }, project_id: ref('Id') },
                },
              },
            },
          },
          default: { $ref: '#/components/responses/Error-default' },
        },
      },
    },
  };
}

/** @param name the name for programs; `label` is for readers. Both are plain text */
function tag(name: string, label: string, description: string): Schema {
  return { name, description, ...(label === name ? {} : { 'x-displayName': label }) };
}
