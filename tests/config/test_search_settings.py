"""What may be searched: ranges and lists of values of single settings that some trial reads."""

import pytest

from distill.config.distillation import DistillConfig
from distill.config.search import SearchConfig, SearchSection, check, space_of
from distill.config.search_space import Choice, Range, with_values
from distill.config.student import StudentConfig
from distill.errors import ConfigError

TEMPERATURE = {"low": 1, "high": 8}


def config(space, **given):
    section = {name: given.pop(name) for name in ("objectives", "metric", "name") if name in given}
    return SearchConfig(search=SearchSection(space=space, **section), **given)


def refusal(space, overrides=(), folders=(), **given):
    with pytest.raises(ConfigError) as error:
        check(config(space, **given), overrides, folders)
    return str(error.value)


def test_a_space_is_read_however_its_keys_are_nested():
    given = config(
        {
            "distill": {"temperature": TEMPERATURE, "optimizer": {"lr": {"low": 1e-4, "high": 1e-2, "log": True}}},
            "student.architecture.layers": {"low": 1, "high": 8, "step": 2},
            "distill.scheduler.name": ["linear", "cosine"],
        }
    )
    check(given, [], [])
    assert space_of(given) == {
        "distill.temperature": Range(1.0, 8.0),
        "distill.optimizer.lr": Range(1e-4, 1e-2, log=True),
        "student.architecture.layers": Range(1, 7, step=2, whole=True),
        "distill.scheduler.name": Choice(("linear", "cosine")),
    }


def test_the_command_line_has_the_last_word_on_a_key():
    given = config({"distill.temperature": TEMPERATURE, "distill": {"temperature": [1, 2]}})
    assert space_of(given) == {"distill.temperature": Choice((1, 2))}


def test_values_are_set_in_the_type_of_the_setting():
    changed = with_values(
        SearchConfig(), {"distill.temperature": 3, "distill.shares.soft": 60, "student.init": "static"}
    )
    assert (changed.distill.temperature, changed.distill.shares["soft"]) == (3.0, 60.0)
    assert changed.student.init == "static"
    assert isinstance(changed, SearchConfig)
    assert SearchConfig().distill.temperature == 2.0
    with pytest.raises(ConfigError, match=r"^search\.space\.distill\.temperature: Value 'hot'"):
        with_values(SearchConfig(), {"distill.temperature": "hot"})


@pytest.mark.parametrize(
    ("value", "holds"), [(1, True), (2, False), (3.0, True), (7, True), (8, False), (True, False), (None, False)]
)
def test_a_range_holds_what_a_trial_may_have(value, holds):
    assert Range(1, 7, step=2, whole=True).holds(value) is holds


@pytest.mark.parametrize(
    ("space", "problem"),
    [
        ({}, "search.space: nothing is searched; give search=CARD, or search.space.KEY=[VALUE,VALUE]"),
        (
            {"distill.temprature": TEMPERATURE},
            "search.space.distill.temprature: unknown setting; did you mean temperature? distill has max_epochs, ",
        ),
        ({"learning_rate": [1, 2]}, "search.space.learning_rate: unknown setting; "),
        ({"distill.soft": [1, 2]}, "search.space.distill.soft: is no single setting; a search looks for values of"),
        ({"seed": [1, 2]}, "search.space.seed: no trial can change it; a search looks for settings of distill and stu"),
        ({"teacher.model": ["a", "b"]}, "search.space.teacher.model: no trial can change it; a search looks for"),
        ({"distill.temperature": 4}, "search.space.distill.temperature=4: give {low: NUMBER, high: NUMBER} (and log: "),
        ({"distill.temperature": [4]}, "search.space.distill.temperature=[4]: allowed are 2 to 100 values, each once"),
        ({"distill.temperature": [4, 4]}, "search.space.distill.temperature=[4, 4]: allowed are 2 to 100 values, each"),
        ({"distill.temperature": [[1], 2]}, "search.space.distill.temperature: [1] is no single value, such as a num"),
        ({"distill.temperature": {"low": 1}}, "search.space.distill.temperature={low: 1}: give {low: NUMBER, high: NU"),
        (
            {"distill.temperature": {"low": 8, "high": 1}},
            "search.space.distill.temperature={low: 8, high: 1}: allowed is low below high, and step above 0, ",
        ),
        (
            {"distill.temperature": {"low": 0, "high": 8, "log": True}},
            "search.space.distill.temperature={low: 0, high: 8, log: true}: log is true or false; true has no step, ",
        ),
        (
            {"distill.temperature": {"low": "cold", "high": 8}},
            "search.space.distill.temperature={low: cold, high: 8}: allowed are numbers for low, high and step",
        ),
        (
            {"distill.max_epochs": {"low": 1.5, "high": 3}},
            "search.space.distill.max_epochs={low: 1.5, high: 3}: distill.max_epochs takes whole numbers",
        ),
        (
            {"distill.scheduler.name": {"low": 1, "high": 3}},
            "search.space.distill.scheduler.name={low: 1, high: 3}: distill.scheduler.name takes no range of numbers",
        ),
        (
            {"distill.temperature": {"low": 0, "high": 8}},
            "search.space.distill.temperature=0.0: allowed is a number from 1e-6 to 1e6",
        ),
        (
            {"distill.scheduler.name": ["linear", "square"]},
            "search.space.distill.scheduler.name=square: allowed is one of linear, cosine, constant",
        ),
        ({"distill.max_epochs": [1, "two"]}, "search.space.distill.max_epochs: Value 'two' of type 'str' could not be"),
    ],
)
def test_what_is_no_space_is_refused_with_the_reason(space, problem):
    assert f"\n  {problem}" in refusal(space)


