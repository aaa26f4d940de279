import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkImports, checkSql, trees } from '../../scripts/test/imports.mjs';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** The faults of a tree that consists of these files. */
function faultsOf(name: string, files: Record<string, string>): string[] {
  const tree = trees.find((candidate) => candidate.name === name);
  if (!tree) throw new Error(`no tree ${name}`);
  const root = mkdtempSync(join(tmpdir(), 'imports-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, tree.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return checkImports(tree, root).faults;
}

describe('imports of the sidecar', () => {
  test('go down the layers', () => {
    const faults = faultsOf('sidecar', {
      'main.ts': "import { serve } from './pipeline/server.ts';\nimport { takeKey } from './db/keys.ts';\n",
      'routes/ping.ts': "import { answer } from '../pipeline/answer.ts';\nimport { check } from '../credentials/check.ts';\n",
      'pipeline/answer.ts': "import type { RequestContext } from './context.ts';\n",
      'credentials/check.ts': "import type { RequestContext } from '../pipeline/context.ts';\n",
      'pipeline/context.ts': "import { takeKey } from '../db/keys.ts';\nimport { Fault } from '../errors.ts';\n",
      'db/keys.ts': "import pg from 'pg';\n",
      'errors.ts': '',
    });
    expect(faults).toEqual([]);
  });

  test('never go up', () => {
    const files = { 'db/keys.ts': "\nimport {\n  a,\n  b,\n} from '../routes/ping.ts';\n", 'routes/ping.ts': '' };
    expect(faultsOf('sidecar', files)).toEqual(['sidecar/src/db/keys.ts:2: db must not import routes (routes/ping.ts)']);
  });

  test('never go sideways, except types of credentials in limits', () => {
    const faults = faultsOf('sidecar', {
      'limits/throttle.ts':
        "import type { Principal } from '../credentials/principal.ts';\nimport { send } from '../executor/send.ts';\n",
      'credentials/principal.ts': '',
      'executor/send.ts': "import type { Principal } from '../credentials/principal.ts';\n",
    });
    expect(faults).toEqual([
      'sidecar/src/executor/send.ts:1: executor must not import credentials (credentials/principal.ts)',
      'sidecar/src/limits/throttle.ts:2: limits must not import executor (executor/send.ts)',
    ]);
  });

  test('include the Postgres client only in db', () => {
    expect(faultsOf('sidecar', { 'credentials/check.ts': "import pg from 'pg';\n" })).toHaveLength(1);
  });

  test('may use a separately listed file of a higher folder', () => {
    const files = {
      'limits/throttle.ts': "import { a } from '../pipeline/answer.ts';\nimport { c } from '../pipeline/context.ts';\n",
    };
    expect(faultsOf('sidecar', { ...files, 'pipeline/answer.ts': '', 'pipeline/context.ts': '' })).toEqual([
      'sidecar/src/limits/throttle.ts:1: limits must not import pipeline (pipeline/answer.ts)',
    ]);
  });

  test('never form cycles, even within a layer', () => {
    const files = { 'credentials/a.ts': "import { b } from './b.ts';\n", 'credentials/b.ts': "export { a } from './a.ts';\n" };
    expect(faultsOf('sidecar', files)).toEqual(['sidecar/src: cycle credentials/a.ts → credentials/b.ts → credentials/a.ts']);
  });
});

describe('SQL of the sidecar', () => {
  const faultsIn = (file: string, text: string) => {
    const root = mkdtempSync(join(tmpdir(), 'sql-'));
    folders.push(root);
    mkdirSync(dirname(join(root, 'sidecar/src', file)), { recursive: true });
    writeFileSync(join(root, 'sidecar/src', file), text);
    return checkSql(root);
  };

  test.each([
    "pool.query('select id from res_users');\n",
    'const text = `\n  insert into gateway.token\n  values ($1)`;\n',
    "run('update gateway.token set spent = true');\n",
    'run("select gateway.poll($1)");\n',
  ])('is only in db/: %j', (text) => {
    expect(faultsIn('limits/throttle.ts', text)).toHaveLength(1);
    expect(faultsIn('db/throttle.ts', text)).toEqual([]);
  });

  test('is ignored in comments', () => {
    expect(faultsIn('limits/throttle.ts', "// 'select a from b'\n/* `delete from c` */\n")).toEqual([]);
  });
});

describe('imports of the web client', () => {
  test('go from pages to core to Odoo', () => {
    const faults = faultsOf('web_src', {
      'status/page.ts': "import { theme } from '../core/theme';\nimport { registry } from '@web/core/registry';\n",
      'core/theme.ts': "import { useState } from '@odoo/owl';\n",
    });
    expect(faults).toEqual([]);
  });

  test('never connect two pages, or the loader and the lazy bundle, and never use npm', () => {
    const faults = faultsOf('web_src', {
      'keys/page.ts': "import { card } from '../status/card';\n",
      'status/card.ts': "import { debounce } from 'lodash';\n",
      'loader/pages.ts': "import { theme } from '../core/theme';\n",
      'core/theme.ts': '',
    });
    expect(faults).toHaveLength(3);
  });
});

describe('imports of the addon', () => {
  test('fail for an unknown folder', () => {
    const files = { 'helpers/a.py': 'from ..tools import b\n', 'tools/b.py': '' };
    expect(faultsOf('odoo_addon', files)).toEqual([
      'odoo_addon/api_gateway/helpers/a.py:1: helpers is in no layer: add it to scripts/test/imports.mjs (tools/b.py)',
    ]);
  });

  test('go from controllers to executor to models', () => {
    const faults = faultsOf('odoo_addon', {
      '__init__.py': 'from . import controllers, executor, models\n',
      'controllers/__init__.py': 'from . import execute\n',
      'controllers/execute.py': 'from ..executor import runner\n',
      'executor/__init__.py': '',
      'executor/runner.py': 'from odoo.addons.api_gateway.models import base\n',
      'models/__init__.py': 'from . import base\n',
      'models/base.py': '',
    });
    expect(faults).toEqual([]);
  });

  test('never go up', () => {
    const faults = faultsOf('odoo_addon', {
      'models/base.py': 'from odoo import models\n\nfrom ..executor.runner import (\n    run,\n)\n',
      'executor/runner.py': 'from odoo.addons.api_gateway.controllers import execute\n',
      'controllers/execute.py': '',
    });
    expect(faults).toEqual([
      'odoo_addon/api_gateway/executor/runner.py:1: executor must not import controllers (controllers/execute.py)',
      'odoo_addon/api_gateway/models/base.py:3: models must not import executor (executor/runner.py)',
    ]);
  });
});
