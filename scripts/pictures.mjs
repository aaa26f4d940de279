// npm run pictures [-- name …]: takes the screenshots for the README and docs, from a real instance with invented history.
//
// test/pictures/pages.ts lists the pages with their sizes; each is taken in both themes. The files go to docs/images/.

import { ensureNpmPackages } from './stack/npm_packages.mjs';
import { explain } from './stack/report.mjs';
import { runFile } from './test/run_by_name.mjs';

try {
  await ensureNpmPackages();
  const { code } = await runFile('test/pictures/take.ts', process.argv.slice(2));
  process.exitCode = code;
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
