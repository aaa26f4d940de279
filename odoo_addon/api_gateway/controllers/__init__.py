from . import execute, web
