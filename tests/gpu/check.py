"""What only a GPU can show, in at most eight minutes: ``python tests/gpu/check.py [OUT.json]`` from the checkout.

Correctness first: losses against a CPU in double precision, a step that waits for nothing, an interrupted run that
ends bit-equal, two ranks where there are two GPUs, sharded or not, other precisions; then step times, and what compiles
last. Where there is no GPU it says so and ends. Each check is a line, and what it measured goes into OUT.json; the exit
code is 1 where one fails.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "training")]
SECONDS = 450
"""After which nothing further begins, and a run that is not done is ended; the rest is for what cannot be ended."""
BEGIN = time.monotonic()


class TimeIsOverError(Exception):
    """No further part of a check begins."""


def seconds_left() -> float:
    """Return the seconds that are left.

    Raises:
        TimeIsOverError: none are.
    """
    if (left := BEGIN + SECONDS - time.monotonic()) <= 0:
        raise TimeIsOverError(f"{SECONDS} seconds are over")
    return left


def no_gpu() -> str | None:
    """Return why nothing can be checked here, or none."""
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    return None if torch.cuda.is_available() else "there is no NVIDIA GPU"


def losses_as_on_a_cpu() -> dict[str, Any]:
    """Every kind of term, forward and backward, on a GPU in 64, 32 and 16 bits against the CPU in 64."""
    import torch
    from any_devices import of_bert
    from small_training import Table, collate

    from distill.data.batching import Place
    from distill.models.forward import outputs

    def values(device: str, dtype: torch.dtype, halved: bool = False) -> tuple[dict[str, float], torch.Tensor]:
        student, objective, teacher = of_bert()
        student, objective = student.to(device, dtype), objective.to(device, dtype)
        teacher.model = teacher.model.to(device, torch.bfloat16 if halved else dtype)
        rows = tuple(range(12))
        batch = {name: each.to(device) for name, each in collate(Table(30)[list(rows)], Place(rows)).items()}
        with torch.autocast(device, torch.bfloat16, enabled=halved):
            report = objective(outputs(student, batch, hidden=True), teacher(batch), batch["labels"])
        report.total.backward()
        moved = [weight.grad.flatten().double().cpu() for weight in student.parameters() if weight.grad is not None]
        return {name: float(value) for name, value in report.parts.items()}, torch.cat(moved)

    expected, gradient = values("cpu", torch.float64)
    apart = {}
    double, single = torch.float64, torch.float32
    bounds = {"64": (double, 1e-10, False), "32": (single, 1e-3, False), "bf16": (single, 0.1, True)}
    for name, (dtype, bound, halved) in bounds.items():
        found, moved = values("cuda", dtype, halved)
        losses = max(abs(found[term] - value) / max(abs(value), 0.05) for term, value in expected.items())
        apart[name] = {"losses": losses, "gradient": float((moved - gradient).norm() / gradient.norm())}
        if not max(apart[name].values()) < bound:
            raise ValueError(f"{name} bits: {apart[name]}, above {bound}")
    return apart


SMALL = [
    "experiment=sst2_tiny",
    "data.source=embedded",
    "data.limit.train=192",
    "data.limit.validation=64",
    "data.limit.test=64",
    "data.max_length=24",
    "teacher.vocab_size=300",
    "pretrain.max_epochs=1",
    "finetune.max_epochs=1",
    "distill.max_epochs=2",
    "pretrain.min_steps=0",
    "finetune.min_steps=0",
    "distill.min_steps=0",
    "teacher.accept=true",
    "evaluate.latency_samples=3",
    "evaluate.resamples=100",
    "evaluate.baselines=[]",
    "tracking.wandb=disabled",
    "distill.dropout=0.1",
    "distill.hidden.weight=1",
    "stages=[pretrain,finetune,distill,evaluate,export]",
    "export.formats=[huggingface]",
]
SIZES = (
    "teacher.architecture={layers: 2, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}",
)


def run(folder: Path, *settings: str, kill_at: int | None = None) -> str:
    """Run the chain in a folder with a store of its own; killed once so many steps of the student are logged."""
    given = [sys.executable, "-m", "distill.run", *SMALL, *SIZES, "teacher.store=never", *settings]
    given += [f"store={folder}/store", f"hydra.run.dir={folder}/run"]
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    log = folder / "log.txt"
    seconds_left()
    with log.open("a") as out:
        process = subprocess.Popen(given, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=environment)
        while process.poll() is None:
            time.sleep(0.05)
            if time.monotonic() > BEGIN + SECONDS:
                process.kill()
                process.wait()
                seconds_left()
            curves = [path.read_text().count("train/soft") for path in folder.glob("store/*distill-*/metrics.csv")]
            if kill_at is not None and max(curves, default=0) >= kill_at:
                process.kill()
    said = log.read_text()
    if process.returncode and kill_at is None:
        raise ValueError(said[-2000:])
    return said


def weights(folder: Path) -> dict[str, Any]:
    """Return the weights of the student that a run has left."""
    from safetensors.torch import load_file

    return load_file(next(folder.glob("store/distill-*/model/model.safetensors")))


def far(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """Return the largest difference of two models' weights."""
    return max(float((found[name] - weight).abs().max()) for name, weight in expected.items())


