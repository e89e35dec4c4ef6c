"""``distill COMMAND …``: the commands under one name, each as ``python -m distill.COMMAND``."""

import sys
from importlib import import_module

from distill.base import early_signals

COMMANDS = {
    "run": "from text to a compact student on disk: distill run experiment=sst2_tiny",
    "doctor": "what would go wrong with a run, and how long it takes: distill doctor experiment=sst2_tiny",
    "design": "which student to try first under a budget: distill design experiment=sst2_tiny budget.latency_ms=2",
    "search": "which settings are best, on validation: distill search experiment=sst2_tiny search=learning trials=20",
    "label": "labels of an LLM for texts, which a student learns: distill label experiment=sst2_tiny labeller=openai …",
    "select": "which texts to have labelled next: distill select model=RUN input=FILE output=FILE count=100",
    "predict": "answers of a finished model: distill predict model=FOLDER input=FILE output=FILE",
    "ask": 'teacher, student and control of a run on one text: distill ask model=RUN "a text"',
    "serve": "answers of a finished model over HTTP: distill serve model=FOLDER port=8000",
    "compare": "finished runs side by side: distill compare outputs/sweeps/DATE_TIME",
    "refresh": "go on from a finished run with new data: distill refresh run=RUN data.path=NEW",
    "gate": "may a new model take an old one's place, and if not, why not: distill gate new=RUN old=RUN",
    "explain": "which words make teacher and student say what they say: distill explain model=RUN",
    "counterfactuals": "answers to texts that differ by a name or gender alone: distill counterfactuals model=RUN",
    "dashboard": "a saved view and a report on Weights & Biases: distill dashboard outputs/sst2_tiny/DATE_TIME",
    "store": "what a store holds, and what nothing needs any more: distill store list, distill store clean",
    "convert": "pickled weights as safetensors: distill convert model=FOLDER output=NEW_FOLDER",
}


def main() -> None:
    """Hand the command line to the command that its first word names; signals end it from its first moment."""
    name, *rest = sys.argv[1:] or ["--help"]
    early_signals.heed(early_signals.GOES_ON if name in ("run", "search") else early_signals.NOTHING)
    if name in COMMANDS:
        sys.argv[1:] = rest
        import_module(f"distill.{name}").main()
        return
    from distill.ending import stop, while_it_is_read

    if name not in ("-h", "--help"):
        given = " ".join(sys.argv[1:])
        hint = f"; was it distill run {given}?" if "=" in name or name.startswith("-") else ""
        stop(f"{name} is no command; there are {', '.join(COMMANDS)}{hint}", 2)
    lines = (f"  distill {each:<8} {what}" for each, what in COMMANDS.items())
    with while_it_is_read():
        sys.stdout.write("\n".join(["distill COMMAND ...; each has its own --help", "", *lines]) + "\n")


if __name__ == "__main__":
    main()
