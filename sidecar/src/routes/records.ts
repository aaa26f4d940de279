// The records of a model or a resource: /api/v1/<name> and /api/v1/<name>/<id>.

import { GatewayError } from '../errors.ts';
import { requestedId } from '../executor/target.ts';
import { wantedFormat } from '../exports/export.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import type { Collection, Outcome, Parts } from '../records/collection.ts';
import type { Collections } from '../records/collections.ts';
import { needsTo } from '../records/collections.ts';
import { answerExport } from './exports.ts';

const all = '/api/v1/:model';
const single = '/api/v1/:model/:id';

export function recordRoutes(parts: Parts, collections: Collections): Route[] {
  const onAll = (act: (collection: Collection, context: RequestContext) => Promise<Outcome>, status = 200) => ({
    path: all,
    access: 'authenticated' as const,
    handle: async (context: RequestContext) => answered(context, await act(collections.of(context), context), status),
  });
  const onSingle = (act: (collection: Collection, context: RequestContext, id: number) => Promise<Outcome>) => ({
    path: single,
    access: 'authenticated' as const,
    handle: async (context: RequestContext) => {
      const collection = collections.of(context);
      return answered(context, await act(collection, context, requestedId(context)), 200);
    },
  });
  const update = onSingle((collection, context, id) => collection.update(context, id));
  return [
    {
      name: 'records.list',
      path: all,
      access: 'authenticated',
      method: 'GET',
      needs: needsTo('read'),
      async handle(context) {
        const collection = collections.of(context);
        const format = wantedFormat(context);
        if (format !== undefined) return answerExport(parts, collection, context, format);
        return answered(context, await collection.list(context), 200);
      },
    },
    {
      name: 'records.one',
      method: 'GET',
      needs: needsTo('read'),
      ...onSingle((collection, context, id) => collection.one(context, id)),
    },
    {
      name: 'records.create',
      method: 'POST',
      needs: needsTo('write'),
      operations: ({ body }) => (Array.isArray(body) ? body.length : 1),
      ...onAll((collection, context) => collection.create(context), 201),
    },
    { name: 'records.update', method: 'PUT', needs: needsTo('write'), ...update },
    { name: 'records.update', method: 'PATCH', needs: needsTo('write'), ...update },
    {
      name: 'records.delete',
      method: 'DELETE',
      needs: needsTo('delete'),
      ...onSingle((collection, context, id) => collection.remove(context, id)),
    },
  ];
}

/** `POST /api/project/create`, as integrations of other gateways know it. */
export function projectRoute(collections: Collections): Route {
  return {
    name: 'project.create',
    method: 'POST',
    path: '/api/project/create',
    access: 'authenticated',
    needs: ({ database }) => ({
      actions: ['write'],
      model: database.resources.get('projects')?.model ?? 'project.project',
      resource: 'projects',
    }),
    async handle(context) {
      const projects = collections.named(context, 'projects');
      if (projects === undefined) throw new GatewayError('route.unknown');
      const { id } = await projects.create(context);
      return { status: 201, body: { message: 'Project created successfully.', project_id: id } };
    },
  };
}

function answered({ request }: RequestContext, { data, message, meta, next, id }: Outcome, status: number): Answer {
  const location = id === undefined ? undefined : `${request.path.replace(/\/$/, '')}/${id}`;
  return { status, body: { success: true, data, message, meta }, next, location };
}