def resumes_bit_for_bit() -> dict[str, Any]:
    """A run that is killed while the student learns ends with the weights of one that is not.

    Where two runs that nobody killed differ, since a kernel adds up in any order, by how much is said beside it.
    """
    every = ("checkpoint.every_n_train_steps=2", "trainer.log_every_n_steps=1", "data.batch_size=8")
    with tempfile.TemporaryDirectory() as name:
        whole, cut = Path(name) / "whole", Path(name) / "cut"
        run(whole, *every)
        run(cut, *every, kill_at=7)
        said = run(cut, *every)
        found = {"largest difference": far(weights(cut), weights(whole))}
        if "distill: goes on where it was interrupted" not in said:
            raise ValueError("it was not interrupted while the student learnt")
        if found["largest difference"]:
            run(Path(name) / "again", *every)
            found["of two uncut runs"] = far(weights(Path(name) / "again"), weights(whole))
            if not found["of two uncut runs"]:
                raise ValueError(f"resumed and uncut weights differ: {found}")
    return found


def mixed_precision_trains() -> dict[str, Any]:
    """The chain in bf16 with a live teacher in bf16, compiled, and with layers computed again."""
    found = {}
    ways = {
        "bf16": ("trainer.precision=bf16-mixed",),
        "16": ("trainer.precision=16-mixed",),
        "bf16, layers computed again": ("trainer.precision=bf16-mixed", "trainer.activation_checkpointing=true"),
        "one sharded rank": ("trainer.strategy=fsdp", "trainer.precision=bf16-mixed"),
        "compiled": ("trainer.precision=bf16-mixed", "trainer.compile=true", "distill.hidden.weight=0"),
    }
    with tempfile.TemporaryDirectory() as name:
        for number, (way, settings) in enumerate(ways.items()):
            folder = Path(name) / str(number)
            try:
                run(folder, *settings)
                report = json.loads((folder / "run" / "report.json").read_text())
                found[way] = report["models"]["student"]["metrics"]["test"]["accuracy"]
            except (TimeIsOverError, ValueError) as error:
                found[way] = str(error)  # the others are looked at all the same
    if wrong := {way: each for way, each in found.items() if isinstance(each, str)}:
        raise ValueError(str({**found, **wrong}))
    return found


def two_gpus_end_where_one_does() -> dict[str, Any]:
    """Two ranks, as copies and sharded, in double precision and without chance, end where one process does."""
    import torch

    if torch.cuda.device_count() < 2:
        return {"skipped": "there is one GPU"}
    exact = ["trainer.precision=64-true", "distill.dropout=0"]
    for stage in ("pretrain", "finetune", "distill"):
        exact += [f"{stage}.optimizer.name=sgd", f"{stage}.optimizer.lr=0.1", f"{stage}.dropout=0"]
    apart = {}
    with tempfile.TemporaryDirectory() as name:
        one = Path(name) / "one"
        run(one, *exact, "data.batch_size=32")
        for strategy in ("ddp", "fsdp"):
            folder = Path(name) / strategy
            run(folder, *exact, "trainer.devices=2", f"trainer.strategy={strategy}", "data.batch_size=16")
            apart[strategy] = far(weights(folder), weights(one))
    if not max(apart.values()) < 1e-10:
        raise ValueError(str(apart))
    return apart


def steps_wait_for_nothing() -> dict[str, Any]:
    """Ten steps under torch's own watch for what makes the host wait (``set_sync_debug_mode``)."""
    found = _trained(20, watched=True)
    if found["waits"]:
        raise ValueError(", ".join(found["waits"]))
    return found


def step_times() -> dict[str, Any]:
    """Milliseconds of a step of a student of six layers with a live teacher of twelve, and peak memory."""
    import gc

    import torch

    found: dict[str, Any] = {}
    for recompute, compiled in ((False, False), (True, False), (False, True)):  # what compiles takes a minute
        for precision in ("bf16-mixed", "32-true"):
            modes = "recomputed" if recompute else "compiled" if compiled else "plain"
            try:
                seconds_left()
                measured = _trained(60, precision, recompute=recompute, compiled=compiled)
            except TimeIsOverError as error:
                found[f"{precision}, {modes}"] = f"left out: {error}"
                continue
            found[f"{precision}, {modes}"] = {name: measured[name] for name in ("milliseconds", "peak GB")}
            gc.collect()  # a trainer and its module hold each other
            torch.cuda.empty_cache()
    return found


