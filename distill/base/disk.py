"""Write files that appear whole or not at all, and say in one sentence when a disk takes none."""

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distill.errors import DistillError, RunFolderError

_UNFINISHED = re.compile(r"\..+\.\d+|.+\.writing")
"""Names of files that are being written."""
_FULL = 1 << 20
"""Free bytes below which a failed write is put down to the disk being full."""
_TRIAL = 1 << 14
"""Bytes that a folder has to take before anything is begun that is written there."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)

_REFUSED = (*_NO_SPACE, *_NOT_ALLOWED, errno.EFBIG, errno.ENAMETOOLONG, errno.ENOENT)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a hidden file beside ``path`` that replaces it when whole and on disk; an error leaves no trace.

    Where ``path`` is a link, the file that it leads to is replaced, and the link stays.

    Raises:
        OSError: ``path`` is a folder, a pipe or a device, in whose place a file would be put.
    """
    if (reason := irreplaceable(path)) is not None:
        raise OSError(errno.EINVAL, reason, str(path))
    path = Path(os.path.realpath(path))
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield hidden
        to_disk(hidden)
        hidden.replace(path)
        to_disk(path.parent)
    finally:
        hidden.unlink(missing_ok=True)


def irreplaceable(path: Path) -> str | None:
    """Return why no file may take the place of what is at a path; none where one may.

    >>> print(irreplaceable(Path("/")), irreplaceable(Path("/dev/null")), irreplaceable(Path("/none")), sep=", ")
    is a folder, not a file, is a device or a socket, not a file, None
    """
    if Path(os.path.realpath(path)).is_symlink():
        return "is a link that leads back to itself"
    if path.is_file() or not path.exists():
        return None
    if path.is_dir():
        return "is a folder, not a file"
    return "is a pipe, not a file" if path.is_fifo() else "is a device or a socket, not a file"


def unfinished(folder: Path) -> list[Path]:
    """Return the files in ``folder`` that a kill has left in the middle of being written."""
    return [path for path in folder.rglob("*") if path.is_file() and _UNFINISHED.fullmatch(path.name)]


def to_disk(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, outlive a power failure."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder so that ``target`` is whole or absent, with the modes of new files; what was there is replaced."""
    hidden, old = (target.with_name(f".{target.name}.{what}.{os.getpid()}") for what in ("new", "old"))
    try:
        shutil.rmtree(hidden, ignore_errors=True)
        hidden.mkdir(parents=True)
        for path in sorted(source.rglob("*")):
            copy = hidden / path.relative_to(source)
            if path.is_dir():
                copy.mkdir()
            else:
                shutil.copyfile(path, copy)
                to_disk(copy)
        to_disk(hidden)
        if target.is_dir():
            target.rename(old)
        hidden.rename(target)
        to_disk(target.parent)
    finally:
        if old.is_dir() and not target.exists():
            old.rename(target)
        for leftover in (hidden, old):
            shutil.rmtree(leftover, ignore_errors=True)


def as_new(folder: Path) -> None:
    """Give all files in ``folder`` the mode of a new file there: libraries make theirs for one user alone."""
    probe = folder / f".mode.{os.getpid()}"
    probe.touch()
    usual = stat.S_IMODE(probe.stat().st_mode)
    probe.unlink()
    for path in folder.rglob("*"):
        status = path.lstat()
        owned = status.st_uid == os.geteuid()
        if stat.S_ISREG(status.st_mode) and owned and stat.S_IMODE(status.st_mode) != usual:
            path.chmod(usual)


@dataclass(frozen=True)
class Place:
    """A folder that is written to, and what a user reads where it cannot be.

    Attributes:
        root: the folder.
        error: the class of the error that is raised.
        kept: what stays whole whatever happens in the folder, as part of the message.
        setting: the setting that takes another folder, such as ``store=FOLDER``.
    """

    root: Path
    error: type[DistillError]
    kept: str
    setting: str

    @contextmanager
    def writing(self, *watched: Path) -> Iterator[None]:
        """Turn a failure for want of disk space, of permission, or of the folder into one sentence.

        Args:
            watched: further folders that exist, and have to stay.

        Raises:
            DistillError: of this place's kind.
        """
        existing = [path for path in (*watched, self.root) if os.path.isdir(path)]
        try:
            yield
        except DistillError:
            raise
        except Exception as error:  # libraries say "disk full" in many ways, so the disk itself is asked
            if (sentence := self._sentence(error, existing)) is None:
                raise
            raise self.error(sentence) from error

    def try_out(self) -> None:
        """Write a little and take it away again, to learn that the folder takes none before anything else says so.

        Raises:
            DistillError: of this place's kind, where it takes none.
        """
        trial = self.root / f".trial.{os.getpid()}"
        with self.writing():
            try:
                trial.write_bytes(bytes(_TRIAL))
            except OSError as error:
                raise OSError(error.errno, error.strerror) from error  # the file's own name would tell nothing
            finally:
                if trial.exists():
                    trial.unlink()

    def _sentence(self, error: Exception, existing: list[Path]) -> str | None:
        code = _code(error)
        if gone := [path for path in existing if not os.path.isdir(path)]:
            return f"{gone[-1]} was removed while the run wrote there; run again"
        if code == errno.EFBIG:
            return (
                f"a file in {self.root} would be larger than a process may write here (ulimit -f); {self.kept}: "
                "allow larger ones, and run again"
            )
        full = next((path for path in (self.root, _temporary()) if path and _free(path) < _FULL), None)
        if code in _NO_SPACE or full is not None:
            full, setting = full or self.root, self.setting
            setting = "TMPDIR=FOLDER before the command" if full != self.root else setting
            return (
                f"no space left in {full}; {self.kept}: "
                f"free some space, or take another folder with {setting}, and run again"
            )
        if code in _NOT_ALLOWED:
            return f"{self.root} cannot be written ({error}); take another with {self.setting}"
        return None


def run_folder(folder: Path) -> Place:
    """Return the folder of a run as a place; it may be full or gone while the store is not."""
    return Place(folder, RunFolderError, "what is finished in the store stays whole", "hydra.run.dir=FOLDER")


def refused(error: OSError) -> str | None:
    """Return a sentence on a file that could not be made, and why; none where the error does not tell which."""
    if error.filename is None or error.errno not in _REFUSED:
        return None
    return f"{error.filename} cannot be written ({error.strerror})"


def _code(error: BaseException | None) -> int | None:
    """Return the operating system's number for an error, or for its cause; some libraries tell it in words."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        if in_words := re.search(r"os error (\d+)", str(error)):
            return int(in_words[1])
        error = error.__cause__ or error.__context__
    return None


def _temporary() -> Path | None:
    """Return the folder of temporary files that the environment or Python asks for."""
    return next((Path(os.environ[name]) for name in ("TMPDIR", "TEMP", "TMP") if name in os.environ), None) or (
        Path(tempfile.tempdir) if tempfile.tempdir else None
    )


def _free(folder: Path) -> int:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.exists(path))
    return shutil.disk_usage(existing).free
