"""The ledger of a labeller in words: each score on gold rows with its interval, and what it cost."""

from distill.report.ledger import lines, pages, verdict

GOLD = {
    "rows": 60, "answered": 50, "unit": "rows", "accuracy": 0.8, "interval": [0.667, 0.888], "confidence": 0.95,
    "by_label": {
        "fees": {"rows": 30, "share": 0.9, "interval": [0.744, 0.965],
                 "said": {"fees": {"rows": 30, "share": 0.9, "interval": [0.744, 0.965]},
                          "loans": {"rows": 30, "share": 0.1, "interval": [0.035, 0.256]}}},
    },
}  # fmt: skip
MODELS = {
    "student": {"value": 0.78, "interval": [0.66, 0.88], "of_labeller": 0.975, "of_labeller_interval": [0.85, 1.1]},
    "labeller": {"value": 0.8, "interval": [0.68, 0.9]},
}


def report(against="accuracy", models=MODELS, **changed):
    """What report.json has of a labeller."""
    compared = {"rows": 50, "metric": against, "mode": "max", "confidence": 0.95, "models": models}
    cost = {"total": 25.0, "recorded": False, "price_per_row": 0.1, "break_even_rows": 250}
    found = {
        "teacher": "teacher", "file": "answers.jsonl", "lines": 250, "answered": 240, "abstained": 6, "unparseable": 3,
        "outside": {"rows": 1, "first": "refnud"}, "for_no_row": 0, "agreement": 0.75, "smoothing": "text",
        "gold": GOLD, "against_labeller": compared, "own_splits": [], "not_scored": None, "cost": cost,
    }  # fmt: skip
    return {"ledger": {**found, **changed}}


def test_each_score_on_the_gold_rows_has_its_interval():
    (said,) = lines(report())
    assert "labeller accuracy 80.00 % on the gold rows (95 % interval 68.0 to 90.0); " in said
    assert (
        "student accuracy 78.00 % on the gold rows (95 % interval 66.0 to 88.0), 97.5 % of the labeller's accuracy "
        "(95 % interval 85.0 to 110.0); "
    ) in said
    assert dict(pages(report())[0].facts)["student"].startswith("accuracy 78.00 % on the gold rows (95 % interval 66.0")


def test_an_error_is_no_share_of_the_labellers_and_its_interval_is_no_percentage():
    models = {"student": {**MODELS["student"], "value": 1.25, "interval": [1.1, 1.5]}, "labeller": MODELS["labeller"]}
    (said,) = lines(report("mse", models))
    assert "student mse 1.25 on the gold rows (95 % interval 1.100 to 1.500); " in said
    assert "of the labeller's" not in said


def test_how_much_was_answered_and_what_it_cost_is_counted():
    (said,) = lines(report())
    assert said.startswith(
        "Labels: answered 240 of 250; abstained 6; unparseable 3; outside the labels 1, first 'refnud'; votes agree "
        "75.0 %; audit is right in 80.0 % of 50 gold rows (95 % interval 66.7 to 88.8); "
    )
    assert said.endswith("cost 25.00 at 0.1 a row: 250 rows that the student answers in the labeller's place earn it.")


def test_the_page_has_a_line_for_each_label_with_what_is_said_instead():
    assert pages(report())[0].rows == [("fees", ["30", "90.0 %", "74.4 to 96.5", "loans 10.0 % (3.5 to 25.6)"])]


def test_the_verdict_says_where_the_labels_come_from_and_how_good_they_are():
    assert verdict(report(own_splits=["validation"])) == (
        "It learnt from the answers of answers.jsonl, which is right in 80.0 % of 50 gold rows (95 % interval 66.7 to "
        "88.8). There the student has 97.5 % of the labeller's accuracy (95 % interval 85.0 to 110.0). The labels of "
        "validation are such answers: a score there is agreement with the labeller."
    )
    assert "which nobody has audited (teacher.gold=FILE)" in verdict(report(gold=None, against_labeller=None))
    assert verdict({}) == ""
