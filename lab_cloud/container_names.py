"""Names for containers that were given none, in the form of Docker's: an adjective and a noun."""

import random
from collections.abc import Collection

_ADJECTIVES = "amber brave bright calm clever eager gentle happy kind lively lucky merry patient proud quick quiet"
_NOUNS = "badger bridge canal comet crane falcon harbour heron island lantern meadow otter river robin sail valley"


def new_name(taken: Collection[str]) -> str:
    """A name that is not taken.

    Parameters
    ----------
    taken : collection of str
        The names that are in use.
    """
    names = [f"{adjective}_{noun}" for adjective in _ADJECTIVES.split() for noun in _NOUNS.split()]
    random.shuffle(names)
    free = next((name for name in names if name not in taken), None)
    number = 2
    while free is None:
        free = next((each for name in names if (each := f"{name}{number}") not in taken), None)
        number += 1
    return free
