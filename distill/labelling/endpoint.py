"""Where an endpoint is and the key to it: from the environment alone, and never written anywhere."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from distill.errors import ConfigError

_URL, _KEY = "OPENAI_BASE_URL", "OPENAI_API_KEY"
_USUAL = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that speaks OpenAI's protocol; neither attribute is shown where the object is.

    Attributes:
        url: in front of ``/chat/completions``.
        key: is sent as a bearer token; empty sends none.
    """

    url: str = field(repr=False)
    key: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def redacted(self, text: str) -> str:
        """Return what a server says without the key and the address, which it may repeat."""
        for secret in filter(None, (self.key, self.url, urlsplit(self.url).netloc)):
            text = text.replace(secret, "***")
        return text


def from_environment(environment: Mapping[str, str] = os.environ) -> Endpoint:
    """Return the endpoint that ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` name.

    Raises:
        ConfigError: the address is none, or there is no key for the usual one.
    """
    url, key = environment.get(_URL, "").strip().rstrip("/"), environment.get(_KEY, "").strip()
    if not url and not key:
        raise ConfigError(
            f"labeller=openai: the environment has neither {_KEY} nor {_URL}; give the key, or the address of a server "
            "that asks for none, such as http://127.0.0.1:8000/v1"
        )
    if url and not _is_address(url):
        raise ConfigError(f"{_URL}: is no address of the form http://HOST:PORT/v1 or https://HOST/v1")
    if not key.isascii() or not key.isprintable():
        raise ConfigError(f"{_KEY}: has characters that no key can have")
    return Endpoint(url or _USUAL, key)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
