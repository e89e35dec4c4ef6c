"""Which libraries are there, found out without importing them."""

from importlib.util import find_spec

from distill.errors import ConfigError


def installed(*names: str) -> bool:
    """Return whether all packages of these names can be imported.

    >>> installed("json"), installed("json", "no_such_package")
    (True, False)
    """
    try:
        return all(find_spec(name) is not None for name in names)
    except ImportError:
        return False


def refuse_missing(what: str, *names: str, extra: str = "") -> None:
    """Refuse to do what takes packages that are not installed.

    Args:
        what: what takes them, such as ``reading Parquet``.
        names: of the packages.
        extra: the extra of this package that brings them; empty where the package alone does.

    Raises:
        ConfigError: one of them is missing.
    """
    if missing := [name for name in names if not installed(name)]:
        one = len(missing) == 1
        package = f"'distill[{extra}]'" if extra else "distill"
        raise ConfigError(
            f"{what} takes {' and '.join(missing)}, which {'is' if one else 'are'} not installed: "
            f"pip install {package} brings {'it' if one else 'them'}"
        )
