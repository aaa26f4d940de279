#!/bin/sh
# A client's secret in HTTP Basic is form-encoded before base64 (RFC 6749, section 2.3.1). Four OAuth clients encode one secret in
# three ways: client-oauth2 and Authlib send it plain, simple-oauth2 encodes it, and oauth4webapi (used by openid-client) encodes
# even "-", "_" and ".", which form encoding leaves unchanged. A server that does not decode accepts base64url secrets from three
# of them and refuses oauth4webapi; one that decodes misreads a plain "+".
#
# Versions: simple-oauth2 5.1.0, client-oauth2 4.3.3, oauth4webapi 3.8.8 (npm), Authlib 1.9.10 (PyPI), Node 20, Python 3.11
# Seen, for the secrets a-b_c and a+b/c=:
#   simple-oauth2: a-b_c a%2Bb%2Fc%3D
#   client-oauth2: a-b_c a+b/c=
#   oauth4webapi: a%2Db%5Fc a%2Bb%2Fc%3D
#   Authlib: a-b_c a+b/c=
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent simple-oauth2@5.1.0 client-oauth2@4.3.3 oauth4webapi@3.8.8 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet Authlib==1.9.10
cat >ask.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:http';
import ClientOAuth2 from 'client-oauth2';
import * as oauth from 'oauth4webapi';
import simple from 'simple-oauth2';

let sent = '';
const server = createServer((request, response) => {
  request.resume();
  const [, basic] = request.headers.authorization.split(' ');
  sent = Buffer.from(basic, 'base64').toString().split(':')[1];
  response.setHeader('Content-Type', 'application/json');
  response.end('{"access_token":"t","token_type":"Bearer","expires_in":3600}');
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const clients = {
  'simple-oauth2': (secret) => new simple.ClientCredentials({ client: { id: 'shop', secret }, auth: { tokenHost: url } }).getToken({}),
  'client-oauth2': (clientSecret) => new ClientOAuth2({ clientId: 'shop', clientSecret, accessTokenUri: url }).credentials.getToken(),
  oauth4webapi: (secret) =>
    oauth.clientCredentialsGrantRequest(
      { issuer: url, token_endpoint: url },
      { client_id: 'shop' },
      oauth.ClientSecretBasic(secret),
      {},
      { [oauth.allowInsecureRequests]: true },
    ),
};
for (const [name, ask] of Object.entries(clients)) {
  const seen = [];
  for (const secret of ['a-b_c', 'a+b/c=']) {
    await ask(secret);
    seen.push(sent);
  }
  console.log(`${name}: ${seen.join(' ')}`);
}
server.close();
server.closeAllConnections();
JS
cat >ask.py <<'PYTHON'
from base64 import b64decode
from types import SimpleNamespace

from authlib.oauth2.auth import encode_client_secret_basic

seen = []
for secret in ("a-b_c", "a+b/c="):
    client = SimpleNamespace(client_id="shop", client_secret=secret)
    _, headers, _ = encode_client_secret_basic(client, "POST", "/token", {}, "")
    seen.append(b64decode(headers["Authorization"].split()[1]).decode().split(":")[1])
print("Authlib:", *seen)
PYTHON
seen=$(node ask.mjs && venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = "simple-oauth2: a-b_c a%2Bb%2Fc%3D
client-oauth2: a-b_c a+b/c=
oauth4webapi: a%2Db%5Fc a%2Bb%2Fc%3D
Authlib: a-b_c a+b/c=" ]
