import dataclasses

import pytest
from hydra import compose
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from distill.config import compose as cards
from distill.config import messages
from distill.config.schema import Config
from distill.config.trainer import TrainerConfig
from distill.config.validate import check
from distill.errors import ConfigError
from distill.objective.specs import TERM_SPECS

EXPERIMENTS = sorted(path.stem for path in (cards.root() / "experiments").glob("*.yaml"))


@pytest.fixture
def composed():
    with cards.composing():
        yield lambda *overrides: OmegaConf.to_object(compose("config", overrides=list(overrides)))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_card_is_a_valid_run_of_its_own_name(composed, experiment):
    config = composed(f"experiment={experiment}")
    check(config)
    assert isinstance(config, Config)
    assert config.name == experiment


@pytest.mark.parametrize("group", ["teacher", "student"])
def test_every_teacher_and_student_card_fits_the_schema(composed, group):
    for path in (cards.root() / cards.FOLDERS[group]).glob("*.yaml"):
        composed("experiment=sst2_tiny", f"{group}={path.stem}")


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_no_experiment_card_changes_a_student_that_is_chosen_beside_it(composed, experiment):
    assert composed(f"experiment={experiment}", "student=bilstm").student == composed("student=bilstm").student


def test_what_is_made_of_a_teacher_follows_its_states_unless_told_otherwise(composed):
    assert composed("experiment=trec_tiny", "student=narrow").distill.cka.weight == 1
    assert composed("experiment=trec_tiny", "student=narrow", "distill.cka.weight=0").distill.cka.weight == 0
    assert composed("experiment=trec_tiny", "student=half_layers").distill.cka.weight == 1
    assert composed("experiment=sst2_minilm", "student=scratch_tiny").distill.cka.weight == 0
    assert composed("experiment=sst2_minilm", "distill.cka.weight=0").distill.cka.weight == 0


def test_an_override_wins_over_the_card(composed):
    assert composed("experiment=sst2_tiny", "data.max_length=17").data.max_length == 17


@pytest.mark.parametrize(
    ("given", "names"),
    [("test_2017", ["test_2017"]), ("[test_new,test_old]", ["test_new", "test_old"]), ("2017", ["2017"])],
)
def test_the_file_of_a_split_is_a_name_or_several(composed, tmp_path, given, names):
    from distill.errors import DataError
    from distill.pipeline.prepare_data import prepare

    config = composed("experiment=sst2_tiny", f"data.path={tmp_path}", f"data.files.test={given}")
    check(config)
    (tmp_path / "train.tsv").write_text("sentence\tlabel\na b\t1\nc d\t0\n")
    with pytest.raises(DataError, match=f"has no file {' or '.join(names)} for test, "):
        prepare(config)


def test_labels_are_named_on_the_command_line_with_or_without_those_of_a_card(composed):
    none, two = "experiment=trec_tiny", "experiment=sst2_tiny"
    assert composed(none, "+data.labels={loc: place, hum: person}").data.labels == {"loc": "place", "hum": "person"}
    assert composed(none, "+data.labels.0=no", "+data.labels.1=yes").data.labels == {"0": "no", "1": "yes"}
    assert composed(two, "data.labels.1=good", "+data.labels.2=so").data.labels == {
        "0": "negative", "1": "good", "2": "so",
    }  # fmt: skip
    for given in (none, two):
        kept = composed(given, "data.labels=null")
        check(kept)
        assert kept.data.labels is None


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "data.labels.5=neutral",
            "data.labels.5: is no setting yet; what has a name of yours is added with a + before it, as in "
            "+data.labels.5",
        ),
        (
            "data.labels={0: no, 1: yes}",
            "data.labels.0: a number in braces is no name; it is one as in +data.labels.0=VALUE",
        ),
        (
            "data.labels={-1: no, 1: yes}",
            "data.labels.-1: a number in braces is no name; a card may have it, in quotes",
        ),
        (
            "+data.labels.-1=no",
            "+data.labels.-1=no: cannot be read (LexerNoViableAltException: +data.labels.-1=no); "
            "a number below 0 cannot be a name on the command line; a card may have it, in quotes",
        ),
        (
            'data.labels={"0": no, "1": yes}',
            """data.labels={"0": no, "1": yes}: cannot be read (no viable alternative at input '{"0"'); names in """
            "braces have no quotes, and one that is a number is given as in +data.labels.0=VALUE",
        ),
        ("data.labels={no", "data.labels={no: cannot be read (no viable alternative at input '{no')"),
    ],
)
def test_what_cannot_be_a_name_of_a_label_is_told_with_what_can(composed, override, said):
    with pytest.raises(HydraException) as raised:
        composed("experiment=trec_tiny", override)
    assert messages.describe_error(raised.value) == said


