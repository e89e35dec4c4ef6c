"""Which libraries are there, found out without importing them."""

from importlib.util import find_spec


def installed(*names: str) -> bool:
    """Return whether all packages of these names can be imported.

    >>> installed("json"), installed("json", "no_such_package")
    (True, False)
    """
    try:
        return all(find_spec(name) is not None for name in names)
    except ImportError:
        return False
