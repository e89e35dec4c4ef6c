"""Do the settings of the data agree with each other?"""

from collections.abc import Iterator

from distill.config.schema import Config


def data(config: Config) -> Iterator[str]:
    """Name each setting of the data that contradicts another."""
    section = config.data
    share = section.holdout_test
    if share is not None and 0 < share < 1 and 0 < section.holdout < 1 and section.holdout + share >= 1:
        yield (
            f"data.holdout_test={share}: allowed is less than 1 - data.holdout={section.holdout}, so that rows are "
            "left to train on"
        )
    if share is not None and section.files.test is not None and "|" not in str(section.files.test):
        yield f"data.holdout_test={share}: data.files.test={section.files.test} is the test; leave one of them out"
    if None not in (section.on_bad, section.drop_bad) and section.drop_bad != (section.on_bad == "drop"):
        other = str(section.drop_bad).lower()
        yield f"data.on_bad={section.on_bad}: contradicts data.drop_bad={other}, its other name; leave one of them out"
