from . import execute
