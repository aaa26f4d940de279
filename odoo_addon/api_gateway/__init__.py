from . import controllers, executor, models
from .hooks import uninstall_hook
