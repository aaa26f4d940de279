"""What type checkers must accept and refuse, over types that were pulled from a real instance. Checked by mypy in
test/http/client.test.ts, where each `type: ignore` must be needed; then run against that instance."""

import json
import os
import time
from typing import List, Optional

from odoo_gateway import Gateway, GatewayError, Link, ResPartnerCreate, ResPartnerRow, SaleOrderRow


def checks(gateway: Gateway) -> None:
    orders = gateway.sale_order
    rows: List[SaleOrderRow] = orders.search(fields=["name", "state"], filter={"state": "sale"}).data
    name: str = rows[0]["name"]
    customer: Link = rows[0]["partner_id"]
    user: Optional[Link] = rows[0]["user_id"]
    lines: List[int] = rows[0]["order_line"]
    total: float = rows[0]["amount_total"]
    print(name, customer, user, lines, total)
    gateway.sale_orders  # type: ignore[attr-defined]
    orders.search(fields=["nme"])  # type: ignore[list-item]
    orders.search(field=["name"])  # type: ignore[call-arg]
    rows[0]["nme"]  # type: ignore[typeddict-item]
    wrong: str = rows[0]["amount_total"]  # type: ignore[assignment]
    state: str = rows[0]["state"]  # type: ignore[assignment]
    print(wrong, state, rows[0]["state"] == "sale")
    orders.create({"partner_id": 7, "order_line": [{"product_id": 1}], "note": None})
    orders.create({"note": "x"})  # type: ignore[typeddict-item]
    orders.create({"partner_id": 7, "nme": "x"})  # type: ignore[typeddict-unknown-key]
    orders.create({"partner_id": "Azure"})  # type: ignore[typeddict-item]
    orders.update(7, {"note": "x"})
    orders.update(7, {"state": "sale"})  # type: ignore[typeddict-unknown-key]
    gateway.res_partner.update(7, {"type": "somewhere"})  # type: ignore[typeddict-item]
    orders.get("7")  # type: ignore[arg-type]
    orders.untyped.search(fields=["partner_id.name"]).data[0]["partner_id"]["name"]


def run(gateway: Gateway) -> None:
    partners = gateway.res_partner
    values: ResPartnerCreate = {"name": 'Py "thon", & Co', "is_company": True, "city": "Gent"}
    made = partners.create_many([values, values])
    ids = [record["id"] for record in made.data]
    found = partners.search(filter={"id": {"in": ids}, "name": {"in": [values["name"] or ""]}, "is_company": True}, order="id")
    row: ResPartnerRow = found.data[0]
    pages = [page.data for page in partners.pages(fields=["name"], filter={"id": {"in": ids}}, limit=1)]
    tried = partners.update(ids[0], {"city": "Lyon"}, dry_run=True).meta["dry_run"]["differences"]
    partners.update(ids[0], {"city": "Lyon"})
    groups = partners.aggregate(group=["city"], filter={"id": {"in": ids}}, order="city")
    linked = partners.untyped.search(fields=["name", "company_id.name"], domain=[["id", "=", ids[0]]])
    key = f"py{time.time()}"
    created = [partners.upsert("ref", key, {"name": "By key"}).meta["created"] for _ in range(2)]
    ids += [record["id"] for record in partners.search(filter={"ref": key}).data]
    called = partners.call("name_search", kwargs={"name": "By key", "limit": 1})
    for id in ids:
        partners.remove(id)
    reason = ""
    try:
        partners.get(ids[0])
    except GatewayError as error:
        reason = error.reason
    report = {
        "city": row["city"],
        "pages": [len(page) for page in pages],
        "tried": tried[0]["after"]["city"],
        "groups": [(group["city"], group["__count"]) for group in groups.data],
        "linked": sorted(linked.data[0]),
        "created": created,
        "called": len(called.data),
        "reason": reason,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    run(Gateway(os.environ["GATEWAY"], os.environ["GATEWAY_KEY"]))
