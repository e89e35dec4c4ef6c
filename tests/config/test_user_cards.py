import pytest
from hydra import compose
from hydra.errors import HydraException

from distill.config import compose as cards
from distill.config import messages
from distill.config.user_cards import inspect_cards
from distill.errors import ConfigError

GLOBAL = b"# @package _global_\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcde", "bcdef", strict=True)
)
REFUSED = {
    b"name: caf\xe9\n": "is no UTF-8: byte 0xe9 at position 29; save it as UTF-8",
    BOMB.encode(): ": its aliases stand for more than 100,000 values, and no card has as many",
    b"name: &a [*a]\n": ": its values are nested too deep, or hold themselves by an alias",
    b"name: " + b"[" * 5000 + b"]" * 5000: ": its values are nested too deep, or hold themselves by an alias",
    b"name: a\x00b\n": "is no YAML: unacceptable character #x0000",
    b"- seed\n": ": a card is a mapping of settings, such as seed: 1",
    b"#" * (1 << 20): ": has 1,048,596 bytes; a card has at most 1,048,576",
}


def card(folder, content, group="experiment"):
    (folder / group).mkdir(exist_ok=True)
    path = folder / group / "mine.yaml"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", REFUSED, ids=range(len(REFUSED)))
def test_a_card_that_cannot_be_one_is_refused_by_its_path(tmp_path, content):
    path = card(tmp_path, GLOBAL + content)
    with pytest.raises(ConfigError) as error:
        inspect_cards(["--config-dir", str(tmp_path), "experiment=mine"])
    assert str(error.value).startswith(str(path))
    assert REFUSED[content] in str(error.value)


def test_an_experiment_without_its_first_line_is_told_which(tmp_path):
    path = card(tmp_path, b"seed: 1\n")
    with pytest.raises(ConfigError) as error:
        inspect_cards([f"--config-dir={tmp_path}"])
    assert str(error.value) == f"{path}: the card of an experiment begins with the line # @package _global_"


def test_a_card_may_have_comments_first_aliases_and_a_group_of_its_own(tmp_path):
    card(tmp_path, b"# (c) someone\n" + GLOBAL + b"a: &a [1, 2]\nb: *a\n")
    card(tmp_path, b"model: some/model\n", group="teacher")
    card(tmp_path, b"", group="student")
    inspect_cards(["-cd", str(tmp_path), "experiment=mine"])


@pytest.mark.parametrize(
    ("group", "content", "said"),
    [
        ("experiment", GLOBAL + b"data:\n  drop_bad: -1\n", "line 3: data.drop_bad=-1: allowed is true, false or null"),
        ("teacher", b"finetuned: 2\n", "line 1: teacher.finetuned=2: allowed is true or false"),
        ("student", GLOBAL + b"trainer: {compile: '2'}\n", "line 2: trainer.compile=2: allowed is true or false"),
    ],
)
def test_a_number_where_a_card_says_true_or_false_is_refused(tmp_path, group, content, said):
    path = card(tmp_path, content, group)
    with pytest.raises(ConfigError) as error:
        inspect_cards(["--config-dir", str(tmp_path)])
    assert str(error.value) == f"{path}: {said}"


def test_what_yaml_calls_true_and_0_and_1_may_be_of_a_card(tmp_path):
    card(tmp_path, GLOBAL + b"data: {drop_bad: yes}\ntrainer: {compile: off, activation_checkpointing: 1}\nseed: 3\n")
    inspect_cards(["--config-dir", str(tmp_path)])


def test_files_beside_the_cards_are_not_read(tmp_path):
    (tmp_path / "notes.yaml").write_bytes(b"\xff")
    (tmp_path / "experiment" / "folder.yaml").mkdir(parents=True)
    inspect_cards(["--config-dir", str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("-1", 'data.labels.-1: a number is a name in quotes alone, as in "-1": VALUE'),
        ("0", 'data.labels.0: a number is a name in quotes alone, as in "0": VALUE'),
        ("1.5", 'data.labels.1.5: a number is a name in quotes alone, as in "1.5": VALUE'),
        (
            "no",
            'data.labels.False: yes, no, on, off, true and false are names in quotes alone, as in "yes": VALUE',
        ),
    ],
)
def test_a_name_that_yaml_reads_as_none_is_told_with_its_quotes(tmp_path, name, said):
    def composed(written):
        card(tmp_path, GLOBAL + f"data:\n  labels:\n    {written}: neg\n".encode())
        with cards.composing():
            found = [f"hydra.searchpath=[file://{tmp_path}]", "experiment=mine"]
            return compose("config", overrides=found).data.labels

    with pytest.raises(HydraException) as raised:
        composed(name)
    assert messages.describe_error(raised.value) == said
    assert composed(f'"{name}"') == {name: "neg"}
