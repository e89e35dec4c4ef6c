"""Each override of the corpus is refused with its one line, before Hydra reads it."""

import pytest

from distill.config.overrides import inspect_overrides
from distill.errors import ConfigError

RESOLVERS = "there are file_name, hydra, now, oc.select, run_name, swept"
SECTIONS = "job, mode, run, sweep, sweeper, verbose, launcher, output_subdir, searchpath"
OVERRIDES = {
    "the environment": (
        "name=${oc.env:HOME}",
        f"name=${{oc.env:HOME}}: ${{oc.env:...}} reads what is no setting; {RESOLVERS}",
    ),
    "the environment within a call": (
        "name=${run_name:${oc.env:HOME}}",
        f"name=${{run_name:${{oc.env:HOME}}}}: ${{oc.env:...}} reads what is no setting; {RESOLVERS}",
    ),
    "a decoded value": (
        'seed=${oc.decode:"1"}',
        f'seed=${{oc.decode:"1"}}: ${{oc.decode:...}} reads what is no setting; {RESOLVERS}',
    ),
    "a made name of a call": (
        "name=${${a}:HOME}",
        "name=${${a}:HOME}: the name of what is called in ${...:...} is made of settings; a card names it",
    ),
    "a target": ("+x._target_=os.system", "+x._target_=os.system: _target_ names code to be run, …"),
    "a target in braces": ("data={_target_: os.system}", "data={_target_: os.system}: _target_ names code to be…"),
    "a launcher of code": ("hydra.launcher._target_=os.system", "hydra.launcher._target_=os.system: _target_ names…"),
    "a callback": (
        "+hydra.callbacks.x.y=1",
        f"+hydra.callbacks.x.y=1: hydra.callbacks can name code to be run; of hydra the command line may "
        f"have {SECTIONS}",
    ),
    "a logging": ("hydra.job_logging.root=1", "hydra.job_logging.root=1: hydra.job_logging can name code to be run; …"),
    "brackets without an end": ("stages=" + "[" * 500, f"{'stages=' + '[' * 73!r}…: has more than 30 brackets…"),
    "braces without an end": ("a=" + "{a:" * 31, f"a={'{a:' * 31}: has more than 30 brackets within each other"),
    "more than anybody types": ("name=" + "a" * 10_000, f"{'name=' + 'a' * 75!r}…: has 10,005 characters; one has at…"),
    "half a character": ("name='\udcff'", "name='\udcff': holds a NUL or half a character, which no setting has"),
    "null for a card": (
        "teacher=null",
        "teacher=null: null is no card; leave it out, or take away what another card chooses with ~teacher",
    ),
    "null for a card in a sweep": (
        "experiment=sst2_tiny,null",
        "experiment=sst2_tiny,null: null is no card; leave it…",
    ),
    "null for a further card": ("+teacher@more_teachers.b=NULL", "+teacher@more_teachers.b=NULL: null is no card; …"),
    "null for what Hydra chooses": ("hydra/launcher=null", "hydra/launcher=null: null is no card; leave it out"),
    "a number for a card": (
        "student=1",
        "student=1: a card is chosen by its name; quotes within quotes make one of 1, as in \"student='1'\"",
    ),
    "numbers for a card": ("student=range(1,3)", "student=range(1,3): a card is chosen by its name; quotes within…"),
    "no folder of a run": (
        "hydra.run.dir=",
        "hydra.run.dir=: names no folder; give one, as in hydra.run.dir=FOLDER, or leave it out",
    ),
    "a number for true": ("data.drop_bad=-1", "data.drop_bad=-1: allowed is true, false or null"),
    "a text of a number for true": ("trainer.compile='2'", "trainer.compile='2': allowed is true or false"),
    "a long number for true": (
        "teacher.finetuned=" + "9" * 20,
        f"teacher.finetuned={'9' * 20}: allowed is true or false",
    ),
    "a number for true in braces": ("data={drop_bad: -1}", "data={drop_bad: -1}: data.drop_bad takes true, false or …"),
    "a number for true in a sweep": ("trainer.compile=0,2", "trainer.compile=0,2: allowed is true or false"),
    "numbers for true": ("trainer.compile=range(0,9)", "trainer.compile=range(0,9): allowed is true or false"),
    "a number for true of a name": (
        "+more_teachers.b.finetuned=3",
        "+more_teachers.b.finetuned=3: allowed is true or false",
    ),
    "no name": ("=3", "=3: there is no name before the =; give it as NAME=VALUE"),
    "no name of a package": ("@=3", "@=3: there is no name before the =; give it as NAME=VALUE"),
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_bad_override_is_refused_with_its_line(name):
    argument, said = OVERRIDES[name]
    with pytest.raises(ConfigError) as error:
        inspect_overrides(["experiment=sst2_tiny", argument])
    expected, cut, _ = said.rpartition("…") if said.endswith("…") else (said, "", "")
    line = str(error.value)
    assert "\n" not in line
    assert line.startswith(expected) if cut else line == expected


def test_letters_that_the_locale_does_not_know_are_put_down_to_it(monkeypatch):
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")
    with pytest.raises(ConfigError) as error:
        inspect_overrides(["hydra.run.dir=r_\udcc3\udca9"])
    assert str(error.value).endswith(
        ": holds letters that the locale, ascii, does not know; put PYTHONUTF8=1 before the command"
    )


def test_overrides_that_are_usual_are_taken():
    inspect_overrides(
        [
            "-m", "--config-dir=x", "experiment=sst2_tiny", "data.labels={a: [1, 2]}",
            "+teacher@more_teachers.b=minilm",
            "hydra/launcher=submitit_slurm", "hydra/job_logging=other_ranks",
            "hydra.run.dir=outputs/${now:%Y}", "hydra.sweep.subdir=${hydra:job.num}",
            "name='a ${seed}'", "~student", "~teacher=null", "student='1'", "teacher=[a,b]",
            "student=a,b", "teacher={a: 1}", "student=glob(*)", "student=[",
            "hydra.launcher.partition=gpu", "distill.temperature=range(1,4)",
            "label.prompt='a\nb'",
        ]
    )  # fmt: skip
