def uninstall_hook(env):
    """Leave nothing behind: the schema takes its triggers on Odoo's tables with it."""
    env.cr.execute("drop schema if exists gateway cascade")
