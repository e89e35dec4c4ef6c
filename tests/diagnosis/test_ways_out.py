"""The doctor parts what is wrong from the way out, and leaves signs and commands whole."""

import pytest

from distill.diagnosis.checks import failure


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("FILE is no file", "give another with data.path=FILE"),
        ("row 1 has no text (2 in train; 3 in test)", "leave them out with data.on_bad=drop"),
        ("fields are separated by ; or a tab: call it .csv", ""),
        ("a column ; is no label", "name it by data.columns.label=NAME"),
        (
            "train.de and train.en are two sides",
            "write them as one, by: (printf 'source\\ttarget\\n'; paste train.de train.en) > train.tsv",
        ),
        ("DIR has folders", 'write a table, by: python -c "import json; print(json.dumps(1))" > train.jsonl'),
        ("it is wrong", ""),
    ],
)
def test_the_last_part_of_a_sentence_is_the_way_out(said, fix):
    finding = failure("data", f"{said}; {fix}" if fix else said)
    assert (finding.said, finding.fix) == (said, fix)
