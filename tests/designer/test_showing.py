"""What a user reads."""

from dataclasses import replace

from distill.designer import showing
from distill.designer.candidates import Candidate, StudentShape
from distill.designer.proposing import Design, Measured
from distill.designer.ranking import Sized
from distill.designer.search import Limits
from distill.designer.timing import Text


def student(init, shape, parameters, p50):
    candidate = Candidate(init, shape)
    measured = Measured(candidate.name, shape, parameters, 4 * parameters, {"p50": p50, "p90": 2 * p50})
    return Sized(candidate, parameters, parameters, 4 * parameters), measured


TEACHER = Measured("teacher", StudentShape(6, 384, 12), 22_700_000, 90_800_000, {"p50": 16.0, "p90": 20.0})
PROPOSALS = [
    student("teacher", StudentShape(2, 384, 12), 15_000_000, 4.0),
    student("teacher", StudentShape(1, 384, 12), 13_500_000, 2.0),
    student("random", StudentShape(6, 128, 4), 5_250_000, 4.2),
]
DESIGN = Design(
    Limits(5.0, None, 16_000_000), "torch", (), Text(32, 1, 0), 100, 0.99, "bert", TEACHER, tokens=9_918, many=3,
    large=0, slow=20, fitting=18, exported=0, proposals=PROPOSALS,
)  # fmt: skip


def test_everything_stands_where_a_user_looks_for_it():
    assert showing.text(DESIGN, lambda name: f"run student={name}") == (
        "Teacher: bert, 6 layers of width 384.\n"
        "Budget, as torch: at most 16,000,000 parameters and at most 5 ms (p50) for one text of 32 tokens on\n"
        "1 thread.\n"
        "41 candidates: 3 with too many parameters, 20 too slow, 18 within the budget.\n"
        "\n"
        "                  layers   width      parameters            MB        p50 ms        p90 ms\n"
        "  teacher              6     384          22.7 M          90.8         16.00         20.00\n"
        "  layers_2             2     384   15.0 M (66 %)   60.0 (66 %)   4.00 (25 %)   8.00 (40 %)\n"
        "  layers_1             1     384   13.5 M (59 %)   54.0 (59 %)   2.00 (12 %)   4.00 (20 %)\n"
        "  scratch_6x128        6     128    5.2 M (23 %)   21.0 (23 %)   4.20 (26 %)   8.40 (42 %)\n"
        "\n"
        "Each model was timed 100 times on this machine's CPU, in turn with the others: one text of 32 tokens\n"
        "on 1 thread. In brackets: share of the teacher's.\n"
        "\n"
        "1. layers_2: 2 of the teacher's 6 layers, with its embeddings and its head. Ranks first of all that\n"
        "   fit: try it first.\n"
        "2. layers_1: 1 of the teacher's 6 layers, with its embeddings and its head. 2.0 times as fast as\n"
        "   layers_2, with 90 % of its parameters.\n"
        "3. scratch_6x128: 6 layers of width 128 from random weights: begins with nothing of the teacher, so\n"
        "   it needs more data or epochs. About as fast as layers_2, with 35 % of its parameters.\n"
        "\n"
        "Ranked by the teacher's layers that a student begins with, more before fewer; then two layers or\n"
        "more before fewer; then by parameters outside the embeddings, more before fewer; then all tokens\n"
        "before those of the texts alone. Accuracy is not measured here: that takes the runs.\n"
        "\n"
        "Each is a card; to try them:\n"
        "run student=layers_2\n"
        "run student=layers_1\n"
        "run student=scratch_6x128"
    )


def test_fewer_than_three_are_said_to_be_few():
    two = replace(DESIGN, proposals=PROPOSALS[:2], many=0, fitting=2)
    assert "22 candidates: 20 too slow, 2 within the budget. So there are only 2 to propose." in showing.text(two, str)


def test_where_nothing_fits_the_nearest_is_shown_and_no_command():
    none = replace(DESIGN, proposals=[], fitting=0, nearest=PROPOSALS[1][1])
    said = showing.text(none, lambda name: f"run student={name}")
    assert "Nothing is proposed; of those that were timed, this one comes nearest:" in " ".join(said.split())
    assert "  layers_1        1     384" in said
    assert "run student" not in said
    assert "Ranked" not in said


def test_a_teacher_that_fits_and_a_busy_machine_are_told():
    assert "The teacher itself" not in showing.text(DESIGN, str)
    assert "NOTE" not in showing.text(DESIGN, str)
    easy = replace(DESIGN, limits=Limits(16.0), attention=0.55)
    said = " ".join(showing.text(easy, str).split())
    assert "The teacher itself, in PyTorch, is within the budget." in said
    assert "NOTE: other work kept this machine busy: the models had 55 % of the time that was measured." in said
    assert "On a quiet machine they are faster, and more may fit." in said
    assert "Budget, as torch: at most 16 ms (p50) for one text of 32 tokens on 1 thread." in said


def test_a_quiet_machine_lets_no_more_fit_where_none_was_too_slow():
    small = replace(DESIGN, limits=Limits(None, 1e6), attention=0.55, many=0, large=41, slow=0, proposals=[], fitting=0)
    said = " ".join(showing.text(replace(small, nearest=PROPOSALS[1][1]), str).split())
    assert "41 candidates: 41 too large. Nothing is proposed;" in said
    assert said.endswith("of the time that was measured. On a quiet machine they are faster.")


def test_a_card_says_what_it_costs_and_where_that_was_measured():
    writing = replace(DESIGN, text=Text(32, 2, 16))
    assert showing.remarks(writing, *PROPOSALS[0]) == [
        "2 of the teacher's 6 layers, with its embeddings and its head.",
        "15,000,000 parameters, 60.0 MB as torch; 4.00 ms (p50) where it was designed: one text of 32 tokens, 16 more "
        "written, "
        "on 2 threads.",
    ]


def test_of_an_exported_form_it_is_said_what_was_measured_and_what_is_estimated():
    small = student("teacher", StudentShape(2, 384, 12), 7_700_000, 1.0)
    candidate = replace(small[0].candidate, vocabulary="corpus")
    fewer = (replace(small[0], candidate=candidate), replace(small[1], name=candidate.name, bytes=7_800_000))
    shipped = replace(
        DESIGN, limits=Limits(5.0, 12e6), form="onnx_int8", large=4, exported=6, proposals=[fewer, *PROPOSALS[:1]]
    )  # fmt: skip
    said = " ".join(showing.text(shipped, str).split())
    assert "Budget, as onnx_int8: at most 12 MB and at most 5 ms (p50) for one text of 32 tokens on 1 thread." in said
    assert "3 with too many parameters, 4 too large, 20 too slow, 18 within the budget." in said
    assert "layers_2_corpus 2 384 7.7 M (34 %) 7.8 (9 %) 1.00 (6 %)" in said
    assert (
        "6 students of random weights, which take as long and as much as trained ones, were exported as onnx_int8; "
        "their file is weighed, and the teacher timed in PyTorch. Whether the other candidates fit is estimated from "
        "these." in said
    )
    assert showing.remarks(shipped, *fewer) == [
        "2 of the teacher's 6 layers, with its embeddings and its head; of the teacher's tokens it keeps the 9,918 "
        "that train and unlabelled texts need.",
        "7,700,000 parameters, 7.8 MB as onnx_int8; 1.00 ms (p50) where it was designed: one text of 32 tokens on "
        "1 thread.",
    ]
