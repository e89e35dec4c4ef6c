"""What the pages of ``docs/extending`` teach to add, made in a copy of the repository.

Every fence of such a page is tried, in the order of the page, and a page that leaves something out fails:

* A ``python`` fence whose first line is ``# PATH`` is a new file of that path, which must not be there yet. A path
  begins in the root of the repository and ends in ``.py``; what comes after the first line is the file's content.
* A ``yaml`` fence whose first line is ``# file: PATH`` is a new card of that path.
* With ``# PATH, before: LINE`` or ``# PATH, after: LINE`` as its first line, the rest of the fence is put before or
  after the last line of that file that is ``LINE`` (without the blanks around it), indented as it stands in the page.
* A ``python`` fence whose first line is no such comment is a script, run in the copy.
* A fence without a language holds commands, one a line, run in the copy; each must end with exit code 0.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import forked

ROOT = Path(__file__).parents[2]
COPIED = ("distill", "docs", "experiments", "students", "teachers", "tests")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"# (?:file: )?([\w/.-]+\.(?:py|yaml))(?:, (before|after): (.+))?$")


@dataclass(frozen=True)
class Step:
    """A fence of a page.

    Attributes:
        path: of the file that it is, or changes; none of a script or of commands.
        where: ``before`` or ``after``, of a file that it changes.
        line: of that file, next to which it goes.
        language: of the fence.
        content: without the line that says where it goes.
    """

    path: str | None
    where: str | None
    line: str | None
    language: str
    content: str


def steps(text):
    """The fences of a page, in their order."""
    found = []
    for language, content in FENCE.findall(text):
        first, _, rest = content.partition("\n")
        place = PLACE.match(first) if language else None
        found.append(Step(*place.groups(), language, rest) if place else Step(None, None, None, language, content))
    return found


def touched(text):
    """The files that a page adds, and those that it changes."""
    changed = {step.path for step in steps(text) if step.where}
    return {step.path for step in steps(text) if step.path} - changed, changed


def copy(folder):
    """Copy what of the repository a page may build on."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(ROOT / "pyproject.toml", folder)


def write(step, folder):
    """Write the file of a step, or change it."""
    path = folder / step.path
    if step.where is None:
        assert not path.exists(), f"{step.path} is there already; say before or after which line"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.content, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = max((number for number, line in enumerate(lines) if line.strip() == step.line), default=None)
    assert at is not None, f"{step.path} has no line {step.line!r}"
    lines.insert(at + (step.where == "after"), step.content)
    path.write_text("".join(lines), encoding="utf-8")


def run(words, folder, *, imports_all=False):
    """Run a program in the copy, whose code is the one that is imported, and return what it writes.

    Libraries are there already, of which one of Python's programs that ``imports_all`` itself has nothing.
    """
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = (
        forked.run(words[1:], env=environment, cwd=folder)
        if words[0] == sys.executable and not imports_all
        else subprocess.run(words, env=environment, capture_output=True, cwd=folder, check=False)
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done.stdout.decode()


def follow(text, folder):
    """Do what a page says, in a copy, and return what each of its programs writes."""
    copy(folder)
    written = []
    for step in steps(text):
        if step.path:
            write(step, folder)
        elif step.language == "python":
            written.append(run([sys.executable, "-c", step.content], folder))
        elif not step.language:
            for line in step.content.splitlines():
                program, *rest = shlex.split(line, comments=True) or [""]
                if program:
                    written.append(run([sys.executable if program == "python" else program, *rest], folder))
    return written