def test_a_setting_that_nothing_reads_is_refused():
    said = refusal({"distill.optimizer.momentum": [0.8, 0.9]})
    assert said == (
        "1 problem in the settings\n  search.space.distill.optimizer.momentum=0.8: belongs to "
        "distill.optimizer.name=sgd; allowed is 0.9"
    )
    check(config({"distill.optimizer.momentum": [0.8, 0.9], "distill.optimizer.name": ["sgd", "adamw"]}), [], [])


def test_a_student_that_does_not_read_it_is_named():
    student, space = StudentConfig(init="static"), {"student.lstm.layers": [1, 2]}
    assert "search.space.student.lstm.layers=2: belongs to student.init=bilstm" in refusal(space, student=student)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"trials": 0}, "trials=0: allowed is a whole number from 1 up"),
        ({"workers": 0}, "workers=0: allowed is a whole number from 1 up"),
        ({"objectives": ["size"]}, "search.objectives=['size']: allowed is [score], and with it size, latency or both"),
        (
            {"objectives": ["score", "latency"], "workers": 2},
            "workers=2: latency is measured while nobody else works; allowed is 1",
        ),
        ({"metric": "bleu"}, "search.metric=bleu: allowed is accuracy, f1, matthews"),
        ({"name": "a/b"}, "search.name=a/b: allowed is letters, digits, and . _ - between them"),
        ({"stages": ["teach", "evaluate"]}, "stages=['teach', 'evaluate']: a search trains students; add distill"),
        (
            {"seeds": [1, 2]},
            "seeds=[1, 2]: a trial trains one student; give seed=, and several seeds to the run of the",
        ),
        ({"output": ""}, "output=: allowed is a folder"),
        ({"distill": DistillConfig(temperature=0)}, "distill.temperature=0: allowed is a number from 1e-6 to 1e6"),
    ],
)
def test_other_settings_of_a_search_are_refused_with_the_reason(given, problem):
    assert f"\n  {problem}" in refusal({"distill.temperature": TEMPERATURE}, **given)


def test_all_problems_stand_in_one_message():
    space = {"distill.temprature": TEMPERATURE, "distill.max_epochs": 3}
    said = refusal(space, ["distill.dropout=0.1"], ["elsewhere"], metric="bleu")
    assert said.startswith("4 problems in the settings\n")
    assert (
        "output=searches: a run reads cards from one folder; with --config-dir elsewhere allowed is output=elsewhere"
        in said
    )


def test_pruning_by_several_objectives_is_refused_where_it_is_asked_for():
    several, space = {"objectives": ["score", "size"]}, {"distill.temperature": TEMPERATURE}
    assert "\n  search.prune=true: Optuna prunes by one objective, and there are 2; leave it out, or give search." in (
        refusal(space, ["search.prune=true"], **several)
    )
    check(config(space, **several), [], [])


def test_what_is_searched_is_not_given_besides():
    said = refusal({"distill.temperature": TEMPERATURE}, ["distill.temperature=4"])
    assert said.endswith(
        "search.space.distill.temperature: is given on the command line as well; leave one of the two out"
    )
