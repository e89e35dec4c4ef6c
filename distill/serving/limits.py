"""What a server takes from its clients, and how long it waits for them and lets them wait."""

from dataclasses import dataclass, field

from distill.base.setting_rules import FRACTION, Rule, allowed

_MOST = 10**9
_LONGEST = 24 * 60 * 60
_FROM_ONE: Rule = (lambda value: 1 <= value <= _MOST), f"a whole number from 1 to {_MOST}"
_SECONDS: Rule = (lambda value: 0 < value <= _LONGEST), f"a number above 0, up to {_LONGEST} (a day)"
_MILLISECONDS: Rule = (lambda value: 0 <= value <= 1000 * _LONGEST), f"a number from 0 to {1000 * _LONGEST} (a day)"


@dataclass
class Limits:
    """What a server takes from its clients, and how long it waits for them and lets them wait.

    Each is a setting of the command as well, of the same name.
    """

    max_wait_ms: float = field(default=2.0, metadata=allowed(_MILLISECONDS))
    """Milliseconds that a text waits for others to be read together with, as long as texts come in crowds; 0: none."""
    batch_tokens: int = field(default=4096, metadata=allowed(_FROM_ONE))
    """Tokens that are read at once, padding counted; a text of more is read alone, and with 1 every text is."""
    max_padding: float = field(default=0.1, metadata=allowed(FRACTION))
    """Share of the tokens that are read at once that may be padding: texts of unlike lengths go apart."""
    max_waiting: int = field(default=512, metadata=allowed(_FROM_ONE))
    """Texts (examples) that may wait for their answers; more are refused with 429, and no request may have more."""
    max_texts: int = field(default=64, metadata=allowed(_FROM_ONE))
    """Examples of one request."""
    max_characters: int = field(default=20_000, metadata=allowed(_FROM_ONE))
    """Characters of one example, of all its inputs together."""
    max_tokens: int = field(default=16_384, metadata=allowed(_FROM_ONE))
    """Tokens of one request, those of all windows of its texts."""
    max_body_bytes: int = field(default=1_048_576, metadata=allowed(_FROM_ONE))
    """Bytes of a request's body; more is refused with 413."""
    max_connections: int = field(default=1_000, metadata=allowed(_FROM_ONE))
    """Connections at once; further ones are refused with 503."""
    read_timeout: float = field(default=10.0, metadata=allowed(_SECONDS))
    """Seconds within which a request has to have come as a whole; one that is slower is refused with 408."""
    request_timeout: float = field(default=30.0, metadata=allowed(_SECONDS))
    """Seconds within which a request is answered; then it is given up with 503."""
