"""The groups of the report's table come in the order of what they are made of."""

import pytest

from distill.metrics.examples import by_group
from distill.tasks import task

LENGTHS = (250, 1, 120, 30, 4, 10, 60, 9, 2, 15, 3, 200, 8, 49, 100, 5)
ROWS = {
    "translation": {"source": ["a " * length for length in LENGTHS]},
    "summarization": {"source": ["a " * length for length in LENGTHS]},
    "translation of Chinese": {"source": ["\u597d" * length for length in LENGTHS]},
    "summarization of Chinese": {"source": ["\u597d" * length for length in LENGTHS]},
    "dialogue": {"history": [["a"] * length for length in LENGTHS]},
    "regression": {"label": [-0.75, 0.5, -1.0, 0.125, 1.0, 0.25, -0.125]},
    "regression of small scores": {"label": [0.0, 4e-5, 1e-5, 9e-5, 1e-4, 5e-5]},
}


@pytest.mark.parametrize("name", ROWS)
def test_groups_are_ordered_by_size(name):
    rows = ROWS[name]
    (values,) = rows.values()
    sizes = [value if isinstance(value, float) else len(value) for value in values]
    groups = task(name.split()[0]).groups(rows)
    ordered = [group for _, group in sorted(zip(sizes, groups, strict=True))]
    assert len(set(groups)) >= 3
    assert list(by_group(groups, len(groups), lambda _: {})) == list(dict.fromkeys(ordered))
