import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from odoo import api, models
from odoo.modules import get_manifest
from odoo.tools import SQL

from ..hooks import PUBLIC_PRIVILEGES

SQL_FOLDER = Path(__file__).parent.parent / "sql"
FILE_NAME = re.compile(r"(\d{3})_(\w+)\.sql")


class Migration(NamedTuple):
    number: int
    name: str
    statements: str

    @property
    def checksum(self):
        return hashlib.sha256(self.statements.encode()).hexdigest()


class GatewaySchema(models.AbstractModel):
    """Brings the `gateway` schema up to date with `sql/`, at install and at every upgrade."""

    _name = "gateway.schema"
    _description = "API Gateway Schema"

    def init(self):
        # Runs after all models of the module have been created, because triggers need Odoo's tables.
        self.pool.post_init(self._migrate)

    @api.model
    def _migrations(self):
        return [
            Migration(int(match[1]), match[2], path.read_text(encoding="utf-8"))
            for path in sorted(SQL_FOLDER.iterdir())
            if (match := FILE_NAME.fullmatch(path.name))
        ]

    @api.model
    def _make_schema(self):
        """Creates the schema, and records PUBLIC's rights on the database. `grant_to` revokes these rights, and
        uninstalling the addon restores them."""
        cr = self.env.cr
        cr.execute("select to_regnamespace('gateway')")
        if cr.fetchone()[0]:
            return
        cr.execute(PUBLIC_PRIVILEGES)
        [note] = cr.fetchone()
        cr.execute(SQL("create schema gateway; comment on schema gateway is %s", note))

    @api.model
    def _migrate(self):
        """Applies the migrations that are missing, in Odoo's own transaction: if one file fails, nothing has changed.
        There is no way back to an earlier migration."""
        cr = self.env.cr
        self._make_schema()
        cr.execute(
            """
            create table if not exists gateway.migration (
              number integer primary key,
              name text not null,
              checksum text not null,
              applied_at timestamp not null default (now() at time zone 'utc')
            );
            select number, checksum from gateway.migration
            """
        )
        applied = dict(cr.fetchall())
        migrations = self._migrations()
        if newer := applied.keys() - {migration.number for migration in migrations}:
            raise RuntimeError(
                f"The gateway schema of this database has migration {max(newer)}, which this version of the addon "
                "does not know. Upgrade the addon."
            )
        for migration in migrations:
            checksum = applied.get(migration.number)
            if checksum is None:
                cr.execute(migration.statements)
                cr.execute(
                    "insert into gateway.migration (number, name, checksum) values (%s, %s, %s)",
                    (migration.number, migration.name, migration.checksum),
                )
            elif checksum != migration.checksum:
                raise RuntimeError(
                    f"sql/{migration.number:03d}_{migration.name}.sql was changed after this database applied it. "
                    "Migrations only go forward: restore the file and add a new one."
                )
        # New tables and functions have no grants yet. A role may be missing if the database was copied from another
        # cluster.
        cr.execute(
            """
            select gateway.grant_to(g.role)
            from gateway.grantee g
            where exists (select from pg_roles r where r.rolname = g.role)
            """
        )
        self._note_version()

    def _note_version(self):
        """Notes an installation or upgrade for the dashboard."""
        self.env.cr.execute(
            """
            insert into gateway.event (kind, subject)
            select 'upgraded', %(version)s
            where %(version)s is distinct from (
              select subject from gateway.event where kind = 'upgraded' order by id desc limit 1)
            """,
            {"version": get_manifest("api_gateway")["version"]},
        )
