from distill.report.console import aligned, table

SCORED_BY = (
    "BLEU|nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:2.6.0, "
    "chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"
)


def test_the_table_is_narrow_ascii_and_shows_every_metric(report):
    text = table(report | {"scored_by": SCORED_BY}, {"report": "outputs/report.html", "export": "outputs/export"})
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    for shown in ("88.62 %", "87.88 %", "0.756", "5.12 %", "1.01 ms", "pretrain reused", "distill 38.0 s"):
        assert shown in text
    assert text.endswith("report: outputs/report.html\nexport: outputs/export")


def test_the_table_says_how_texts_were_scored_where_there_is_something_to_say(report):
    assert "\nScored by rouge-score 0.1.2, stemmed words\nThe student has " in table(
        report | {"scored_by": "rouge-score 0.1.2, stemmed words"}
    )
    assert "Scored by" not in table(report)
    del report["scored_by"]
    assert "Scored by" not in table(report)


def test_the_stand_in_is_noted(report):
    assert "NOTE: This is not sst2: embedded data stands in for it" in table(report)
    report["data"]["stands_in_for"] = None
    assert "NOTE" not in table(report)


def test_a_run_without_models_shows_none(report):
    text = table(report | {"models": {}, "gain": None, "fidelity": None, "exports": []})
    assert "teacher" not in text
    assert "This run evaluated no model." in text


def test_teachers_that_find_no_room_beside_the_others_stand_below_them(report):
    names = ["first", *(f"teacher_{number}" for number in range(8))]
    teacher, student, control = (report["models"][who] for who in ("teacher", "student", "control"))
    report["models"] = {"teacher": teacher, **dict.fromkeys(names, teacher), "student": student, "control": control}
    lines = table(report).splitlines()
    assert max(map(len, lines)) <= 100
    heads = [line for line in lines if set(line.split()) & {"first", "teacher_7"} and "by" not in line]
    assert " ".join(heads).split() == ["teacher", *names, "student", "control"]
    (one, other) = (line.split() for line in lines if line.split()[:1] == ["parameters"])
    assert (len(one) - 1) // 2 + (len(other) - 1) // 2 == len(names) + 3


def test_no_line_ends_between_a_number_and_its_unit(report):
    for n in range(30):
        text = table(report | {"name": "n" * n, "stages": report["stages"][n % 7 :] * 2})
        assert not any(line.strip().split()[0] in {"%", "s", "points"} for line in text.splitlines() if line.strip())


def test_cells_stand_under_each_other_where_a_label_is_of_wide_characters():
    marks = aligned([("label", "f1"), ("ไม่ดี", "98")])
    assert marks == "\n  label   f1\n  ไม่ดี     98\n"
    assert aligned([("label", "f1"), ("好评", "98"), ("bad", "7")]) == "\n  label   f1\n  好评    98\n  bad      7\n"


def test_a_long_label_leaves_room_for_its_scores(report):
    long = "Lieferung und Versand, verspätet oder verloren gegangen"
    for model in report["models"].values():
        rows = model["per_label"]["test"]
        rows[long] = rows.pop("negative")
    report["data"]["labels"] = [long, "positive"]
    lines = table(report).splitlines()
    assert any(line.startswith(f"  {long[:27]}\N{HORIZONTAL ELLIPSIS} ") for line in lines)
    assert sum(line.startswith("  student by label on test") for line in lines) == 1
