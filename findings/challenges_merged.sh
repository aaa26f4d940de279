#!/bin/sh
# One WWW-Authenticate header may carry several challenges, and a comma separates both challenges and parameters (RFC 9110,
# section 11.6.1). Three npm parsers merge them: http-auth-utils gives the Basic challenge the realm of Bearer, auth-header gives
# it both realms and the token "Bearer", and www-authenticate names a parameter "Bearer realm". http-auth-utils also refuses
# parameters that it does not know, such as resource_metadata, where RFC 9728 puts the address of the metadata. PyPI's
# www-authenticate reads both headers correctly.
#
# Versions: auth-header 1.0.0, http-auth-utils 6.0.1, www-authenticate 0.6.3 (npm), www-authenticate 0.9.2 (PyPI), Python 3.11, Node 20
# Seen, for Basic realm="staff", Bearer realm="agents" and for Bearer resource_metadata="https://example.com/m":
#   auth-header: Basic {"realm":["staff","agents"]} Bearer; Bearer {"resource_metadata":"https://example.com/m"}
#   http-auth-utils: Basic {"realm":"agents"}; refused
#   www-authenticate: Basic {"realm":"staff","Bearer realm":"agents"}; Bearer {"resource_metadata":"https://example.com/m"}
#   PyPI's www-authenticate: basic {'realm': 'staff'} bearer {'realm': 'agents'}; bearer {'resource_metadata': 'https://example.com/m'}
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent auth-header@1.0.0 http-auth-utils@6.0.1 www-authenticate@0.6.3 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet www-authenticate==0.9.2
cat >ask.mjs <<'JS'
import { parse } from 'auth-header';
import { parseWWWAuthenticateHeader } from 'http-auth-utils';
import www from 'www-authenticate';

function show(name, read) {
  const seen = process.argv.slice(2).map((header) => {
    try {
      return read(header).join(' ');
    } catch {
      return 'refused';
    }
  });
  console.log(`${name}: ${seen.join('; ')}`);
}
show('auth-header', (header) => {
  const { scheme, params, token } = parse(header);
  return [scheme, JSON.stringify(params), ...(token === null ? [] : [token])];
});
show('http-auth-utils', (header) => {
  const { type, data } = parseWWWAuthenticateHeader(header);
  return [type, JSON.stringify(data)];
});
show('www-authenticate', (header) => {
  const { scheme, parms } = new www.parsers.WWW_Authenticate(header);
  return [scheme, JSON.stringify(parms)];
});
JS
cat >ask.py <<'PYTHON'
import sys

from www_authenticate import parse

seen = [" ".join(f"{scheme} {dict(found)}" for scheme, found in parse(header).items()) for header in sys.argv[1:]]
print("PyPI's www-authenticate:", "; ".join(seen))
PYTHON
ask() {
  "$@" 'Basic realm="staff", Bearer realm="agents"' 'Bearer resource_metadata="https://example.com/m"'
}
seen=$(ask node ask.mjs && ask venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = "auth-header: Basic {\"realm\":[\"staff\",\"agents\"]} Bearer; Bearer {\"resource_metadata\":\"https://example.com/m\"}
http-auth-utils: Basic {\"realm\":\"agents\"}; refused
www-authenticate: Basic {\"realm\":\"staff\",\"Bearer realm\":\"agents\"}; Bearer {\"resource_metadata\":\"https://example.com/m\"}
PyPI's www-authenticate: basic {'realm': 'staff'} bearer {'realm': 'agents'}; bearer {'resource_metadata': 'https://example.com/m'}" ]
