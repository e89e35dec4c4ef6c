"""Whether the Hugging Face hub answers, decided before its libraries wait half a minute for it."""

import os
import sys
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from distill.base.network import is_reachable
from distill.errors import DataError

_ENDPOINT = "https://huggingface.co"


def reachable(seconds: float = 3.0) -> bool:
    """Return whether the hub may be asked; where not, make its libraries look into their caches only."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    host, port = _target()
    answered = is_reachable(host, port, seconds)
    if not answered:
        _stay_offline()
    return answered


def reachable_for(model: str) -> None:
    """Decide in seconds, where a model is no folder here, what the hub's library would wait half a minute for."""
    if not os.path.isdir(os.path.expanduser(model)):
        reachable()


def _target() -> tuple[str, int]:
    """Where a request to the hub goes first: to the hub, or to the proxy before it.

    Raises:
        DataError: the environment names no address.
    """
    address = os.environ.get("HF_ENDPOINT") or _ENDPOINT
    try:
        url = urlsplit(address)
        proxy = getproxies().get(url.scheme)
        if proxy and not proxy_bypass(url.hostname or ""):
            address = proxy if "://" in proxy else f"http://{proxy}"
            url = urlsplit(address)
        return url.hostname or "", url.port or (80 if url.scheme == "http" else 443)
    except ValueError as error:
        raise DataError(f"{address}, of HF_ENDPOINT or a proxy, is no address: {error}") from error


def _stay_offline() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    if (hub := sys.modules.get("huggingface_hub.constants")) is not None:
        hub.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
    if (datasets := sys.modules.get("datasets.config")) is not None:
        datasets.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
