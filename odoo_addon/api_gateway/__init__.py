from . import controllers, executor, models, wizards
from .hooks import uninstall_hook
