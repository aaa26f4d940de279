"""The client of openapi-generator's `python` creates, reads, changes and deletes a record."""

import json
import os

from gateway import ApiClient, Configuration, ResPartnerApi, ResPartnerCreateRequest, ResPartnerValues
from gateway.exceptions import NotFoundException

configuration = Configuration(host=os.environ["GATEWAY"], api_key={"ApiKey": os.environ["KEY"]})
api = ResPartnerApi(ApiClient(configuration))

values = ResPartnerValues(name="Generated Client", email="python@example.com", phone="+32 2 290 34 00")
record = api.res_partner_create(ResPartnerCreateRequest(values)).data.actual_instance
api.res_partner_patch(record.id, ResPartnerValues(phone="+32 2 290 34 90"))
read = api.res_partner_read(record.id).data
# It sends `filter` as JSON.
domain = json.dumps([["email", "=", "python@example.com"]])
listed = api.res_partner_list(domain=domain, count="exact")
api.res_partner_delete(record.id)
try:
    api.res_partner_read(record.id)
    gone = 200
except NotFoundException as missing:
    gone = missing.status

print(json.dumps({"name": read.name, "phone": read.phone, "total": listed.meta.total, "gone": gone}))
