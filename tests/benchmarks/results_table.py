"""The table of the README: every data set with its students, three seeds each, and one comparison of all.

    python tests/benchmarks/results_table.py ../shared/data FOLDER [stsb trec/narrow ...]

FOLDER holds MiniLM-L6. What is named after it is the beginning of what is run, a data set or a student of it; without a
name it is everything, hours. Each row is one ``distill.run`` with ``seeds=[1,2,3]``, as anyone would make it, in one
store, so that what was begun is gone on with; its command is printed, and the table is what ``distill.compare
--markdown`` makes of all rows that are finished.
"""

import shlex
import subprocess
import sys
from pathlib import Path

OUT = Path("outputs") / "results_table"
COMMON = ("seeds=[1,2,3]", "tracking.wandb=disabled", "export.formats=[huggingface]")
MINILM = ("teacher=minilm", "distill.cka.weight=0", "distill.optimizer.lr=null")
DATA = {
    "multi30k": (
        "experiment=multi30k_tiny", "student=scratch_tiny", "data.batch_size=32", "data.limit.train=6000",
        "data.limit.test=500", "finetune.max_epochs=6", "distill.max_epochs=6",
    ),
    "stsb": (
        *MINILM, "experiment=stsb_tiny", "data.limit.train=2000", "data.limit.validation=500", "finetune.max_epochs=3",
        "finetune.optimizer.lr=1e-4", "finetune.dropout=0.1", "distill.max_epochs=4", "distill.hidden.weight=1",
    ),
    "dailydialog": (
        "experiment=dailydialog_tiny", "data.limit.train=5000", "data.limit.validation=500", "data.limit.test=1000",
        "finetune.max_epochs=3", "finetune.optimizer.lr=2e-3", "distill.max_epochs=3",
    ),
    "conll2003": (
        *MINILM, "experiment=conll2003_tiny", "data.limit.train=3000", "data.limit.validation=500",
        "data.limit.test=1500", "finetune.max_epochs=3", "finetune.optimizer.lr=2e-4", "distill.max_epochs=4",
        "distill.dropout=0.1",
    ),
    "trec": (
        *MINILM, "experiment=trec_tiny", "finetune.max_epochs=3", "distill.max_epochs=4", "distill.dropout=0.1",
    ),
    "mrpc": (
        *MINILM, "experiment=mrpc_tiny", "data.limit.train=2000", "finetune.max_epochs=3", "finetune.optimizer.lr=1e-4",
        "distill.max_epochs=3", "distill.hidden.weight=1",
    ),
    "sst2": (
        *MINILM, "experiment=sst2_minilm", "data.limit.train=4000", "finetune.max_epochs=2", "distill.max_epochs=3",
        "distill.dropout=0.1",
    ),
    "semeval": (
        *MINILM, "experiment=semeval_tiny", "data.limit.train=1500", "data.limit.validation=300",
        "data.limit.test=1000", "finetune.max_epochs=4", "finetune.optimizer.lr=1e-4", "distill.max_epochs=4",
        "distill.dropout=0.1",
    ),
    "squad": (
        *MINILM, "experiment=squad_tiny", "data.limit.train=1200", "data.limit.validation=300", "data.max_length=192",
        "data.stride=48", "finetune.max_epochs=3", "finetune.optimizer.lr=1e-4", "distill.max_epochs=4",
        "distill.hidden.weight=1",
    ),
}  # fmt: skip
FOLDERS = {"semeval": "semeval2010_task8", "multi30k": "multi30k_de_en"}
STUDENTS = ("half_layers", "narrow")


def main(data: str, folder: str, *names: str) -> None:
    """Run what is missing, and print the table of all that is finished."""
    for student in STUDENTS:
        for name, settings in DATA.items():
            of_minilm = MINILM[0] in settings
            row = f"{name}/{student}" if of_minilm else name
            if student == STUDENTS[0] or of_minilm:
                given = [*settings, f"data.path={data}/{FOLDERS.get(name, name)}", *COMMON]
                given += [f"teacher.model={folder}", f"student={student}"] if of_minilm else []
                if any(f"{row}/".startswith(f"{asked}/") for asked in names or (name,)):
                    _run(OUT / row, given)
    finished = sorted(str(report.parent) for report in OUT.rglob("report.json"))
    subprocess.run([sys.executable, "-m", "distill.compare", *finished, "--markdown"], check=True)


def _run(folder: Path, settings: list[str]) -> None:
    """Train a row, unless it is finished, and say by which command."""
    command = ["-m", "distill.run", *settings]
    sys.stdout.write(f"python {shlex.join(command)}\n")
    sys.stdout.flush()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "report.json").exists():
        with (folder / "log").open("w") as log:
            into = f"hydra.run.dir={folder}"
            subprocess.run([sys.executable, *command, into], check=True, stdout=log, stderr=subprocess.STDOUT)


if __name__ == "__main__":
    main(*sys.argv[1:])
