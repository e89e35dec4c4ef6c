"""``python -m distill.store list|clean``: what a store holds and for which runs, and what nothing needs any more."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from distill.base import signals
from distill.base.early_signals import NOTHING
from distill.base.terminal_text import plain
from distill.config.command_line import refuse_values, settings_of
from distill.config.store import StoreConfig
from distill.ending import in_one_sentence
from distill.errors import ConfigError
from distill.pipeline.store_cleaning import Removable, removable, remove
from distill.pipeline.store_contents import Entry, contents, run_folders
from distill.report import size

_USAGE = """python -m distill.store list|clean [NAME=VALUE ...]

  list         what is in the store: size, when it was last used, and which runs name it
  clean        removes finished stages and models made of adapters that no run names, folders of interrupted stages,
               and what is left of finished ones; says first what and how much, and asks on a terminal

  store        folder of finished stages (outputs/store)
  runs         folder below which runs are looked for (the one that holds the store); the store knows runs elsewhere
  keep_hours   what was used within so many hours is kept (1)
  yes          true removes without asking; without it and without a terminal nothing is removed (false)
"""
_RUNS_SHOWN = 3


@in_one_sentence(NOTHING)
def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(_USAGE)
        return
    actions: dict[str, Callable[[StoreConfig, Sequence[Path], list[Entry]], None]] = {"list": _list, "clean": _clean}
    if not arguments or arguments[0] not in actions:
        raise ConfigError(f"give list or clean first\n\n{_USAGE}")
    config = settings_of(StoreConfig, arguments[1:], _USAGE)
    refuse_values(config)
    root = Path(config.store).expanduser()
    if not root.is_dir():
        raise ConfigError(f"store={config.store}: there is no such folder")
    below = root.resolve().parent if config.runs is None else Path(config.runs).expanduser()
    if not below.is_dir():
        raise ConfigError(f"runs={config.runs}: there is no such folder")
    runs = run_folders(root, below)
    actions[arguments[0]](config, runs, contents(root, runs))


def _say(line: str) -> None:
    sys.stdout.write(plain(f"{line}\n"))


def _list(config: StoreConfig, runs: Sequence[Path], entries: list[Entry]) -> None:
    """Show what the store holds, the largest first."""
    width = max((len(_title(entry)) for entry in entries), default=0)
    for entry in entries:
        _say(f"{_title(entry):<{width}}  {size(entry.bytes):>9}  {_day(entry.used)}  {_used_by(entry)}")
    total = sum(entry.bytes for entry in entries)
    _say(f"{config.store}: {len(entries)} folders, {size(total)}, {len(runs)} runs")


def _clean(config: StoreConfig, runs: Sequence[Path], entries: list[Entry]) -> None:
    """Say what can be removed, ask, and remove it."""
    if not runs:
        raise ConfigError(f"no run is found that names any stage of {config.store}; runs=FOLDER says where runs are")
    found = removable(entries, config.keep_hours)
    if not found:
        _say(f"{config.store}: nothing to remove")
        return
    for each in found:
        _say(f"{_title(each.entry)}  {size(each.bytes)}  {each.reason}")
    amount = f"{size(sum(each.bytes for each in found))} in {len(found)} folders"
    if not _agreed(config, amount):
        _say(f"{config.store}: nothing removed; yes=true removes {amount}")
        return
    _remove(config, found)


def _remove(config: StoreConfig, found: Sequence[Removable]) -> None:
    """Remove what was found, and say how much it was."""
    freed, kept = 0, 0
    for each in found:
        signals.check()
        if remove(Path(config.store).expanduser(), each):
            freed += each.bytes
        else:
            kept += 1
    left = f"; {kept} were taken by a run meanwhile and stay" if kept else ""
    _say(f"{config.store}: {size(freed)} removed{left}")


def _agreed(config: StoreConfig, amount: str) -> bool:
    """Return whether the user wants it, by setting or by answering on a terminal."""
    if config.yes or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return config.yes
    sys.stdout.write(f"remove {amount}? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _title(entry: Entry) -> str:
    return entry.name if entry.kind == "stage" else f"{entry.name} ({entry.kind})"


def _used_by(entry: Entry) -> str:
    if entry.locked:
        return "being made"
    if entry.kind not in ("stage", "merged"):
        return "-"
    if not entry.runs:
        return "no run names it"
    more = len(entry.runs) - _RUNS_SHOWN
    return ", ".join(map(_near, entry.runs[:_RUNS_SHOWN])) + (f", and {more} more" if more > 0 else "")


def _near(folder: str) -> str:
    """Return a folder as seen from here, where it lies below."""
    path = Path(folder)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else folder


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


if __name__ == "__main__":
    main()
