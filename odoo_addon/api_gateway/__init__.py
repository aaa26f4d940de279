from . import access, controllers, executor, models, wizards
from .hooks import uninstall_hook
