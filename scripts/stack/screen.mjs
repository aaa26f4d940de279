// The text shown at the end: URLs, logins, and a first call with its real answer.

/** @typedef {import('./instance.mjs').Instance} Instance */

/**
 * @param {Instance} instance
 * @returns {Promise<string>}
 */
export async function describeInstance(instance) {
  const call = `${instance.gatewayUrl}/api/v1/res.partner?fields=name,email&limit=3`;
  return `
  Odoo       ${instance.odooUrl}   login ${instance.admin.login}, password ${instance.admin.password}
  Gateway    ${instance.gatewayUrl}
  Database   ${instance.databaseUrl}

  API keys   demo   ${instance.keys.demo}   an internal user without further rights
             admin  ${instance.keys.admin}   the administrator
             bench  ${instance.keys.bench}   as admin, without limits

  Try it:

    curl -H 'Authorization: Bearer ${instance.keys.demo}' '${call}'

  which currently answers:

${await firstCall(call, instance.keys.demo)}
`;
}

/** @param {string} url @param {string} key */
async function firstCall(url, key) {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(20_000),
    });
    return `HTTP ${response.status}\n${await response.text()}`.replace(/^/gm, '    ');
  } catch (error) {
    return `    nothing: ${error instanceof Error ? error.message : String(error)}`;
  }
}
