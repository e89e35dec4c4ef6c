"""What is found of the data and its texts before a run."""

from types import SimpleNamespace

from distill.base.findings import OK, WARN
from distill.config.schema import Config
from distill.diagnosis import texts
from distill.pipeline.prepare_data import prepare


def test_what_was_decided_is_told_and_what_was_noticed_and_stays_is_a_warning(tmp_path):
    rows = [f"a text of number {number}\t{'ab'[number % 2]}\n" for number in range(40)]
    for split, some in (("train", rows), ("validation", rows[:10]), ("test", ["another text\ta\n", "one more\tb\n"])):
        (tmp_path / f"{split}.tsv").write_text("text\tlabel\n" + "".join(some), encoding="utf-8")
    config = Config()
    config.data.path = str(tmp_path)
    ready = prepare(config)
    found = [(each.level, each.said) for each in texts.data(SimpleNamespace(ready=(config, ready)))]
    assert found == [
        (OK, ready.summary()),
        (OK, "texts that also occur in train: 10 of 10 in validation"),
        (
            WARN,
            "10 of 40 rows of train are nearly or wholly those of validation or test: left in, since more than a tenth "
            "of train would go; data.near_duplicates=drop leaves them out",
        ),
    ]
