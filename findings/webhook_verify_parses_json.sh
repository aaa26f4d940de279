#!/bin/sh
# Standard Webhooks signs bytes, whatever they are. `verify` of standardwebhooks, for npm and for Python, parses them as JSON once
# the signature is verified: a correctly signed body that is empty or not JSON raises a JSON error, not the library's own. A
# receiver that catches only WebhookVerificationError does not catch it. svix for Python uses the same scheme, but its `verify`
# returns None for every correctly signed body. npm's `verify` accepts headers only as a plain object: given the Headers of a
# fetch Request, it reports them as missing.
#
# Versions: standardwebhooks 1.0.0 (npm), 1.1.0 (PyPI), svix 2.9.1 (PyPI), Node 20, Python 3.11
# Seen:
#   npm standardwebhooks: JSON parsed, empty SyntaxError, form SyntaxError, Headers WebhookVerificationError Missing required headers
#   PyPI standardwebhooks: JSON parsed, empty JSONDecodeError, form JSONDecodeError
#   PyPI svix: JSON None, empty None, form None
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent standardwebhooks@1.0.0 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet standardwebhooks==1.1.0 svix==2.9.1
cat >ask.cjs <<'JS'
const { Webhook, WebhookVerificationError } = require('standardwebhooks');

const webhook = new Webhook(`whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`);
const verify = (body, Kind) => {
  const now = new Date();
  const headers = {
    'webhook-id': 'message',
    'webhook-timestamp': `${Math.floor(now / 1000)}`,
    'webhook-signature': webhook.sign('message', now, body),
  };
  try {
    webhook.verify(body, Kind ? new Kind(headers) : headers);
    return 'parsed';
  } catch (error) {
    return error instanceof WebhookVerificationError ? `WebhookVerificationError ${error.message}` : error.name;
  }
};
console.log(`npm standardwebhooks: JSON ${verify('{"a":1}')}, empty ${verify('')}, form ${verify('a=1')}, Headers ${verify('{}', Headers)}`);
JS
cat >ask.py <<'PYTHON'
import base64
from datetime import datetime, timezone

import standardwebhooks
import svix

secret = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()
for library in (standardwebhooks, svix):
    webhook, seen = library.Webhook(secret), []
    for name, body in (("JSON", '{"a":1}'), ("empty", ""), ("form", "a=1")):
        now = datetime.now(timezone.utc)
        headers = {
            "webhook-id": "message",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": webhook.sign("message", now, body),
        }
        try:
            answer = webhook.verify(body, headers)
            seen.append(f"{name} {answer and 'parsed'}")
        except Exception as error:
            seen.append(f"{name} {type(error).__name__}")
    print(f"PyPI {library.__name__}: {', '.join(seen)}")
PYTHON
seen=$(node ask.cjs && venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = "npm standardwebhooks: JSON parsed, empty SyntaxError, form SyntaxError, Headers WebhookVerificationError Missing required headers
PyPI standardwebhooks: JSON parsed, empty JSONDecodeError, form JSONDecodeError
PyPI svix: JSON None, empty None, form None" ]