@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        ("^", "LexerNoViableAltException: data.delimiter=^"),
        (";", "LexerNoViableAltException: data.delimiter=;"),
        (",", "Error parsing override 'data.delimiter=,'"),
    ],
)
def test_a_sign_that_needs_quotes_within_those_of_the_shell_is_told_with_them(composed, sign, reason):
    with pytest.raises(HydraException) as raised:
        composed(f"data.delimiter={sign}")
    way = f"data.delimiter='{sign}'"
    assert messages.describe_error(raised.value) == (
        f'data.delimiter={sign}: cannot be read ({reason}); such signs stand in quotes within quotes, as in "{way}"'
    )
    assert composed(way).data.delimiter == sign


IN_BRACES = "takes values by name, in braces, as in"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("distill.shares=soft 60", f"distill.shares=soft 60: {IN_BRACES} 'distill.shares={{hard: VALUE}}'"),
        (
            "distill.shares=soft 60, hard 40",
            f"distill.shares=soft 60, hard 40: {IN_BRACES} 'distill.shares={{hard: VALUE}}'",
        ),
        ("distill.shares=[60,40]", f"distill.shares=[60,40]: {IN_BRACES} 'distill.shares={{hard: VALUE}}'"),
        ("distill.shares=null", f"distill.shares=null: {IN_BRACES} 'distill.shares={{hard: VALUE}}'"),
        ("distill.soft=0.5", f"distill.soft=0.5: {IN_BRACES} 'distill.soft={{weight: VALUE}}'"),
        ("ensemble.weights=2", f"ensemble.weights=2: {IN_BRACES} '+ensemble.weights={{NAME: VALUE}}'"),
        (
            "+evaluate.beside={old: 3}",
            f"evaluate.beside.old: {IN_BRACES} '+evaluate.beside.old={{model: VALUE}}'",
        ),
        (
            "distill.shares={sofft: 60}",
            f"distill.shares.sofft: unknown setting; did you mean soft? distill.shares has {', '.join(TERM_SPECS)}",
        ),
        ("distill.shares.soft=much", "distill.shares.soft: Value 'much' of type 'str' could not be converted to Float"),
    ],
)
def test_a_section_that_is_given_as_one_value_or_by_an_unknown_name_is_told_what_it_takes(composed, override, said):
    with pytest.raises(HydraException) as raised:
        composed("experiment=trec_tiny", override)
    assert messages.describe_error(raised.value) == said


@pytest.mark.parametrize("shares", ["soft 60", 60, None])
def test_a_card_that_gives_a_section_as_one_value_is_told_what_it_takes(shares):
    card = OmegaConf.create({"distill": {"shares": shares}})
    with pytest.raises(OmegaConfBaseException) as raised:
        cards.typed(card, Config)
    assert messages.describe_error(raised.value) == f"distill.shares: {IN_BRACES} 'distill.shares={{hard: VALUE}}'"


@pytest.mark.parametrize("given", ["{soft: 60, hard: 40}", "{hard: 40.0, soft: 60.0}"])
def test_shares_are_given_in_braces_or_one_by_one(composed, given):
    one_by_one = composed("experiment=trec_tiny", "distill.shares.hard=40", "distill.shares.soft=60").distill.shares
    assert composed("experiment=trec_tiny", f"distill.shares={given}").distill.shares == one_by_one
    assert one_by_one == dict.fromkeys(TERM_SPECS, 0.0) | {"hard": 40.0, "soft": 60.0}


