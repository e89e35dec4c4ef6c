"""Tell what a folder without whole safetensors weights holds instead, and how to make a usable one of it."""

import json
import shlex
from pathlib import Path

from distill.errors import ModelError

PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
"""What torch pickles weights into."""
_NO_WEIGHTS = (
    "training_args.bin",
    "optimizer.*",
    "scheduler.*",
    "scaler.*",
    "rng_state*",
    "adapter_model.*",
    "openvino_*",
    "ggml*",
)
"""What is pickled beside weights, or is only called as if it were."""
_OTHER_SOFTWARE = {
    "*.h5": "TensorFlow",
    "*.msgpack": "Flax",
    "*.onnx": "ONNX",
    "*.gguf": "llama.cpp (GGUF)",
    "*.ot": "Rust",
    "*.tflite": "TensorFlow Lite",
    "*.mlmodel": "Core ML",
    "*.pkl": "pickle",
    "openvino_*.bin": "OpenVINO",
    "ggml*.bin": "llama.cpp (GGML)",
    "*.ckpt*.index": "TensorFlow 1",
    "*.npz": "NumPy",
}
_UNFINISHED = ("*.incomplete", "*.part", "*.partial", "*.crdownload", "*.download", "*.aria2", "*.tmp")
"""What programs call a file that is not there yet."""
_ADAPTER = "adapter_config.json"


def refuse_adapters(folder: Path) -> None:
    """Refuse weights of an adapter alone, and of an adapter beside a whole model, which may or may not be meant.

    Raises:
        ModelError: there is an adapter.
    """
    merge = "merge it into its base once, with peft's merge_and_unload(), save that, and give its folder"
    whole = any(folder.glob("model*.safetensors"))
    if (folder / _ADAPTER).is_file() and not whole:
        raise ModelError(f"{folder} is an adapter{_base(folder)}, not a whole model: {merge}")
    adapter_files = [path.name for path in (*folder.glob(_ADAPTER), *folder.glob("adapter_model.*"))]
    if adapter_files and whole:
        raise ModelError(
            f"{folder} holds an adapter ({', '.join(sorted(adapter_files))}) beside a whole model, and which is meant "
            f"is not said: {merge}; or leave the adapter's files out"
        )
    if adapter_files:
        raise ModelError(f"{folder} holds an adapter alone ({', '.join(sorted(adapter_files))}): {merge}")


def _base(folder: Path) -> str:
    try:
        name = json.loads((folder / _ADAPTER).read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError):
        return ""  # it is refused whatever its base is called
    return f" of '{name}'" if isinstance(name, str) else ""


def pickled_files(folder: Path) -> list[Path]:
    """Return the files of a folder into which torch pickled weights."""
    files = {path for pattern in PICKLED for path in folder.glob(pattern) if path.is_file()}
    return sorted(path for path in files if not any(path.match(pattern) for pattern in _NO_WEIGHTS))


def no_weights(folder: Path) -> str:
    """Return why a folder has no weights that can be read, and what to do about it, as a sentence."""
    if pickled := pickled_files(folder):
        return _conversion(folder, [path.name for path in pickled])
    foreign = {
        path.name: software for pattern, software in _OTHER_SOFTWARE.items() for path in sorted(folder.glob(pattern))
    }
    if foreign:
        listed = ", ".join(f"{name} ({software})" for name, software in foreign.items())
        return (
            f"{folder} has weights for other software alone: {listed}; give a folder with model.safetensors, "
            "such as the one that these were made of"
        )
    unfinished = sorted(path.name for pattern in _UNFINISHED for path in folder.glob(pattern))
    if unfinished:
        return f"{folder} has no weights but a download that was not finished ({unfinished[0]}): fetch it again"
    parts = sorted(path.name for path in folder.glob("*.safetensors"))
    if parts:
        return (
            f"{folder} has neither model.safetensors nor model.safetensors.index.json, which says what "
            f"{', '.join(parts[:3])}{' and others' if len(parts) > 3 else ''} hold: fetch or rename it"
        )
    return f"{folder} has no weights: there is no *.safetensors file in it{_below(folder)}"


def _below(folder: Path) -> str:
    """Return a hint on where weights are, if they are one level down, as in exports for several kinds of software."""
    paths = [
        path for pattern in ("*.safetensors", "*.bin", *_OTHER_SOFTWARE) for path in sorted(folder.glob(f"*/{pattern}"))
    ]
    return f", but {paths[0].relative_to(folder)} one folder down" if paths else ""


def _conversion(folder: Path, names: list[str]) -> str:
    target = f"{folder.resolve().name}-safetensors"
    command = ["python", "-m", "distill.convert", f"model={folder}", f"output={target}"]
    return (
        f"{folder} has only pickled weights ({', '.join(names)}), which can run a stranger's code when they are "
        f"loaded; convert them once, by what takes nothing but tensors, and give {target} instead: "
        f"{shlex.join(command)}"
    )


def describe_headless(folder: Path, architectures: list[str], head: str) -> str:
    """Return what a folder without a task head is, as far as can be seen: ``: ...``, or nothing."""
    if (folder / "model_head.pkl").is_file():
        return ": it is a SetFit folder, whose head is pickled in model_head.pkl"
    if (folder / "modules.json").is_file():
        return ": it is a folder of sentence-transformers (modules.json), which has none"
    if architectures and head not in architectures:
        return f": config.json says {', '.join(architectures)}"
    return ""
