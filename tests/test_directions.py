"""The rooms of the house know each other only in the directions that were agreed."""

import ast
import os
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "distill"
EVERYONE = {"errors", "types", "base"}
PARTS = {
    "baselines",
    "comparison",
    "data",
    "distributed",
    "explanation",
    "export",
    "inference",
    "labelling",
    "metrics",
    "models",
    "objective",
    "report",
    "selection",
    "serving",
    "student",
    "tasks",
    "teacher",
    "tracking",
    "training",
}
ALLOWED = {
    "__init__": {"api", "inference", "loop", "objective"},
    "__main__": {"ending"},
    "api": {"config", "pipeline", "inference"},
    "run": {"ending", "launch", "sbatch", "config", "pipeline"},
    "sbatch": {"config"},
    "design": {"ending", "launch", "config", "designer"},
    "search": {"ending", "launch", "config", "searching"},
    "searching": {"pipeline", "stages", "config", *PARTS},
    "doctor": {"ending", "launch", "config", "diagnosis"},
    "diagnosis": {"pipeline", "stages", "config", *PARTS},
    "predict": {"ending", "config", "inference", "data", "tasks"},
    "ask": {"ending", "config", "inference"},
    "label": {"ending", "launch", "config", "pipeline"},
    "select": {"ending", "config", "data", "selection", "tasks"},
    "serve": {"ending", "config", "serving"},
    "convert": {"ending", "models"},
    "dashboard": {"ending", "config", "comparison", "tracking", "report"},
    "compare": {"ending", "config", "comparison", "pipeline", "report"},
    "gate": {"ending", "config", "pipeline"},
    "refresh": {"ending", "config", "refreshing"},
    "refreshing": {"pipeline", "stages", "config", *PARTS},
    "explain": {"ending", "config", "explanation", "inference"},
    "counterfactuals": {"ending", "config", "explanation"},
    "sweep": {"config", "comparison"},
    "store": {"ending", "config", "pipeline", "report"},
    "launch": set(),
    "loop": {"models", "objective"},
    "ending": set(),
    "designer": {"pipeline", "stages", "config", *PARTS},
    "pipeline": {"stages", "config", *PARTS},
    "stages": {"config", *PARTS},
    "config": {
        "baselines",
        "data",
        "tasks",
        "objective",
        "student",
        "export",
        "inference",
        "serving",
        "labelling",
        "selection",
        "tracking",
    },
    "baselines": {"tasks"},
    "data": set(),
    "metrics": set(),
    "objective": set(),
    "tasks": set(),
    "models": set(),
    "report": set(),
    "comparison": {"report"},
    "distributed": set(),
    "student": {"models", "objective", "tasks"},
    "inference": {"data", "distributed", "metrics", "models", "tasks"},
    "labelling": {"data", "models"},
    "selection": {"data", "inference", "tasks"},
    "explanation": {"data", "inference", "metrics", "models", "report", "tasks"},
    "teacher": {"inference", "models", "tasks"},
    "tracking": {"report"},
    "training": {"metrics", "models", "objective"},
    "export": {"inference", "models", "report", "tasks"},
    "serving": {"inference", "models", "tasks", "data"},
    "errors": set(),
    "types": set(),
    "base": set(),
}
QUICK = {
    "__init__",
    "__main__",
    "api",
    "ask",
    "label",
    "select",
    "run",
    "sbatch",
    "ending",
    "launch",
    "design",
    "search",
    "doctor",
    "convert",
    "predict",
    "serve",
    "store",
    "compare",
    "gate",
    "refresh",
    "explain",
    "counterfactuals",
    "dashboard",
    "sweep",
    "config",
    "tasks",
    "errors",
    "types",
    "base",
}
NOT_BEFORE_SETTINGS_ARE_CHECKED = {
    "tasks/arrays.py", "tasks/collating.py", "tasks/masked_language_modeling.py", "tasks/causal_language_modeling.py",
    "tasks/next_sentence_prediction.py",
}  # fmt: skip
"""What of quick rooms no setting asks for."""
HEAVY = {
    "torch", "numpy", "transformers", "datasets", "pytorch_lightning", "torchmetrics", "wandb", "peft", "matplotlib",
}  # fmt: skip
IMPORTS = (ast.Import, ast.ImportFrom)
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