def test_an_added_share_of_no_term_is_refused_by_the_check(composed):
    with pytest.raises(ConfigError, match=r"distill\.shares\.sofft: unknown setting; did you mean soft\?"):
        check(composed("experiment=trec_tiny", "+distill.shares.sofft=60"))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seeds={a: 1}", "seeds: is a list, written as seeds=[...]"),
        ("stages.x=1", "'x' is no place in a list, which is given whole, as in stages=[distill]"),
        ("teacher.labels={a: b}", "teacher.labels: is a list, written as teacher.labels=[...]"),
        ("stages.9=teach", "stages[9]: the list has no such place; give all of it, as in stages=[...]"),
        ("~distill.soft", "distill.soft: cannot be taken away; distill.soft.weight=0 leaves it out"),
        ("~data.labels", "data.labels: cannot be taken away; data.labels=null sets it to none"),
        ("~data.stride", "data.stride: cannot be taken away; data.stride=VALUE gives it another value"),
        ("+seed=3", "+seed: is set already; leave out the + before it"),
        ("hydra/launcher=none_such", "hydra/launcher=none_such: no such card; there are basic"),
        ("data.columns.txt=x", "data.columns.txt: unknown setting; did you mean text? data.columns has text, label"),
        (
            "data.unlabelled.columns.text=x",
            "data.unlabelled.columns.text: is no setting yet; what has a name of yours is added with a + before it, "
            "as in +data.unlabelled.columns.text",
        ),
        (
            "data.unlabelled.columns.label=x",
            "data.unlabelled.columns.label: unknown setting; data.unlabelled.columns has text",
        ),
        (
            "evaluate.beside.old.model=x",
            "evaluate.beside.old: is no setting yet; what has a name of yours is added with a + before it, as in "
            "+evaluate.beside.old.model=VALUE",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_told_with_its_way_out(composed, override, said):
    with pytest.raises((HydraException, ValueError)) as raised:
        composed("experiment=classification", override)
    assert messages.describe_error(raised.value) == said


def test_a_null_for_a_group_of_ones_own_is_told(composed, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("seed: 1\n")
    with pytest.raises(ValueError, match="Config group override") as raised:
        composed(f"hydra.searchpath=[file://{tmp_path}]", "+mine=null")
    assert messages.describe_error(raised.value) == (
        "a card is chosen by its name, not by null, a number or a truth value; leave it out, or give its name"
    )


@pytest.mark.parametrize("given", ["[]", "''", "[test,null]", "{a: b}"])
def test_what_is_no_name_of_a_file_is_refused(composed, given):
    config = composed("experiment=sst2_tiny", f"data.files.test={given}")
    with pytest.raises(ConfigError, match="allowed is null, the name of a file, or a list of names, of which all"):
        check(config)


def test_the_label_names_of_a_card_can_be_dropped_for_files_with_other_labels(composed):
    config = composed("experiment=sst2_tiny", "data.labels=null")
    assert config.data.labels is None
    check(config)


def test_the_student_of_sst2_tiny_has_at_most_a_quarter_of_the_teachers_layers_weights(composed):
    config = composed("experiment=sst2_tiny")

    def weights(size):
        width, inner = size.hidden_size, size.intermediate_size
        return config.teacher.vocab_size * width + size.layers * (4 * width * width + 2 * width * inner)

    assert weights(config.student.architecture) <= weights(config.teacher.architecture) / 4


def test_the_trainers_settings_have_lightnings_own_names():
    import inspect

    from pytorch_lightning import Trainer

    known = set(inspect.signature(Trainer.__init__).parameters)
    ours = {"join_timeout", "on_nonfinite", "nonfinite_in_a_row", "compile", "activation_checkpointing"}
    assert {field.name for field in dataclasses.fields(TrainerConfig)} - known == ours


def test_every_setting_has_a_word_of_explanation_or_a_section_that_has_one():
    def sections(section):
        yield section
        for field in dataclasses.fields(section):
            if dataclasses.is_dataclass(field.type):
                yield from sections(field.type)

    assert all(
        section.__doc__ and not section.__doc__.startswith(section.__name__ + "(") for section in sections(Config)
    )
