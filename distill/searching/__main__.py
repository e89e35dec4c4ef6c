"""One of the workers of a search, in a process of its own, as ``distill.searching.crew`` starts it."""

import logging
import sys
from pathlib import Path

from distill.base import parent, signals


def main() -> None:
    """Make trials of the search in the folder that is given until there are enough, or the one who asked is gone."""
    parent.end_with_the_parent(if_stopped=False)
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    logging.getLogger("distill").setLevel(logging.INFO)
    from omegaconf import OmegaConf  # all that follows takes seconds, in which the parent may end already

    from distill.config.compose import typed
    from distill.config.search import SearchConfig
    from distill.errors import DistillError
    from distill.searching.conduct import SETTINGS, ready
    from distill.searching.crew import logged_into
    from distill.searching.worker import work

    log = logging.getLogger("distill.search")
    with logged_into(folder / f"worker{number}.log"):
        try:
            with signals.heeded():
                config = typed(OmegaConf.load(folder / SETTINGS), SearchConfig)  # type: ignore[arg-type]
                work(ready(config), number)
        except signals.Interrupted as stop:
            sys.exit(stop.code)  # the parent says what there is to say
        except DistillError as error:
            log.error("worker %d: %s", number, error)
            sys.exit(2)


if __name__ == "__main__":
    main()