def _trained(
    steps: int, precision: str = "bf16-mixed", *, watched: bool = False, recompute: bool = False, compiled: bool = False
) -> dict[str, Any]:
    """Train a student of six layers by labels and logits of a live teacher; return what it took."""
    import warnings

    import pytorch_lightning as pl
    import torch
    from small_training import Table, align, batches
    from transformers import BertConfig, BertForSequenceClassification

    from distill.metrics import classification as metrics
    from distill.models import attention_masks
    from distill.objective import Objective
    from distill.objective.terms.divergences import Soft
    from distill.objective.terms.gold import Hard
    from distill.teacher.live import LiveTeacher
    from distill.training.distillation import DistillationModule
    from distill.training.finite_checks import FiniteChecks
    from distill.training.model_modes import training_modes
    from distill.training.optim import Optimization
    from distill.training.supervised import TrainingSpec
    from distill.training.trainer import TrainerSettings, trainer

    class Watch(pl.Callback):
        """Takes the time of the second half, and notes what waits in it."""

        def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
            if trainer.global_step == steps // 2 and not watched:
                torch.cuda.synchronize()
                self.since = time.perf_counter()
            if watched and trainer.global_step >= steps // 2:
                torch.cuda.set_sync_debug_mode("warn")

        def on_train_batch_end(self, *_: object) -> None:
            torch.cuda.set_sync_debug_mode("default")

    def model(layers: int, width: int) -> BertForSequenceClassification:
        sizes = {"hidden_size": width, "num_hidden_layers": layers, "intermediate_size": 4 * width}
        return BertForSequenceClassification(BertConfig(vocab_size=30, num_attention_heads=12, num_labels=2, **sizes))

    table = Table(64 * steps)
    table.ids = [(ids * 40)[:128] for ids in table.ids]
    loader = batches(table, batch_size=64)
    loader.pinned = True
    teacher = model(12, 768).to(torch.bfloat16 if precision == "bf16-mixed" else torch.float32)
    spec = TrainingSpec(align, metrics.collection(2), Optimization("adamw", 1e-4, 0.01, 0.9, "linear", 0.1, steps), 7)
    terms = {"hard": Hard(), "soft": Soft(2.0)}
    objective = Objective(terms, {"hard": 1.0, "soft": 1.0})
    student = model(6, 384)
    module = DistillationModule(student, objective, spec, LiveTeacher(teacher, align, None))
    settings = TrainerSettings("gpu", 1, 1, "auto", precision, 1, 1.0, 1000, enable_progress_bar=False)
    watch, checks = Watch(), FiniteChecks("distill", "distill.optimizer.lr", str)
    running = trainer(settings, callbacks=[watch, checks])
    torch.cuda.reset_peak_memory_stats()
    modes = training_modes(student, recompute=recompute, compiled=compiled)
    with warnings.catch_warnings(record=True) as raised, modes, attention_masks.always_made(torch.device("cuda")):
        warnings.simplefilter("always")
        running.fit(module, loader)
    torch.cuda.synchronize()
    if watched:
        waits = {f"{Path(each.filename).name}:{each.lineno}" for each in raised if "synchroniz" in str(each.message)}
        return {"waits": sorted(waits)}
    seconds = time.perf_counter() - watch.since
    return {"milliseconds": 1000 * seconds / (steps - steps // 2), "peak GB": torch.cuda.max_memory_allocated() / 1e9}


CHECKS: tuple[Callable[[], dict[str, Any]], ...] = (
    losses_as_on_a_cpu,
    steps_wait_for_nothing,
    resumes_bit_for_bit,
    two_gpus_end_where_one_does,
    mixed_precision_trains,
    step_times,
)


def main() -> int:
    """Make the checks in turn; return the exit code."""
    if (why := no_gpu()) is not None:
        sys.stdout.write(f"skipped: {why}\n")
        return 0
    found, failed = {}, 0
    for check in CHECKS:
        name, since = check.__name__.replace("_", " "), time.monotonic()
        try:
            seconds_left()
            found[name] = check()
            verdict = "OK  "
        except TimeIsOverError as error:
            found[name], verdict = {"left out": str(error)}, "LEFT OUT"
        except Exception as error:  # one line a check, whatever it stumbles over
            found[name], verdict, failed = {"error": f"{type(error).__name__}: {error}"}, "FAIL", failed + 1
        sys.stdout.write(f"{verdict}  {name} ({time.monotonic() - since:.0f} s): {json.dumps(found[name])}\n")
        sys.stdout.flush()
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(found, indent=2))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
