"""``distill COMMAND …``: the commands under one name, each as ``python -m distill.COMMAND``."""

import sys
from importlib import import_module

from distill.ending import while_it_is_read

COMMANDS = {
    "run": "from text to a compact student on disk: distill run experiment=sst2_tiny",
    "design": "which student to try first under a budget: distill design experiment=sst2_tiny budget.latency_ms=2",
    "predict": "answers of a finished model: distill predict model=FOLDER input=FILE output=FILE",
    "convert": "pickled weights as safetensors: distill convert model=FOLDER output=NEW_FOLDER",
}


@while_it_is_read()
def main() -> None:
    """Hand the command line to the command that its first word names."""
    name, *rest = sys.argv[1:] or ["--help"]
    if name in COMMANDS:
        sys.argv[1:] = rest
        import_module(f"distill.{name}").main()
    elif name in ("-h", "--help"):
        lines = (f"  distill {each:<8} {what}" for each, what in COMMANDS.items())
        sys.stdout.write("\n".join(["distill COMMAND ...; each has its own --help", "", *lines]) + "\n")
    else:
        given = " ".join(sys.argv[1:])
        hint = f"; was it distill run {given}?" if "=" in name or name.startswith("-") else ""
        sys.stderr.write(f"distill: {name} is no command; there are {', '.join(COMMANDS)}{hint}\n")
        sys.exit(2)
