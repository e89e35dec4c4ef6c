"""End a run at random moments by SIGKILL, start it again each time, and compare what comes of it with an untouched run.

    python tests/faults/kill_at_random.py FOLDER [seed=1] [kills=20] [ranks=1] [store=FOLDER]

All processes of the run are killed at once, at moments drawn by the seed: each stage is hit, and so are the time before
the first one and that of the report. The run has to go on each time, repeat no more steps than lie between two
checkpoints, and end with the same files, bit for bit, and the same report, but for times. Everything is written in
FOLDER, and a ``store`` may lie on another file system. Where anything differs, it is said, with exit code 1.
"""

import csv
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from compared import differences

EVERY = 3
"""Steps from one checkpoint to the next."""
TINY = (
    "experiment=sst2_tiny", "data.source=embedded", "data.limit.train=192", "data.limit.validation=48",
    "data.limit.test=48", "data.max_length=24", "teacher.vocab_size=300", "teacher.accept=true",
    "teacher.architecture={layers: 2, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}",
    "pretrain.max_epochs=2", "finetune.max_epochs=2", "distill.max_epochs=3", "distill.dropout=0.1",
    "evaluate.latency_samples=3", "evaluate.resamples=100", "evaluate.baselines=[]", "export.formats=[huggingface]",
    "tracking.wandb=disabled", "trainer.log_every_n_steps=1", f"checkpoint.every_n_train_steps={EVERY}",
)  # fmt: skip
STAGES = ("pretrain", "finetune", "teach", "distill", "control", "evaluate", "export")
START, REPORT = "the start", "the report"


