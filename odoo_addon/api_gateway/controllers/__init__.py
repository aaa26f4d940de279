from . import consent, execute, web
