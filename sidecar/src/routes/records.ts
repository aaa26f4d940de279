// The records of a model or a resource: /api/v1/<name>, its search, and /api/v1/<name>/<id>.

import { GatewayError } from '../errors.ts';
import { requestedId, requestedModel } from '../executor/target.ts';
import { wantedFormat } from '../exports/export.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { aggregatesOf } from '../records/aggregates.ts';
import type { Collection, Outcome, Parts } from '../records/collection.ts';
import type { Collections } from '../records/collections.ts';
import { needsTo } from '../records/collections.ts';
import { hundredsAffected, removeFound, updateFound } from '../records/found_writes.ts';
import { queryOf } from '../records/search_body.ts';
import { upsert, upsertList } from '../records/upserts.ts';
import { isKnown } from '../records/versions.ts';
import { answerExport } from './exports.ts';
import { withPreferences } from './preferences.ts';

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
  const onPath = (path: string, act: (context: RequestContext) => Promise<Outcome>) => ({
    path,
    access: 'authenticated' as const,
    handle: async (context: RequestContext) => {
      const { id, ...outcome } = await act(context);
      return answered(context, outcome, id === undefined ? 200 : 201);
    },
  });
  const writing = <Route extends { handle: (context: RequestContext) => Promise<Answer> }>(
    route: Route,
    takesIfMatch = false,
  ) => ({
    ...route,
    handle: withPreferences(parts.shapes, route.handle, takesIfMatch),
  });
  const update = writing(
    onSingle((collection, context, id) => collection.update(context, id)),
    true,
  );
  const search = async (context: RequestContext): Promise<Answer> => {
    readQuery(context.request.url, []);
    context.asked = { headers: context.asked.headers, url: `${context.request.path}?${queryOf(context.body)}` };
    // The next page is requested with a body, too: meta.next is its cursor, and it has no URL.
    const { data, meta } = await collections.of(context).list(context);
    return success(data, meta);
  };
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
      name: 'records.search',
      method: 'POST',
      path: `${all}/search`,
      access: 'authenticated',
      kind: 'read',
      needs: needsTo('read'),
      handle: search,
    },
    {
      name: 'records.aggregate',
      method: 'GET',
      path: `${all}/aggregate`,
      access: 'authenticated',
      needs: needsTo('read'),
      handle: async (context) => answered(context, await aggregatesOf(parts, context), 200),
    },
    {
      name: 'records.update_found',
      method: 'PATCH',
      needs: needsTo('write'),
      operations: hundredsAffected,
      ...writing(onPath(all, (context) => updateFound(parts, context))),
    },
    {
      name: 'records.delete_found',
      method: 'DELETE',
      needs: needsTo('delete'),
      operations: hundredsAffected,
      ...writing(onPath(all, (context) => removeFound(parts, context))),
    },
    {
      name: 'records.upsert',
      method: 'PUT',
      needs: needsTo('write'),
      ...writing(onPath(`${all}/by/:key/:value`, (context) => upsert(parts, context))),
    },
    {
      name: 'records.upsert',
      method: 'PUT',
      needs: needsTo('write'),
      operations: ({ body }) => (Array.isArray(body) ? body.length : 1),
      ...writing(onPath(`${all}/by/:key`, (context) => upsertList(parts, context))),
    },
    {
      // This endpoint needs no scope, because its answer says which scope is missing.
      name: 'records.access',
      method: 'GET',
      path: `${single}/access`,
      access: 'authenticated',
      async handle(context) {
        const [model, id] = [requestedModel(context), requestedId(context)];
        readQuery(context.request.url, []);
        const [explained] = await parts.odoo.read(context, [{ op: 'explain', model, id }]);
        return success(explained);
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
      ...writing(onAll((collection, context) => collection.create(context), 201)),
    },
    { name: 'records.update', method: 'PUT', needs: needsTo('write'), ...update },
    { name: 'records.update', method: 'PATCH', needs: needsTo('write'), ...update },
    {
      name: 'records.delete',
      method: 'DELETE',
      needs: needsTo('delete'),
      ...writing(
        onSingle((collection, context, id) => collection.remove(context, id)),
        true,
      ),
    },
  ];
}

/** `POST /api/project/create`, for integrations that were written for other gateways. */
export function projectRoute({ shapes }: Parts, collections: Collections): Route {
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
    handle: withPreferences(shapes, async (context) => {
      const projects = collections.named(context, 'projects');
      if (projects === undefined) throw new GatewayError('route.unknown');
      const { id } = await projects.create(context);
      return { status: 201, body: { message: 'Project created successfully.', project_id: id } };
    }),
  };
}

function answered(context: RequestContext, { data, message, meta, next, id, version }: Outcome, status: number): Answer {
  const { request } = context;
  const headers = version === undefined ? [] : ['ETag', `"${version}"`];
  if (version !== undefined && isKnown(context, version)) return { status: 304, body: undefined, headers };
  const location = id === undefined ? undefined : `${request.path.replace(/\/$/, '')}/${id}`;
  return { status, body: { success: true, data, message, meta }, next, location, headers };
}
