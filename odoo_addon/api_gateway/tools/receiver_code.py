"""How receivers of webhooks check the signature (docs/events.md), with only the standard library of each language.

Each function takes the secret (`whsec_…`), the headers and the body as it arrived, and returns whether the request is
genuine. `npm run soak -- receiver_code` runs them all.
"""

RECEIVERS = {
    "JavaScript": """\
import { createHmac, timingSafeEqual } from 'node:crypto';

export function isGenuine(secret, headers, body) {
  const [id, time] = [headers['webhook-id'], headers['webhook-timestamp']];
  if (!(Math.abs(Date.now() / 1000 - Number(time)) < 300)) return false;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = Buffer.from('v1,' + createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64'));
  return headers['webhook-signature'].split(' ').some((given) => {
    const bytes = Buffer.from(given);
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}
""",
    "Python": """\
import base64, hashlib, hmac, time

def is_genuine(secret, headers, body):
    id_, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id_}.{at}.".encode() + body, hashlib.sha256).digest()  # body: bytes
    expected = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(given, expected) for given in headers["webhook-signature"].split())
""",
    "PHP": """\
function is_genuine(string $secret, array $headers, string $body): bool {
    $headers = array_change_key_case($headers); // of getallheaders()
    [$id, $time] = [$headers['webhook-id'], $headers['webhook-timestamp']];
    if (abs(time() - (int) $time) > 300) return false;
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    foreach (explode(' ', $headers['webhook-signature']) as $given) {
        if (hash_equals($expected, $given)) return true;
    }
    return false;
}
""",
    "Go": """\
func isGenuine(secret string, headers http.Header, body []byte) bool {
\tid, at := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
\tseconds, err := strconv.ParseInt(at, 10, 64)
\tif err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
\t\treturn false
\t}
\tkey, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
\tmac := hmac.New(sha256.New, key)
\tfmt.Fprintf(mac, "%s.%s.%s", id, at, body)
\texpected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
\tfor _, given := range strings.Fields(headers.Get("webhook-signature")) {
\t\tif hmac.Equal([]byte(given), []byte(expected)) {
\t\t\treturn true
\t\t}
\t}
\treturn false
}
""",
    "Java": """\
// isGenuine(secret, request::getHeader, body)
static boolean isGenuine(String secret, UnaryOperator<String> header, byte[] body) throws Exception {
    String id = header.apply("webhook-id"), time = header.apply("webhook-timestamp");
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(time)) > 300) return false;
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
    mac.update((id + "." + time + ".").getBytes());
    byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes();
    return Arrays.stream(header.apply("webhook-signature").split(" "))
        .anyMatch(given -> MessageDigest.isEqual(given.getBytes(), expected));
}
""",
}
