"""Tokenizers of two kinds, trained on a few sentences, and ways to say what must be refused."""

import re

import pytest

from distill.data.batching import Place
from distill.errors import DataError
from distill.models.tokenizer_training import train_bytes, train_wordpiece
from distill.tasks.collating import collate

TEXTS = [
    "the tower of Paris was built by engineers in 1889 , and it stands near the river",
    "a committee in Berlin rejected the proposal of the French government on Tuesday",
    "who built the tower , and when was it opened ? nobody in Zürich knows that",
    "she moved from a small village to the capital because of the university there",
]


def _refused(message, error=DataError):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def _batch(features, pad=0, side="right"):
    return collate(features, Place(()), pad_id=pad, teacher_pad_id=pad, side=side)


@pytest.fixture(scope="session")
def refused():
    """A context in which exactly this message must come."""
    return _refused


@pytest.fixture(scope="session")
def batch():
    """A batch of features."""
    return _batch


@pytest.fixture(scope="session")
def wordpiece():
    """As MiniLM's: small letters, without accents."""
    return train_wordpiece(TEXTS, vocab_size=160, max_length=512)


@pytest.fixture(scope="session")
def cased():
    """Word pieces that keep capitals and accents."""
    return train_wordpiece(TEXTS, vocab_size=220, max_length=512, lowercase=False)


@pytest.fixture(scope="session")
def bytelevel():
    """Byte pairs, each sequence with an end token."""
    return train_bytes(TEXTS, vocab_size=330, max_length=512)
