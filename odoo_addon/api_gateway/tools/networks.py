"""Makes a short list of addresses and networks from the addresses of callers."""

import ipaddress
from collections import defaultdict

from .narrowing import lines, parse_network

# Hosts of IPv6 change their address within their network every day (RFC 8981).
IPV6_PREFIX = 64
IPV4_PREFIX = 24
# If more callers than this are in such an IPv4 network, the list contains the network instead of their addresses.
MOST_OF_NETWORK = 8


def networks_of(addresses, ip_list):
    """A list of networks and addresses that contain these addresses, limited to what `ip_list` allows (an empty one
    allows all). The list is empty if `ip_list` allows none of the addresses. Texts that are not addresses are left
    out."""
    allowed = [parse_network(entry) for entry in lines(ip_list)]
    near = defaultdict(set)
    for text in addresses:
        try:
            address = parse_network(text).network_address
        except ValueError:
            continue
        prefix = IPV6_PREFIX if address.version == 6 else IPV4_PREFIX
        near[ipaddress.ip_network((address, prefix), strict=False)].add(address)
    found = set()
    for network, callers in near.items():
        if network.version == 6 or len(callers) > MOST_OF_NETWORK:
            found.update(_within(network, callers, allowed))
        else:
            found.update(
                part for caller in callers for part in _within(ipaddress.ip_network(caller), [caller], allowed)
            )
    ordered = sorted(found, key=lambda network: (network.version, network))
    return [str(network.network_address if network.num_addresses == 1 else network) for network in ordered]


def _within(network, callers, allowed):
    """The parts of a network that are allowed and contain these callers."""
    if not allowed or any(network.version == entry.version and network.subnet_of(entry) for entry in allowed):
        return [network]
    return [entry for entry in allowed if any(caller in entry for caller in callers)]
