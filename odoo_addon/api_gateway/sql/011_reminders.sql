-- How many days before its end the user of one of Odoo's own API keys was last reminded. (Odoo's table has no room for
-- it, and gateway keys and clients carry it themselves.)
create table gateway.odoo_key_reminder (
  key_id bigint primary key,
  days integer not null
);
