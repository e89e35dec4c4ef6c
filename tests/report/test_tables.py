from distill.report import console, scored_labels, tables


def grouped(report):
    """The report of a task without labels: what is scored stands by group."""
    report["data"]["labels"] = []
    for number, model in enumerate(report["models"].values()):
        scores = {"bleu": 0.3 - number / 10, "chrf": 0.5, "support": 40}
        model["per_label"] = {"test": {"1 to 9 words": scores, "10 words and more": {**scores, "support": 7}}}
        model["metrics"] = {"test": {"bleu": 0.25, "chrf": 0.5}}
    report["gain"] = None
    return report


def test_a_table_has_the_columns_that_the_task_scores_and_averages_apart(report):
    table = tables.by_label(report, "test")
    assert table.columns == ["precision", "recall", "f1"]
    assert {name for name, *_ in table.averages} == {"micro", "macro", "weighted"}
    assert [name for name, *_ in table.labels] == report["data"]["labels"]
    assert table.what == "label"


def test_a_task_without_labels_is_shown_by_group(report):
    table = tables.by_label(grouped(report), "test")
    assert (table.what, table.columns, table.averages) == ("group", ["bleu", "chrf"], [])
    first = table.labels[0]
    assert first[:2] == ("1 to 9 words", "40")
    assert [cells[0] for cells in first[2]] == ["30.00 %", "20.00 %", "10.00 %"]


def test_the_console_shows_the_student_whole_and_of_the_others_the_last_column(report):
    lines = tables.in_text(report)
    assert lines[0] == ("student by label on test", "precision", "recall", "f1", "support", "teacher f1", "control f1")
    assert lines[1][0] == report["data"]["labels"][0]
    assert "student by label on test" in console.table(report)
    assert tables.in_text(grouped(report))[0][:3] == ("student by group on test", "bleu", "chrf")


def test_many_labels_stay_off_the_console(report):
    for model in report["models"].values():
        model["per_label"] = {"test": {f"label {n}": {"f1": 0.5, "support": 1} for n in range(13)}}
    assert tables.in_text(report) == []
    assert not tables.by_label(report, "test").is_open


def test_without_a_table_there_is_none(report):
    for model in report["models"].values():
        model["per_label"] = {}
    assert tables.by_label(report, "test") is None
    assert tables.in_text(report) == []


def test_labels_without_examples_are_named_beside_what_they_do_to_the_mean(report):
    none = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    report["data"]["labels"] = ["negative", "positive", "mixed"]
    for model in report["models"].values():
        table = model["per_label"]["test"]
        model["per_label"]["test"] = table | {"mixed": none, "macro of supported": table["macro"]}
    said = tables.by_label(report, "test").note
    assert said == (
        "No example of test has 'mixed': macro counts such a label with an F1 of 0 as soon as it is predicted once, "
        "macro of supported leaves it out."
    )
    assert said.split(":")[0] in console.table(report)
    assert "macro of supported" in {name for name, *_ in tables.by_label(report, "test").averages}


def test_nothing_is_said_of_means_over_labels_that_all_have_examples(report):
    assert tables.by_label(report, "test").note == ""
    assert tables.note_in_text(grouped(report)) == ""


def test_a_type_of_entities_without_examples_is_named_as_labels_are(report):
    none = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    report["data"]["labels"] = ["B-PER", "I-PER", "O"]
    for model in report["models"].values():
        model["per_label"] = {
            "test": {"PER": none | {"support": 3}, "LOC": none, "macro": none, "macro of supported": none}
        }
    assert tables.note_in_text(report).startswith("No example of test has 'LOC': ")
    report["data"]["labels"] = []
    assert scored_labels(report, {"1 to 9 words": none}) == {}
