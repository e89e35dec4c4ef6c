"""What two runs left, compared bit for bit, and their reports, but for what times decide."""

import json
import re

TIMED = re.compile(
    r"seconds|latency|milliseconds|per_second|speed|memory|rss|energy|resources|made$|status|command|folder|date|"
    r"created|started|finished$|costs|free_bytes|resumed|^bytes$"
)
"""Fields of a report that time, or how often a run was begun, decides; bytes count the digits of times."""
TIMED_FILES = re.compile(r"student/(README\.md|config\.json|certificate\.json|checksums\.json)")
"""Files of an export that hold latencies, or the command with its folders."""
PART = re.compile(r"part-\d+-\d+\.safetensors")


def plain(content):
    """A report without what times decide."""
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items() if not TIMED.search(key)}
    return [plain(value) for value in content] if isinstance(content, list) else content


def differences(whole, other):
    """The files, results and fields of the report in which two runs differ, given folder and store of each."""
    names = [sorted(path.name for path in store.glob("[a-z]*-*")) for _, store in (whole, other)]
    if names[0] != names[1]:
        return [f"stages {names[0]} and {names[1]}"]
    found = []
    for name in names[0]:
        first, second = ({**contents(store / name), "its result": result(store / name)} for _, store in (whole, other))
        found += [f"{path} of {name}" for path in first.keys() | second.keys() if first.get(path) != second.get(path)]
    reports = [plain(json.loads((folder / "run" / "report.json").read_text())) for folder, _ in (whole, other)]
    fields = reports[0].keys() | reports[1].keys()
    return found + [f"{key} of report.json" for key in fields if reports[0].get(key) != reports[1].get(key)]


def result(stage):
    return plain(json.loads((stage / "manifest.json").read_text())["result"])


def contents(stage):
    """What the files of a stage hold: of tensors their bytes, since a header has no order; parts of one pass as one."""
    files, parts = {}, {}
    for name in json.loads((stage / "manifest.json").read_text())["files"]:
        path = stage / name
        if PART.fullmatch(path.name):
            parts.setdefault(f"{path.parent.relative_to(stage)}/part-*", []).append(tensors(path))
        elif path.suffix == ".safetensors":
            files[name] = {key: bytes_of(each) for key, each in tensors(path).items()}
        elif not TIMED_FILES.search(name):
            files[name] = path.read_bytes()
    return files | {name: rows(each) for name, each in parts.items()}


def tensors(path):
    from safetensors.torch import load_file

    return load_file(path)


def bytes_of(tensor):
    return str(tensor.dtype), tuple(tensor.shape), tensor.contiguous().numpy().tobytes()


def rows(parts):
    """The rows of all parts by the text that they answer: a pass that goes on cuts them elsewhere."""
    every = [dict(zip(part, row, strict=True)) for part in parts for row in zip(*part.values(), strict=True)]
    return {int(row["key"]): {name: bytes_of(value) for name, value in row.items()} for row in every}
