"""Find out at the start whether all ranks see one store, and not a folder of the same name on each machine."""

import os
import secrets
import socket
import time
from pathlib import Path

from distill.base import signals
from distill.distributed.processes import Ranks
from distill.errors import StoreError

SEEN_WITHIN = 60.0
"""Seconds that a file system may take to show what another machine has written; NFS keeps what it knows as long."""
_LOOK = 0.1
"""Seconds from one look to the next."""


def refuse_separate_stores(root: Path, ranks: Ranks, within: float = SEEN_WITHIN) -> None:
    """Refuse a run of which a rank does not see what the first one writes into the store.

    Of a store that cannot be written nothing is said here: either all is finished in it, or the first stage tells.

    Args:
        root: folder of the store, as this rank names it.
        ranks: this process among all.
        within: seconds for which a rank looks.

    Raises:
        StoreError: one does not, so that stages that the first rank finishes would never reach it.
    """
    if ranks.world == 1:
        return
    token, place = ranks.agree((_written(root) if ranks.rank == 0 else None, _place(root)))
    if token is None:
        return
    places = ranks.every(None if _seen(root / ".locks" / token, within) else _place(root))
    if ranks.rank == 0:
        (root / ".locks" / token).unlink(missing_ok=True)
    ranks.heed()
    blind = [(rank, where) for rank, where in enumerate(places) if where is not None]
    if blind:
        rank, where = blind[0]
        raise StoreError(
            f"rank {rank} of {ranks.world} looks for the store in {where}, and does not find there what rank 0 has "
            f"written in {place}: give a folder that is the same one on all machines as store=FOLDER"
        )


def _place(root: Path) -> str:
    return f"{root.absolute()} on {socket.gethostname()}"


def _written(root: Path) -> str | None:
    """Write an empty file of a new name into the store; return its name, none where the store takes none."""
    path = root / ".locks" / f"seen-by-all-{secrets.token_hex(8)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return None
    return path.name


def _seen(path: Path, within: float) -> bool:
    """Look for a file, for a while; reading its folder makes a shared file system ask its server again."""
    until = time.monotonic() + within
    while time.monotonic() < until and signals.pending() is None:
        try:
            if path.name in os.listdir(path.parent):
                return True
        except OSError:
            pass  # the folder may be as new as the file
        time.sleep(_LOOK)
    return path.exists()
