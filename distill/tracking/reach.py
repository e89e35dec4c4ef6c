"""Find out whether W&B can be reached, without a prompt and without a long wait."""

import logging
import netrc
import os
from urllib.parse import urlsplit

from distill.base.network import is_reachable

log = logging.getLogger(__name__)
_OFFLINE = ("offline", "dryrun")


def wandb_mode(setting: str) -> str:
    """Return online, offline or disabled: what ``auto`` means here, without a prompt and without a long wait."""
    mode = os.environ.get("WANDB_MODE", "auto") if setting == "auto" else setting
    if mode in _OFFLINE or mode == "disabled":
        return "disabled" if mode == "disabled" else "offline"
    url = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai"))
    host = url.hostname or ""
    if _logged_in(host) and is_reachable(host, _port(url.scheme, url.port)):
        return "online"
    if mode == "online":  # asked for in vain, W&B would prompt for a key, or wait for the network
        log.warning("W&B: not logged in, or %s does not answer: the run is tracked offline", host)
    return "offline"


def answers(address: str) -> bool:
    """Return whether the server at an address takes a connection."""
    url = urlsplit(address)
    return is_reachable(url.hostname or "", _port(url.scheme, url.port))


def _port(scheme: str, port: int | None) -> int:
    return port or (80 if scheme == "http" else 443)


def _logged_in(host: str) -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
