import re
from functools import reduce

import pytest

from distill.config.schema import Config
from distill.config.validate import check
from distill.errors import ConfigError


def config(**changes):
    made = Config()
    for key, value in changes.items():
        *parents, name = key.split("__")
        setattr(reduce(getattr, parents, made), name, value)
    return made


SMALLER = {"student__architecture__layers": 1}
TRANSLATION = {"task": "translation", "pretrain__max_epochs": 0}
REFUSED = [
    (
        {"student__init": "narrow", "student__layer_map": "auto"},
        "student.layer_map=auto: compares what student and teacher make of texts, but there is no student yet; "
        "allowed is one of uniform, first, last, skip, or layer numbers from 0 such as 1,3,5",
    ),
    (
        {"student__init": "narrow", "student__layer_map": "0:1"},
        "student.layer_map=0:1: allowed is one of uniform, first, last, skip, or layer numbers from 0 such as 1,3,5",
    ),
    (
        {"student__init": "copy"},
        "student.init=copy: allowed is one of random, teacher, narrow, bilstm, static, checkpoint",
    ),
    (
        {"student__init": "narrow", "student__architecture__hidden_size": 256},
        "student.architecture.hidden_size=256: the teacher to be copied has 128",
    ),
    (
        {"student__init": "narrow", "student__architecture__decoder_layers": 1, **TRANSLATION},
        "student.architecture.decoder_layers=1: a narrow copy takes the same layers of encoder and decoder, "
        "student.architecture.layers of each; leave it out",
    ),
    (
        {"student__init": "narrow", "teacher__architecture__decoder_layers": 3, **TRANSLATION},
        "teacher.architecture.decoder_layers=3: student.init=narrow takes the same layers of encoder and decoder; "
        "allowed is 2",
    ),
    (
        {"student__init": "teacher", "teacher__architecture__decoder_layers": 3, **TRANSLATION},
        "teacher.architecture.decoder_layers=3: student.init=teacher takes the same layers of encoder and decoder; "
        "allowed is 2",
    ),
    (
        {"student__init": "bilstm", "task": "question_answering"},
        "student.init=bilstm: has no head for question_answering; allowed is random, teacher, narrow or checkpoint",
    ),
    ({"student__lstm__layers": 2}, "student.lstm.layers=2: belongs to student.init=bilstm; allowed is 1"),
    (
        {"student__init": "bilstm", "student__lstm__hidden_size": 0},
        "student.lstm.hidden_size=0: allowed is a whole number from 1 up",
    ),
    (
        {"student__init": "bilstm", "distill__attention__weight": 1.0},
        "distill.attention.weight=1.0: a BiLSTM student has no attention scores; allowed is 0",
    ),
    (
        {"student__init": "bilstm", "distill__relations__weight": 1.0},
        "distill.relations.weight=1.0: a BiLSTM student has no queries, keys and values; allowed is 0",
    ),
    (
        {"student__init": "bilstm", "distill__pkd__weight": 1.0},
        "distill.pkd.weight=1.0: reads the first token, of which half of a BiLSTM has read nothing else; allowed is 0",
    ),
    ({"student__vocabulary": "some"}, "student.vocabulary=some: allowed is one of all, corpus"),
    (
        {"student__vocabulary": "corpus", "student__vocabulary_min_count": 0},
        "student.vocabulary_min_count=0: allowed is a whole number from 1 up",
    ),
    (
        {"student__vocabulary": "corpus", "student__vocabulary_size": 0},
        "student.vocabulary_size=0: allowed is a whole number from 1 up",
    ),
    (
        {"student__vocabulary_size": 9},
        "student.vocabulary_size=9: belongs to student.vocabulary=corpus; allowed is null",
    ),
    (
        {"student__vocabulary_min_count": 2},
        "student.vocabulary_min_count=2: belongs to student.vocabulary=corpus; allowed is 1",
    ),
    (
        {"student__vocabulary": "corpus", **TRANSLATION},
        "student.vocabulary=corpus: models of translation write tokens, and teacher and student compare the "
        "probabilities of all of them; allowed is all",
    ),
    (
        {"student__init": "teacher", "student__embedding_rank": 4, **TRANSLATION},
        "student.embedding_rank=4: models of translation share them with their heads; allowed is null",
    ),
    (
        {"student__init": "teacher", "student__embedding_rank": 129},
        "student.embedding_rank=129: the student's embeddings are 128 wide; allowed is 1 to 128",
    ),
    (
        {"student__init": "narrow", **SMALLER, "student__embedding_rank": 129},
        "student.embedding_rank=129: the student's embeddings are 128 wide; allowed is 1 to 128",
    ),
    (
        {"student__embedding_rank": 4},
        "student.embedding_rank=4: belongs to student.init=teacher or narrow; allowed is null",
    ),
    (
        {"student__init": "bilstm", "student__embedding_rank": 4},
        "student.embedding_rank=4: belongs to student.init=teacher or narrow; allowed is null",
    ),
    (
        {"student__init": "static", "task": "token_classification"},
        "student.init=static: has no head for token_classification; allowed is random, teacher, narrow, bilstm or "
        "checkpoint",
    ),
    ({"student__static__size": 64}, "student.static.size=64: belongs to student.init=static; allowed is 256"),
    (
        {"student__init": "static", "student__static__size": 0},
        "student.static.size=0: allowed is a whole number from 1 up",
    ),
    (
        {"student__init": "static", "student__static__smoothing": 0.0},
        "student.static.smoothing=0.0: allowed is a number above 0",
    ),
    *(
        (
            {"student__init": "static", f"distill__{name}__weight": 1.0},
            f"distill.{name}.weight=1.0: reads hidden states, but a static student has no layers that make any; "
            "allowed is 0",
        )
        for name in ("hidden", "cka", "pkd", "embedding")
    ),
    (
        {"student__init": "static", "distill__relations__weight": 1.0},
        "distill.relations.weight=1.0: a static student has no queries, keys and values; allowed is 0",
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_student_that_cannot_be_made_is_refused_by_one_message(changes, message):
    with pytest.raises(ConfigError, match=f"^1 problem in the settings\n  {re.escape(message)}$"):
        check(config(**changes))


@pytest.mark.parametrize("name", ["auto", "0:1,2:5", "0:1", "3,1", "skip"])
def test_a_term_takes_every_kind_of_layer_map(name):
    check(config(distill__hidden__weight=1.0, distill__hidden__layer_map=name))


@pytest.mark.parametrize("name", ["", "0:", ":1", "0:1:2", "0:1,2", "0-1", "a:b"])
def test_what_is_no_layer_map_is_refused(name):
    with pytest.raises(ConfigError, match=re.escape("or pairs such as 0:1,2:5")):
        check(config(distill__hidden__weight=1.0, distill__hidden__layer_map=name))


def test_students_that_can_be_made_pass():
    for changes in (
        {"student__init": "bilstm", "student__lstm__layers": 2, "distill__hidden__weight": 1.0},
        {"student__init": "static", "student__static__size": 64, "task": "regression"},
        {"student__init": "narrow", **SMALLER},
        {"student__init": "narrow", "task": "dialogue", "pretrain__max_epochs": 0, **SMALLER},
        {"student__init": "narrow", **TRANSLATION, **SMALLER},
        {"student__vocabulary": "corpus", "student__vocabulary_min_count": 2, "student__vocabulary_size": 900},
        {"student__init": "teacher", "student__embedding_rank": 128, "student__vocabulary": "corpus"},
        {"student__init": "teacher", "teacher__architecture__decoder_layers": 2, **TRANSLATION},
    ):
        check(config(**changes))
    check(Config())
