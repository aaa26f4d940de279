// Files and documents of records: /api/v1/<model>/<id>/<field>/content, attachments, reports.

import { GatewayError } from '../errors.ts';
import { requestedId, requestedModel } from '../executor/target.ts';
import { contentOf, requestedField } from '../files/content.ts';
import type { Printing } from '../files/reports.ts';
import { printReport } from '../files/reports.ts';
import { chargeFile } from '../limits/limits.ts';
import { success } from '../pipeline/answer.ts';
import type { Action, Answer, ReceivedFile, RequestContext, Route } from '../pipeline/context.ts';
import { fileName } from '../pipeline/file_body.ts';
import { readQuery } from '../pipeline/query.ts';
import type { Parts } from '../records/collection.ts';
import { withPreferences } from './preferences.ts';

const single = '/api/v1/:model/:id';
export function fileRoutes({ odoo, shapes }: Parts, printing: Printing): Route[] {
  const store = async (context: RequestContext, place: { field: string } | { attach: true }): Promise<readonly number[]> => {
    const { file } = context;
    if (file === undefined) throw new GatewayError('file.form');
    await chargeFile(context, file.bytes);
    const { name: asked } = readQuery(context.asked.url, ['name']);
    const { sha256, type } = file;
    const filename = nameOf(asked, file) ?? ('attach' in place ? 'file' : undefined);
    const { headers, url } = context.asked;
    context.asked = { headers, url, body: [sha256, filename, type] };
    const operation = {
      op: 'store',
      model: requestedModel(context),
      id: requestedId(context),
      ...place,
      sha256,
      filename,
      type,
    } as const;
    return (await odoo.store(context, operation, file)).ids;
  };
  return [
    {
      name: 'files.read',
      method: 'GET',
      path: `${single}/:field/content`,
      access: 'authenticated',
      needs: needsTo('read'),
      handle: (context) => contentOf(odoo, context),
    },
    {
      name: 'files.write',
      method: 'PUT',
      path: `${single}/:field/content`,
      access: 'authenticated',
      takesFile: true,
      needs: needsTo('write'),
      handle: withPreferences(shapes, async (context): Promise<Answer> => {
        await store(context, { field: requestedField(context) });
        return success({ id: requestedId(context) });
      }),
    },
    {
      name: 'files.attach',
      method: 'POST',
      path: `${single}/attachments`,
      access: 'authenticated',
      takesFile: true,
      needs: () => ({ actions: ['write'], model: 'ir.attachment' }),
      handle: withPreferences(shapes, async (context): Promise<Answer> => {
        const [id] = await store(context, { attach: true });
        return { status: 201, body: { success: true, data: { id } }, location: `/api/v1/ir.attachment/${id}` };
      }),
    },
    {
      name: 'reports.list',
      method: 'GET',
      path: '/api/v1/:model/reports',
      access: 'authenticated',
      needs: needsTo('read'),
      async handle(context) {
        readQuery(context.asked.url, []);
        const [found] = await odoo.read(context, [{ op: 'reports', model: requestedModel(context) }]);
        return success(found);
      },
    },
    {
      name: 'reports.print',
      method: 'GET',
      path: `${single}/report/:name`,
      access: 'authenticated',
      kind: 'call',
      needs: needsTo('call'),
      handle: (context) => printReport(odoo, printing, context),
    },
  ];
}

function needsTo(action: Action): (context: RequestContext) => { actions: readonly Action[]; model: string } {
  return (context) => ({ actions: [action], model: requestedModel(context) });
}

/** The name of the file. Throws `file.form` for a name that no file can have. */
function nameOf(asked: string | undefined, { name }: ReceivedFile): string | undefined {
  const given = fileName(asked);
  if (asked !== undefined && given !== asked) {
    throw new GatewayError('file.form', { message: 'name must be the name of a file, of at most 255 bytes.' });
  }
  return given ?? name;
}
