"""The examples on which teacher and student part, in a file beside the report and on its page."""

import json
import re

import pytest

from distill.report import console
from distill.report.examples import FILE, gallery, write
from distill.report.page import render
from distill.report.page import write as write_report

LABELLED = {
    "id": "a17", "kind": "teacher right, student wrong", "inputs": {"text": "A fine film."}, "gold": "positive",
    "teacher": {"label": "positive", "probability": 0.9}, "student": {"label": "negative", "probability": 0.6},
    "control": {"label": "negative", "probability": 0.7},
}  # fmt: skip
TAGGED = {
    "id": 3, "kind": "both wrong, differently", "inputs": {"tokens": ["Ada", "Lovelace", "met", "Rome"]},
    "gold": ["B-PER", "I-PER", "O", "B-LOC"],
    "teacher": {"tags": ["B-PER", "I-PER", "O", "O"], "probabilities": [0.9, 0.9, 0.9, 0.9]},
    "student": {"tags": ["B-PER", "O", "O", "B-LOC"], "probabilities": [0.9, 0.9, 0.9, 0.9]},
}  # fmt: skip
ANSWERED = {
    "id": 5, "kind": "student right, teacher wrong",
    "inputs": {"context": f"{'Long ago. ' * 20}In 1901 Tilda married Clara Reim.", "question": "Whom?"},
    "gold": ["Clara Reim", "Reim"], "teacher": {"answer": "", "probability": 0.4},
    "student": {"answer": "Clara Reim", "probability": 0.8},
}  # fmt: skip
WRITTEN = {
    "id": 6, "kind": "teacher closer", "inputs": {"source": "Ein Hund."}, "gold": ["A dog."],
    "teacher": {"target": "A dog.", "nll": 4.0, "tokens": 4}, "student": {"target": "A cat.", "nll": 8.0, "tokens": 4},
}  # fmt: skip
SEVERAL = {
    "id": 7, "kind": "both wrong, differently", "inputs": {"text": "t"}, "gold": ["sport"],
    "teacher": {"labels": ["sport", "news"], "probabilities": {"sport": 0.9, "news": 0.6, "art": 0.1}},
    "student": {"labels": [], "probabilities": {"sport": 0.2, "news": 0.1, "art": 0.1}},
}  # fmt: skip
SCORED = {
    "id": 8, "kind": "student closer", "inputs": {"text": "a", "pair": "b"}, "gold": 2.5,
    "teacher": {"score": 1.0}, "student": {"score": 2.0},
}  # fmt: skip


def shown(report, curves, *rows):
    kinds = {row["kind"]: 1 for row in rows}
    report["disagreements"] = {"split": "test", "examples": 800, "part": 9, "kinds": kinds, "shown": len(rows)}
    return render(report, curves, rows)


def lines_of(page):
    """Each line of an example: who says it, the text, and what of it is marked."""
    found = re.findall(r"<dt[^>]*>(.*?)</dt><dd>(.*?)</dd>", page[page.index('class="apart"') :], re.DOTALL)
    return {who: " ".join(re.sub(r"<[^>]+>", "", text).replace("\xa0", " ").split()) for who, text in found}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (LABELLED, {"gold": "positive", "teacher": "positive 90.0 %", "student": "negative 60.0 %"}),
        (SEVERAL, {"gold": "sport", "teacher": "sport and news 90.0 %, 60.0 %", "student": "none"}),
        (SCORED, {"gold": "2.5", "teacher": "1.00", "student": "2.00"}),
        (
            WRITTEN,
            {
                "gold": "A dog.",
                "teacher": "A dog. perplexity of the right text 2.7",
                "student": "A cat. perplexity of the right text 7.4",
            },
        ),
        (
            ANSWERED,
            {
                "gold": "Clara Reim / Reim",
                "teacher": "no answer 40.0 %",
                "student": "…ng ago. Long ago. Long ago. Long ago. In 1901 Tilda married Clara Reim. 80.0 %",
            },
        ),
        (
            TAGGED,
            {
                "gold": "Ada Lovelace PER met Rome LOC",
                "teacher": "Ada Lovelace PER met Rome",
                "student": "Ada PER Lovelace met Rome LOC",
            },
        ),
    ],
)
def test_what_each_model_says_stands_beside_what_is_right(report, curves, row, said):
    found = lines_of(shown(report, curves, row))
    assert {who: found[who] for who in said} == said


def test_what_is_marked_elsewhere_than_in_the_data_is_marked_as_wrong(report, curves):
    page = shown(report, curves, TAGGED)
    assert re.findall(r'<mark class="wrong">(.*?) <small>', page) == ["Ada"]
    assert len(re.findall(r"<mark", page)) == 2 + 1 + 2
    page = shown(report, curves, ANSWERED)
    assert re.findall(r'<mark class="wrong">(.*?)</mark>', page) == ["no answer"]


def test_examples_are_found_under_their_kinds_and_labels(report):
    found = gallery(report, [LABELLED, TAGGED, SEVERAL, WRITTEN])
    assert found.labels == ["LOC", "PER", "positive", "sport"]
    assert [list(each.labels) for each in found.examples] == [[2], [0, 1], [3], []]
    assert found.kinds == ["teacher right, student wrong", "both wrong, differently", "teacher closer"]
    assert gallery(report, []) is None


def test_texts_of_the_data_can_do_nothing_to_the_page(report, curves):
    evil = "</script><script>alert('x')</script>\x1b\u202e"
    rows = [
        {**LABELLED, "id": evil, "kind": evil, "inputs": {evil: evil, "pair": evil}, "gold": evil,
         "teacher": {"label": evil, "probability": 0.5}},
        {**TAGGED, "inputs": {"tokens": [evil] * 4}, "gold": [f"B-{evil}"] * 4},
        {**WRITTEN, "teacher": {"target": evil, "nll": 1.0, "tokens": 2}},
    ]  # fmt: skip
    page = shown(report, curves, *rows)
    assert page.count("<script") == page.count("</script") == 1, "that of the filter"
    assert "alert(" not in page[page.index("<script>") :]
    assert not set("\x1b\u202e") & set(page)
    assert not re.search(r"https?:|@import|<link|<iframe|<img|\bsrc=", page)


def test_all_examples_are_in_sight_without_the_script_which_shows_the_filter(report, curves):
    page = shown(report, curves, LABELLED, TAGGED)
    assert '<form class="filter" id="filter" hidden>' in page
    assert page.count("<article data-kind=") == 2
    assert not re.search(r"<article[^>]*hidden", page)
    assert "Teacher and student part on 9 of 800 examples of test" in page
    assert "The 2 where they part most stand here." in page


def test_a_report_without_examples_has_no_script_and_says_how_often_they_part(report, curves):
    page = shown(report, curves)
    assert "<script" not in page
    assert "Teacher and student part on 9 of 800 examples of test" in page
    assert "Teacher and student part on 9 of 800" in " ".join(console.table(report).split())
    report["disagreements"]["part"] = 0
    assert "part on none of 800 examples of test." in " ".join(console.table(report).split())


def test_the_file_has_an_example_a_line_and_is_gone_where_there_are_none(report, curves, tmp_path):
    write([LABELLED, TAGGED], tmp_path)
    lines = (tmp_path / FILE).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [LABELLED, TAGGED]
    write([], tmp_path)
    assert not (tmp_path / FILE).exists()
    write_report(report, curves, tmp_path, [LABELLED])
    assert "A fine film." in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "A fine film." not in (tmp_path / "report.json").read_text(encoding="utf-8")
