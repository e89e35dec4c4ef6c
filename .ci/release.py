"""Make what a release needs, and refuse one that is not fit: `make release-check`.

Two builds of the wheel have to be the same bytes. Beside it come a bill of materials (CycloneDX), a line on the licence
and the origin of every dependency, and a look for known weaknesses, which asks a server of advisories: where that
cannot be reached, the check fails and says so.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "distill"
_NO_LICENCE = "not said"
_CLASSIFIER = "License :: "
_PATIENCE = 180
_UNCHECKED = "known weaknesses could not be checked"


def dependencies(package: str = PACKAGE) -> dict[str, Distribution]:
    """Return what a package needs, and what that needs in turn, by name, of what is installed here."""
    found: dict[str, Distribution] = {}
    waiting = [package]
    while waiting:
        name = canonical(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # of an extra, or for another system
        waiting += [re.split(r"[ ;<>=!~\[(]", need, maxsplit=1)[0] for need in found[name].requires or ()]
    found.pop(canonical(package), None)
    return dict(sorted(found.items()))


def canonical(name: str) -> str:
    """Return the name of a package as registries compare it.

    >>> canonical("Ruamel.YAML_clib")
    'ruamel-yaml-clib'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package: Distribution) -> str:
    """Return the licence that a package says it has, in a few words."""
    said = package.metadata
    words = said.get("License-Expression") or next(
        (each.split(" :: ")[-1] for each in said.get_all("Classifier") or () if each.startswith(_CLASSIFIER)), None
    )
    words = words or next(iter((said.get("License") or "").strip().splitlines()), "") or _of_file(package)
    return words[:80].replace("|", "/") or _NO_LICENCE


def _of_file(package: Distribution) -> str:
    """Return how the licence begins that a package brings as a file; nothing where it brings none."""
    names = package.metadata.get_all("License-File") or ()
    files = [file for file in package.files or () if file.name in names and ".dist-info" in str(file)]
    lines = (line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return next(filter(None, lines), "")


def origin(package: Distribution) -> str:
    """Return where a package says that its source is, or its page."""
    urls = [each.partition(",")[::2] for each in package.metadata.get_all("Project-URL") or ()]
    by_name = {name.strip().lower(): url.strip() for name, url in urls}
    for name in ("source", "source code", "repository", "github", "code", "homepage"):
        if name in by_name:
            return by_name[name]
    return package.metadata.get("Home-page") or next(iter(by_name.values()), _NO_LICENCE)


def table(packages: dict[str, Distribution]) -> str:
    """Return the licence and the origin of each package as a table of Markdown."""
    rows = [f"| {name} | {each.version} | {licence(each)} | {origin(each)} |" for name, each in packages.items()]
    head = ["# Dependencies", "", "| package | version | licence | origin |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def built(folder: Path, epoch: str) -> Path:
    """Return a wheel of what is committed, built from a copy of its own."""
    source = folder / "source"
    source.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True)  # noqa: S607
    subprocess.run(["tar", "-x"], cwd=source, input=archive.stdout, check=True)  # noqa: S607
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(source)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603
    return next(folder.glob("*.whl"))


def of_commit() -> str:
    """Return when the last commit was made, in seconds, which is the time of every file in the wheel."""
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def checksum(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def problem_of_wheels(target: Path) -> str | None:
    """Build the wheel twice and keep one; return what is wrong with the two, if anything is."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        wheels = [built(Path(folder) / "build", of_commit()) for folder in (one, two)]
        sums = [checksum(wheel) for wheel in wheels]
        shutil.copy(wheels[0], target)
        sys.stdout.write(f"{wheels[0].name}: SHA-256 {sums[0]}\n")
    return None if sums[0] == sums[1] else f"two builds of the wheel differ: {sums[0]} and {sums[1]}"


def problem_of_materials(target: Path, packages: dict[str, Distribution]) -> str | None:
    """Write the bill of materials and the table of licences; return what is missing in them, if anything is."""
    bill = target / "sbom.json"
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable, "--no-validate"]
    command += ["--of", "JSON", "-o", str(bill)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return f"the bill of materials could not be made: {_last(done.stderr)}"
    (target / "dependencies.md").write_text(table(packages), encoding="utf-8")
    listed = {canonical(each["name"]) for each in json.loads(bill.read_text(encoding="utf-8"))["components"]}
    if missing := sorted(packages.keys() - listed):
        return f"the bill of materials lacks {', '.join(missing)}"
    unsaid = [name for name, each in packages.items() if licence(each) == _NO_LICENCE]
    return f"no licence is said of {', '.join(unsaid)}: look it up before a release" if unsaid else None


def problem_of_advisories(packages: dict[str, Distribution], target: Path) -> str | None:
    """Ask for known weaknesses of each version; return those that there are, or why nobody could be asked."""
    pins = target / "versions.txt"
    # A local version, such as the +cpu of torch, is known to no server.
    pins.write_text("".join(f"{name}=={each.version.partition('+')[0]}\n" for name, each in packages.items()))
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--timeout", "10", "-f", "json"]
    try:
        done = subprocess.run([*command, "-r", str(pins)], capture_output=True, text=True, timeout=_PATIENCE)  # noqa: S603
    except subprocess.TimeoutExpired:
        return f"{_UNCHECKED}: no server of advisories answered within {_PATIENCE} seconds"
    return problem_of_answer(done.stdout, done.stderr)


def problem_of_answer(answer: str, said: str) -> str | None:
    """Return what an answer on weaknesses has found, or why it is none: what was left out was not checked."""
    try:
        asked = json.loads(answer)["dependencies"]
    except ValueError:
        return f"{_UNCHECKED}: no server of advisories answered ({_last(said)})"
    if found := [f"{each['name']} {each['version']} ({each['vulns'][0]['id']})" for each in asked if each.get("vulns")]:
        return f"known weaknesses: {', '.join(found)}"
    if left := [each["name"] for each in asked if "skip_reason" in each]:
        return (
            f"{_UNCHECKED} of {len(left)} of {len(asked)} packages, such as {left[0]}: the server knows nothing of them"
        )
    return None


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:200]


def problems(target: Path) -> Iterator[str]:
    """Yield each thing that is not fit for a release."""
    packages = dependencies()
    found = [
        problem_of_wheels(target),
        problem_of_materials(target, packages),
        problem_of_advisories(packages, target),
    ]
    yield from (each for each in found if each is not None)


def main(arguments: Sequence[str]) -> int:
    """Make everything in a folder; return 1 where the release is not fit."""
    target = Path(arguments[0] if arguments else ROOT / "dist" / "release")
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for problem in problems(target):
        sys.stderr.write(f"release-check: {problem}\n")
        count += 1
    sys.stdout.write(f"{target}: {', '.join(sorted(path.name for path in target.iterdir()))}\n")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
