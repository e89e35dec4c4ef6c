import pytest

from distill.config.paths import path_problems
from distill.config.pretrain import pretrain_problems
from distill.config.schema import Config


def config(task="classification", **changed):
    made = Config()
    made.task = task
    for name, value in changed.items():
        setattr(made.pretrain, name, value)
    return made


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            config(objective="clm"),
            "pretrain.objective=clm: the BERT of classification reads both ways, and would see the token that it is to "
            "predict; allowed is mlm",
        ),
        (
            config("dialogue"),
            "pretrain.max_epochs=3: a GPT-2 cannot learn pretrain.objective=mlm, since it reads from left to right; "
            "allowed is pretrain.objective=clm, or pretrain.max_epochs=0, which begins at random",
        ),
        (
            config("translation", objective="clm"),
            "pretrain.max_epochs=3: models that write begin at random; allowed is 0",
        ),
        (
            config("dialogue", objective="clm", whole_words=True),
            "pretrain.whole_words=true: belongs to pretrain.objective=mlm; allowed is false",
        ),
        (
            config("dialogue", objective="clm", teacher="bert"),
            "pretrain.teacher=bert: belongs to pretrain.objective=mlm; allowed is null",
        ),
        (
            config(holdout=0.2),
            "pretrain.holdout=0.2: belongs to files of text; give them as pretrain.files=FILE",
        ),
        (
            config(teacher="bert", max_epochs=0),
            "pretrain.teacher=bert: is not read where pretrain.max_epochs=0; leave one of them out",
        ),
        (
            config(objective="mlm+nsp"),
            "pretrain.objective=mlm+nsp: learns from lines that follow each other; give them as pretrain.files=FILE, "
            "or allowed is mlm",
        ),
        (
            config(objective="mlm+nsp", files="a.txt", teacher="bert"),
            "pretrain.teacher=bert: belongs to pretrain.objective=mlm; allowed is null",
        ),
        (
            config("dialogue", objective="mlm+nsp", files="a.txt"),
            "pretrain.max_epochs=3: a GPT-2 cannot learn pretrain.objective=mlm+nsp, since it reads from left to "
            "right; allowed is pretrain.objective=clm, or pretrain.max_epochs=0, which begins at random",
        ),
    ],
)
def test_what_a_model_cannot_learn_is_said_in_one_sentence(given, problem):
    assert list(pretrain_problems(given)) == [problem]


def test_a_decoder_learns_the_next_token_and_an_encoder_masked_ones():
    assert not list(pretrain_problems(config("dialogue", objective="clm")))
    assert not list(pretrain_problems(config(whole_words=True, files="a.txt", holdout=0.2)))
    assert not list(pretrain_problems(config(objective="mlm+nsp", whole_words=True, files="a.txt")))


def test_pairs_of_segments_need_room_for_two():
    given = config(objective="mlm+nsp", files="a.txt")
    given.data.max_length = 4
    assert list(pretrain_problems(given)) == [
        "data.max_length=4: pretrain.objective=mlm+nsp has two segments; allowed is 5 or more"
    ]


def test_text_files_that_are_not_there_are_named(tmp_path):
    (tmp_path / "a.txt").touch()
    given = config(files=[str(tmp_path / "a.txt"), str(tmp_path / "b.txt.gz"), str(tmp_path)])
    assert list(path_problems(given)) == [
        f"pretrain.files={tmp_path / 'b.txt.gz'}: there is no such file",
        f"pretrain.files={tmp_path}: is a folder, not a file",
    ]
