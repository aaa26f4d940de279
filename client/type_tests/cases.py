"""What type checkers must accept and refuse, with types that were pulled from a real instance. Checked by mypy in
test/http/client.test.ts, where each `type: ignore` must be needed; then run against that instance."""

import io
import json
import os
import tempfile
import time
from typing import List, Optional

from odoo_gateway import File, Gateway, GatewayError, Link, ResPartnerCreate, ResPartnerRow, SaleOrderRow


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
    image: File = gateway.res_partner.read_file(7, "image_1920", size=256)
    gateway.res_partner.read_file(7, "image")  # type: ignore[arg-type]
    gateway.res_partner.write_file(7, "image_1920", open("x"))  # type: ignore[arg-type]
    with open("x", "rb") as source, open("y", "wb") as target:
        gateway.res_partner.attach(orders.attach(7, source).data["id"], image.content)
        printed: bytes = orders.print(7, "sale.report_saleorder", to=target).content
    print(printed)


def files(gateway: Gateway) -> List[object]:
    """Sends and receives a file of 3 MB in each possible way."""
    content = bytes(range(256)) * 12_000
    place = os.path.join(tempfile.mkdtemp(), "ü.zip")
    with open(place, "wb") as file:
        file.write(content)
    [partner] = gateway.res_partner.search(limit=1).data
    attachment = gateway.res_partner.attach(partner["id"], place).data["id"]
    attachments = gateway.ir_attachment
    row = attachments.get(attachment, fields=["name", "mimetype", "res_id"]).data
    saved = attachments.read_file(attachment, "raw", to=place)
    with open(place, "rb") as file:
        is_same = file.read() == content
        file.seek(1_000_000)
        attachments.write_file(attachment, "raw", file, filename="part.bin")
    target = io.BytesIO()
    part = attachments.read_file(attachment, "raw", to=target)
    first = attachments.read_file(attachment, "raw", range="bytes=0-3").content
    attachments.remove(attachment)
    [report] = [report for report in gateway.sale_order.reports().data if report["name"] == "sale.report_saleorder"]
    [order] = gateway.sale_order.search(limit=1).data
    page = gateway.sale_order.print(order["id"], report["name"], format="html")
    return [
        [row["name"], row["mimetype"], row["res_id"] == partner["id"]],
        [saved.name, saved.type, saved.size, is_same],
        [part.name, part.size, target.getvalue() == content[1_000_000:], list(first)],
        [page.type, page.content[:15].decode()],
    ]


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
        "files": files(gateway),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    run(Gateway(os.environ["GATEWAY"], os.environ["GATEWAY_KEY"]))
