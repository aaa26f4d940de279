"""The client of openapi-python-client creates, reads, changes and deletes a record."""

import json
import os

from gateway.api.res_partner import (
    res_partner_create,
    res_partner_delete,
    res_partner_list,
    res_partner_patch,
    res_partner_read,
)
from gateway.client import AuthenticatedClient
from gateway.models import AnyValues, ResPartner, ResPartnerListCount, ResPartnerNew, ResPartnerValues

client = AuthenticatedClient(base_url=os.environ["GATEWAY"], token=os.environ["KEY"])

values = ResPartnerNew.from_dict({"name": "Generated Client", "email": "py@example.com", "comment": None})
record = res_partner_create.sync(client=client, body=values).data
assert isinstance(record, ResPartner)
changes = ResPartnerValues(phone="+32 2 290 34 90", country_id=None, child_ids=[AnyValues.from_dict({"name": "Child"})])
res_partner_patch.sync(record.id, client=client, body=changes)
read = res_partner_read.sync(record.id, client=client, fields="name,phone,country_id,child_ids").data
domain = json.dumps([["email", "=", "py@example.com"]])
listed = res_partner_list.sync(client=client, domain=domain, count=ResPartnerListCount.EXACT)
res_partner_delete.sync(record.id, client=client)
gone = res_partner_read.sync_detailed(record.id, client=client).status_code

result = {"name": read.name, "phone": read.phone, "country": read.country_id, "children": len(read.child_ids)}
print(json.dumps({**result, "total": listed.meta.total, "gone": int(gone)}))
