"""The secret that signs tokens. The secret itself never appears in a field, a view or a call."""

from odoo import api, models

from ..tools.asker import check_group
from ..tools.own_transaction import in_own_transaction


class GatewaySigningSecret(models.AbstractModel):
    _name = "gateway.signing.secret"
    _description = "Signing Secret of Tokens"

    @api.model
    @api.readonly
    def state(self):
        """Returns `{since, tokens, last_expires_at, old: [{since, until}]}`. Times are in UTC, as ISO 8601 without a
        zone. `since` is null if no token was ever issued."""
        self._check_administrator()
        self.env.cr.execute("select gateway.signing_state()")
        return self.env.cr.fetchone()[0]

    @api.model
    def rotate(self, keep_tokens):
        """Rotates the signing secret. :param bool keep_tokens: existing tokens stay valid until they expire; otherwise
        they end at once :return: the new state, as `state` returns it
        """
        self._check_administrator()
        in_own_transaction(self.env, "select gateway.rotate_signing(%s)", (bool(keep_tokens),))
        [(state,)] = in_own_transaction(self.env, "select gateway.signing_state()")
        return state

    def _check_administrator(self):
        check_group(
            self.env, "base.group_system", self.env._("Only an administrator may view or rotate the signing secret.")
        )
