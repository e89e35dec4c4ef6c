from collections import Counter

import pytest

from distill.data.embedded import SAMPLES, passages

TEXTS = {"paraphrases": ("text", "pair"), "similarities": ("text", "pair"), "passages": ("context", "question")}


@pytest.fixture(scope="module")
def samples():
    return {name: SAMPLES[name]() for name in TEXTS}


@pytest.mark.parametrize("name", TEXTS)
def test_a_sample_is_the_same_each_time_and_no_example_stands_twice(samples, name):
    again = SAMPLES[name]()
    assert {split: rows[:] for split, rows in samples[name].items()} == {s: rows[:] for s, rows in again.items()}
    examples = [tuple(row[role] for role in TEXTS[name]) for rows in again.values() for row in rows]
    assert len(set(examples)) == len(examples)
    assert set(again) == {"train", "validation", "test"}
    assert len(again["train"]) >= 2000
    assert min(len(again["validation"]), len(again["test"])) >= 300


def test_about_two_thirds_of_the_pairs_say_the_same_in_other_words(samples):
    for rows in samples["paraphrases"].values():
        labels = Counter(rows["label"])
        assert set(labels) == {"0", "1"}
        assert 0.58 < labels["1"] / len(rows) < 0.74
        assert all(text != pair for text, pair in zip(rows["text"], rows["pair"], strict=True))


def test_pairs_that_do_not_say_the_same_share_most_of_their_words(samples):
    def shared(row):
        text, pair = (Counter(row[role].split()) for role in ("text", "pair"))
        return (text & pair).total() / max(text.total(), pair.total())

    shares = {label: [] for label in "01"}
    for row in samples["paraphrases"]["test"]:
        shares[row["label"]].append(shared(row))
    means = {label: sum(each) / len(each) for label, each in shares.items()}
    assert abs(means["0"] - means["1"]) < 0.2, "the number of common words alone must not tell"


def test_scores_lie_between_0_and_5_and_are_spread_out(samples):
    for rows in samples["similarities"].values():
        scores = rows["label"][:]
        assert all(isinstance(score, float) and 0 <= score <= 5 for score in scores)
        assert min(scores) < 1 < 4 < max(scores)


def test_every_answer_stands_where_it_says_and_the_context_holds_other_candidates(samples):
    for split, rows in samples["passages"].items():
        for row in rows:
            answers = row["answers"]
            assert len(answers["text"]) == len(answers["answer_start"]) >= 1
            for text, start in zip(answers["text"], answers["answer_start"], strict=True):
                assert row["context"][start : start + len(text)] == text
        several = [len(each["text"]) > 1 for each in rows["answers"]]
        assert any(several) == (split != "train")
    years = passages._WORDS["wed"].split()
    asked = [row for row in samples["passages"]["test"] if row["question"].startswith(("When", "In what year"))]
    assert sum(sum(year in row["context"] for year in years) >= 2 for row in asked) > len(asked) / 4
