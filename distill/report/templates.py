"""Fill in the pages of every room alike: what stands in them is escaped, and they begin with one head."""

import jinja2

from distill.base.terminal_text import plain


def environment(room: str) -> jinja2.Environment:
    """Return what fills in the templates of a room of the package, which may include those of ``report``.

    Args:
        room: the name of a folder of the package.
    """
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("distill", name) for name in (room, "report")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )


def _plain(value: object) -> object:
    """Return a value of a template with its control characters escaped."""
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
