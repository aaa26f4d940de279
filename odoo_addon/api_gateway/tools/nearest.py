"""Guesses what a wrong name was meant to be."""

from difflib import get_close_matches

# A longer name is not a typo, and comparing it would cost time.
LONGEST = 64


def nearest(name, known, most=1):
    """The names most like `name`, the nearest first; none if `name` is not a string or is too long."""
    if type(name) is not str or len(name) > LONGEST:
        return []
    return get_close_matches(name, list(known), n=most, cutoff=0.75)


def did_you_mean(names):
    """A sentence to add to an error; empty without names. Errors of the API are in English."""
    return f" Did you mean {names[0]}?" if names else ""
