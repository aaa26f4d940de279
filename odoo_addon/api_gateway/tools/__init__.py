from . import narrowing
