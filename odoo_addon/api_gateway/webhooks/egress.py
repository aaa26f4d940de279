"""Decides which addresses a webhook may not connect to. The rules are the same as in sidecar/src/webhooks/egress.ts."""

import ipaddress

# From IANA's special-purpose registries: addresses that are not public hosts of the Internet.
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
# IPv6 addresses outside this network are local, multicast, or contain an IPv4 address.
GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")


class EgressError(OSError):
    """Raised when webhooks may not connect to an address."""


def refusal(text, allowed):
    """The reason why an address is refused, or None. `allowed`: networks allowed by the settings."""
    address = ipaddress.ip_address(text.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address.version == network.version and address in network for network in allowed):
        return None
    special = any(address.version == network.version and address in network for network in SPECIAL)
    if special or (address.version == 6 and address not in GLOBAL_IPV6):
        return f"{address} is not a public address. Settings → Webhooks can allow it."
    return None


def parse_allowed(entries):
    """Networks from the setting `webhook.egress_allow`; other entries are ignored."""
    networks = []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            continue
    return networks
