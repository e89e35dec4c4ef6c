"""Which libraries are there, found out without importing them."""

import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from distill.errors import ConfigError

BROUGHT: Mapping[str, tuple[str, ...]] = {
    "": (
        "torch", "transformers", "datasets", "pytorch_lightning", "lightning_utilities", "torchmetrics", "peft",
        "wandb", "hydra", "omegaconf", "yaml", "tokenizers", "safetensors", "huggingface_hub", "pyarrow", "numpy",
        "filelock", "jinja2", "matplotlib", "seqeval", "sklearn", "scipy", "datasketch", "sentencepiece", "google",
        "sacrebleu", "rouge_score", "onnx", "onnxruntime",
    ),
    "serve": (
        "fastapi", "starlette", "pydantic", "pydantic_core", "uvicorn", "uvloop", "httptools", "prometheus_client",
    ),
    "labels": ("cleanlab", "httpx"),
    "track": ("tensorboard", "trackio", "wandb_workspaces"),
    "search": ("optuna", "plotly"),
    "explain": ("captum",),
}  # fmt: skip
"""The extra of this package to what it brings, by the names under which it is imported; all have what has no extra."""


def installed(*names: str) -> bool:
    """Return whether all packages of these names can be imported.

    >>> installed("json"), installed("json", "no_such_package")
    (True, False)
    """
    try:
        return all(find_spec(name) is not None for name in names)
    except ImportError:
        return False


def refuse_missing(what: str, *names: str, extra: str = "") -> None:
    """Refuse to do what takes packages that are not installed.

    Args:
        what: what takes them, such as ``reading Parquet``.
        names: of the packages.
        extra: the extra of this package that brings them; empty where the package alone does.

    Raises:
        ConfigError: one of them is missing.
    """
    if missing := [name for name in names if not installed(name)]:
        raise ConfigError(_missing(what, missing, extra))


def missing_package(error: BaseException) -> str | None:
    """Return a sentence on a package that this one brings and that cannot be imported; none for any other error.

    It is not there, or a file or folder of its name, in the folder where the command was started, stands before it.
    """
    name = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    extra = next((extra for extra, names in BROUGHT.items() if name in names), None)
    if extra is None:
        return None
    if (stranger := _stranger(name)) is not None:
        return f"{stranger} is imported in place of the package {name}: rename it, or run the command in another folder"
    absent = isinstance(error, ModuleNotFoundError) and not installed(name)
    return _missing("this command", [name], extra) if absent else None


def _stranger(name: str) -> Path | None:
    """Return the file by which a package of this name is found in the current folder; none where it is elsewhere."""
    places = (Path.cwd() / f"{name}.py", Path.cwd() / name / "__init__.py")
    found = getattr(sys.modules.get(name), "__file__", None)
    return next((place for place in places if found is not None and Path(found) == place), None)


def say_what_is_missing() -> None:
    """Have an import of a package that is not there end the process with one sentence, before a command can say so."""
    usual = sys.excepthook

    def say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if (sentence := missing_package(error)) is None:
            usual(kind, error, trace)
            return
        sys.stderr.write(f"distill: {sentence}\n")
        sys.exit(2)

    sys.excepthook = say


def _missing(what: str, missing: Sequence[str], extra: str) -> str:
    one = len(missing) == 1
    package = f"'distill[{extra}]'" if extra else "distill"
    return (
        f"{what} takes {' and '.join(missing)}, which {'is' if one else 'are'} not installed: "
        f"pip install {package} brings {'it' if one else 'them'}"
    )
