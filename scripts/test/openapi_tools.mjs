// Public tools for the OpenAPI document, installed apart from the repository's packages and shared by all clones: validators,
// linters and generators of clients from npm; a generator and the property-based fuzzer schemathesis from the Python package index.

import { join } from 'node:path';
import { npmTools } from './npm_tools.mjs';
import { pythonEnvironment } from './python_tools.mjs';

/** The folder whose node_modules has the npm tools. @returns {Promise<string>} */
export function openApiTools() {
  return npmTools('openapi');
}

/**
 * The folder of `openapi-python-client` and of the Python that runs its clients.
 * @param {string} [log]
 * @returns {Promise<string>}
 */
export function pythonClientGenerator(log) {
  return pythonEnvironment('openapi', log);
}

/** The program `schemathesis`. @param {string} [log] @returns {Promise<string>} */
export async function fuzzer(log) {
  return join(await pythonEnvironment('fuzz', log), 'schemathesis');
}