@cache
def statements(path: Path) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The imports of a module: all of them, and those that are made when it is imported itself."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    both = [[node for node in nodes if isinstance(node, IMPORTS)] for nodes in (ast.walk(tree), tree.body)]
    assert not any(getattr(node, "level", 0) for node in both[0]), f"{path} imports relatively"
    return both[0], both[1]


def imports(path: Path, *, only_at_start: bool = False):
    for node in statements(path)[only_at_start]:
        if isinstance(node, ast.ImportFrom) and node.module != "distill":
            yield node.module
        else:
            yield from (alias.name if isinstance(node, ast.Import) else f"distill.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_room_imports_only_the_rooms_it_may_know(name):
    known = {"errors", name} if name in EVERYONE else ALLOWED[name] | EVERYONE | {name}
    others = {
        path.as_posix(): strangers
        for path in MODULES
        if room(path) == name
        and (strangers := {name.split(".")[1] for name in imports(path) if name.startswith("distill.")} - known)
    }
    assert others == {}


def test_no_part_knows_where_its_arguments_come_from():
    settings = {"hydra", "omegaconf"}
    parts = [path for path in MODULES if room(path) in PARTS]
    assert [path for path in parts if {name.split(".")[0] for name in imports(path)} & settings] == []


def test_what_answers_a_typo_imports_nothing_heavy():
    quick = [path for path in MODULES if room(path) in QUICK]
    asked = [path for path in quick if path.as_posix() not in NOT_BEFORE_SETTINGS_ARE_CHECKED]
    at_start = {path: {name.split(".")[0] for name in imports(path, only_at_start=True)} for path in asked}
    assert {path: names & HEAVY for path, names in at_start.items() if names & HEAVY} == {}


def test_settings_are_checked_for_every_task_and_student_without_anything_heavy():
    program = (
        "import sys\n"
        "from distill.config.validate import problems\n"
        "from distill.config.schema import Config\n"
        "from distill.config.student import StudentConfig\n"
        "from distill.student import STUDENTS\n"
        "from distill.tasks import TASKS\n"
        "for name in (*TASKS, 'none'): problems(Config(task=name))\n"
        "for name in STUDENTS: problems(Config(student=StudentConfig(init=name)))\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    command = [sys.executable, "-c", program, *HEAVY]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_room_has_its_directions_written_down():
    assert {room(path) for path in MODULES} == set(ALLOWED)


def _at_start(path: Path) -> set[str]:
    """The modules of the package that a module imports when it is imported itself."""
    names = set()
    for node in statements(path)[True]:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            names |= {
                name if name in BY_NAME else node.module
                for each in node.names
                for name in [f"{node.module}.{each.name}"]
            }
    return names & BY_NAME.keys()


def dotted(path: Path) -> str:
    return ".".join(("distill", *path.with_suffix("").parts)).removesuffix(".__init__")


BY_NAME = {dotted(path): path for path in MODULES}


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: _at_start(path) for name, path in BY_NAME.items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"these modules import each other: {' -> '.join(error.args[1])}")


ALONE = """
import os, sys
import datasets, peft, pytorch_lightning, torch, torchmetrics, transformers, wandb
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            __import__(name)
        except BaseException as error:
            print(f"{name}: {error!r}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.long
def test_every_module_imports_alone():
    """Each in a process to which the package is new; what it takes of others is there already."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", ALONE, *BY_NAME], env=environment, text=True, capture_output=True)
    assert (done.stdout, done.returncode) == ("", 0)
