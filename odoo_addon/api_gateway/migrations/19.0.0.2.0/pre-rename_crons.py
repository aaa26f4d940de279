"""Crons are `noupdate`, which keeps an administrator's interval. Therefore a module update does not rename them, and
this script does."""

RENAMED = {
    "ir_cron_tidy": ("ir_cron_clean_channel", "model._cron_clean()"),
    "cron_tokens": ("ir_cron_clean_tokens", "model._cron_clean()"),
    "ir_cron_throttles": ("ir_cron_clean_throttles", "model._cron_clean()"),
    "ir_cron_log_retention": ("ir_cron_clean_log", "model._cron_clean()"),
    "gateway_webhook_clean_up_cron": ("ir_cron_clean_webhooks", "model._cron_clean()"),
    "gateway_webhook_take_over_cron": ("ir_cron_take_over_webhooks", "model._cron_take_over()"),
}


def migrate(cr, version):
    for old, (new, code) in RENAMED.items():
        cr.execute(
            """
            update ir_act_server set code = %s
            where id in (
              select c.ir_actions_server_id from ir_cron c
              join ir_model_data d on d.model = 'ir.cron' and d.res_id = c.id
              where d.module = 'api_gateway' and d.name = %s
            )
            """,
            (code, old),
        )
        for suffix in ("", "_ir_actions_server"):
            cr.execute(
                "update ir_model_data set name = %s, noupdate = true where module = 'api_gateway' and name = %s",
                (new + suffix, old + suffix),
            )
