"""Where a webhook may not connect to. The same rules as sidecar/src/webhooks/egress.ts."""

import ipaddress
import socket
import threading
from contextlib import suppress

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

# IANA's special-purpose registries: what is not a public host of the Internet.
SPECIAL = [
    ipaddress.ip_network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    ]
]
# All other IPv6 is local, multicast, or carries an IPv4 address in disguise.
GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")


class EgressRefused(requests.exceptions.ConnectionError):
    """The address is not one that webhooks may reach."""


def refusal(text, allowed):
    """Why an address is refused, or None. `allowed`: networks that the settings open."""
    address = ipaddress.ip_address(text.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address.version == network.version and address in network for network in allowed):
        return None
    special = any(address.version == network.version and address in network for network in SPECIAL)
    if special or (address.version == 6 and address not in GLOBAL_IPV6):
        return f"{address} is not a public address. Settings → Webhooks can allow it."
    return None


def parse_allowed(entries):
    """Networks from the setting `webhook.egress_allow`; what is none is left out."""
    networks = []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            continue
    return networks


def guarded_session(allowed, timeout_s):
    """A session of `requests` whose connections go to allowed addresses alone and end after `timeout_s`. The address
    that was checked is the one connected to, so DNS cannot switch in between."""

    def connect(connection):
        refused = None
        for family, kind, protocol, _, address in socket.getaddrinfo(
            connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM
        ):
            refused = refusal(address[0], allowed)
            if refused:
                continue
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(timeout_s)
            try:
                sock.connect(address)
            except OSError:
                sock.close()
                raise
            # A receiver that answers byte by byte would stretch the time that each read may take.
            timer = threading.Timer(timeout_s, _end, [sock])
            timer.daemon = True
            timer.start()
            return sock
        raise EgressRefused(refused or f"{connection.host} has no address.")

    class GuardedHTTPConnection(HTTPConnection):
        _new_conn = connect

    class GuardedHTTPSConnection(HTTPSConnection):
        _new_conn = connect

    class GuardedHTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTPConnection

    class GuardedHTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPSConnection

    class GuardedAdapter(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False, **kwargs):
            self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}

    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc of this machine
    session.mount("http://", GuardedAdapter())
    session.mount("https://", GuardedAdapter())
    return session


def _end(sock):
    with suppress(OSError):  # it has ended already
        sock.shutdown(socket.SHUT_RDWR)