class Run:
    """The command as a user starts it, and what it has said by now."""

    def __init__(self, folder, store, ranks):
        given = [*TINY, f"store={store}", f"hydra.run.dir={folder}/run", f"data.batch_size={16 // ranks}"]
        if ranks > 1:
            given += [f"trainer.devices={ranks}", "trainer.accelerator=cpu", "trainer.strategy=ddp"]
        self.began, self.lines, self.changed = time.monotonic(), [], threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "distill.run", *given], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, "HF_HUB_OFFLINE": "1"}, start_new_session=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in itertools.chain(self.process.stdout, [None]):
            with self.changed:
                self.lines.append((time.monotonic(), line))
                self.changed.notify_all()

    def when(self, pattern):
        """When a line was said that begins so; none of one that was not."""
        return next((at for at, line in self.lines if line is not None and re.match(pattern, line)), None)

    def until(self, pattern, seconds=None):
        """Wait for a line, or for the end, so many seconds at most; whether the line came."""
        with self.changed:
            self.changed.wait_for(lambda: self.when(pattern) or (self.lines and self.lines[-1][1] is None), seconds)
        return self.when(pattern) is not None

    def kill(self):
        """End the command with every process that it has started, which are of its session."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                session = int((path / "stat").read_text().rpartition(")")[2].split()[3])
                if session == self.process.pid:
                    os.kill(int(path.name), signal.SIGKILL)
            except OSError:
                pass
        return self.end()

    def end(self):
        """Wait for the end; the exit code, and all that was said."""
        code = self.process.wait()
        self.reader.join()
        return code, "".join(line for _, line in self.lines if line is not None)


def moments(lengths, kills, draw):
    """Each kill, as a place and seconds after its begin, in order: each place once, the others anywhere."""
    places = list(lengths)
    weights = [max(lengths[each], 0.1) for each in places]
    further = draw.choices(places, weights, k=max(kills - len(places), 0))
    drawn = [*places, *further] if kills >= len(places) else draw.sample(places, kills)
    times = Counter(drawn)
    return [(place, draw.uniform(0, lengths[place] / times[place])) for place in sorted(drawn, key=places.index)]


def bounds(place):
    """How the lines begin by which a place of the run begins, none for the start, and ends."""
    if place == START:
        return None, rf"{STAGES[0]}: (begins|goes on|reused)"
    if place == REPORT:
        return rf"{STAGES[-1]}: (done|reused)", "nothing but the end"
    return rf"{place}: (begins|goes on|reused)", rf"{place}: (done|reused)"


def lengths_of(run):
    """Seconds of each place of an untouched run."""
    begins = {stage: run.when(rf"{stage}: begins") for stage in STAGES}
    ends = {stage: run.when(rf"{stage}: done") for stage in STAGES}
    inside = {stage: ends[stage] - begins[stage] for stage in STAGES}
    return {START: begins[STAGES[0]] - run.began, **inside, REPORT: run.lines[-1][0] - ends[STAGES[-1]]}


def hit(run):
    """The place at which a run was killed."""
    at = START
    for _, line in run.lines:
        if found := re.match(r"(\w+): (begins|goes on|done|reused)", line or ""):
            at = found[1] if found[2] in ("begins", "goes on") else f"after {found[1]}"
    return REPORT if at == f"after {STAGES[-1]}" else at


def repeated(store):
    """How many steps of an interrupted stage are made again: those that its curves have beyond its checkpoint."""
    import torch

    most = 0
    for partial in store.glob(".*.partial"):
        checkpoints = [partial / "resume" / name for name in ("last.ckpt", "before.ckpt")]
        path = next((path for path in checkpoints if path.is_file()), None)
        step = torch.load(path, map_location="cpu", weights_only=True)["global_step"] if path else 0
        if (partial / "metrics.csv").is_file():
            with (partial / "metrics.csv").open(newline="") as file:
                rows = [row for row in csv.DictReader(file) if row["name"] and row["name"].startswith("train/")]
            most = max(most, len({int(row["step"]) for row in rows if int(row["step"]) >= step}))
    return most


def chain(folder, store, ranks, planned, draw):
    """Kill one chain as planned, and let it end; what was hit, the most repeated steps, and what went wrong."""
    hits, most, wrong = Counter(), 0, []
    for place, seconds in planned:
        run = Run(folder, store, ranks)
        begin, end = bounds(place)
        if begin is None or run.until(begin):
            run.until(end, seconds)  # a machine that has become faster is killed at the end
        code, said = run.kill()
        if code not in (0, -signal.SIGKILL):
            wrong.append(f"exit code {code} before it was killed at {place}: {said[-2000:]}")
            break
        hits[hit(run) if code else "nothing, it had ended"] += 1
        most = max(most, again := repeated(store))
        print(f"  killed {seconds:.1f} s into {place}: hit {hit(run)}, {again} steps are repeated", flush=True)
    code, said = Run(folder, store, ranks).end()
    if code:
        wrong.append(f"the last run ended with exit code {code}: {said[-2000:]}")
    return hits, most, wrong


def main(folder, seed=1, kills=20, ranks=1, store=None):
    """Kill chains until each stage was hit; the exit code."""
    draw, folder = random.Random(seed), Path(folder).absolute()  # noqa: S311 - a seed is what is wanted
    places = {name: (folder / name, Path(store).absolute() / name if store else folder / name / "store")
              for name in ("whole", "killed-1", "killed-2", "killed-3")}  # fmt: skip
    print(f"seed {seed}: {kills} kills of {ranks} process{'es' if ranks > 1 else ''}, in {folder}", flush=True)
    run = Run(*places["whole"], ranks)
    code, said = run.end()
    if code:
        print(said)
        return 1
    lengths = lengths_of(run)
    print("untouched: " + ", ".join(f"{place} {seconds:.1f} s" for place, seconds in lengths.items()), flush=True)
    planned, hits, most, wrong = moments(lengths, kills, draw), Counter(), 0, []
    for name in ("killed-1", "killed-2", "killed-3"):
        print(f"{name}:", flush=True)
        of_chain = chain(*places[name], ranks, planned, draw)
        hits, most, wrong = hits + of_chain[0], max(most, of_chain[1]), wrong + of_chain[2]
        if not of_chain[2]:
            wrong += [f"{name}: {each} differs" for each in differences(places["whole"], places[name])]
        missed = {stage: lengths[stage] / 2 for stage in STAGES if not hits[stage]} if kills >= len(lengths) else {}
        if wrong or not missed:
            break
        planned = moments(missed, len(missed), draw)
    wrong += [f"{most} steps were repeated where a checkpoint is written every {EVERY}"] * (most > EVERY)
    wrong += [f"{stage} was never hit" for stage in missed]
    print("hit: " + ", ".join(f"{place} {count}" for place, count in hits.items()))
    end = "; ".join(wrong) or f"bit-equal, the report the same; at most {most} of {EVERY} steps were repeated"
    print(f"seed {seed}: {sum(hits.values())} kills: {end}")
    return 1 if wrong else 0


if __name__ == "__main__":
    words = dict(word.split("=", 1) for word in sys.argv[2:])
    numbers = {name: int(words.pop(name)) for name in ("seed", "kills", "ranks") if name in words}
    sys.exit(main(sys.argv[1], **numbers, **words))
