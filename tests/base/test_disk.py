"""What is written appears whole or not at all, for everyone the umask lets read it, and a full disk is a sentence."""

import errno
import os
import re
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from distill.base import disk
from distill.base.disk import Place, as_new, copy_folder, replacing
from distill.errors import RunFolderError


def place(folder):
    return Place(folder, RunFolderError, "the rest stays whole", "hydra.run.dir=FOLDER")


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


@pytest.fixture(params=[0o022, 0o027, 0o077], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def made(folder):
    (folder / "model").mkdir(parents=True)
    save_file({"a": torch.ones(2)}, folder / "model" / "model.safetensors")
    (folder / "model" / "config.json").write_text("{}")
    return folder


def test_files_that_libraries_made_for_one_user_follow_the_umask(tmp_path, umask):
    folder = made(tmp_path / "stage")
    as_new(folder)
    file, inside = 0o666 & ~umask, 0o777 & ~umask
    assert modes(folder) == {"stage": inside, "model": inside, "config.json": file, "model.safetensors": file}


def test_a_copy_follows_the_umask_whatever_the_original_does(tmp_path, umask):
    folder = made(tmp_path / "stage")
    for path in (folder / "model", *(folder / "model").iterdir()):
        path.chmod(0o700)
    copy_folder(folder, tmp_path / "export" / "copy")
    file, inside = 0o666 & ~umask, 0o777 & ~umask
    found = modes(tmp_path / "export" / "copy")
    assert found == {"copy": inside, "model": inside, "config.json": file, "model.safetensors": file}
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["copy"]


def test_a_copy_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    folder = made(tmp_path / "stage")
    copy_folder(folder, tmp_path / "copy")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (folder / "more").write_text("more")
    monkeypatch.setattr(disk.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        copy_folder(folder, tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "stage"]
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["model"]
    monkeypatch.undo()
    copy_folder(folder, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["model", "more"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_a_file_whose_writing_fails_stays_as_it_was(tmp_path, error):
    (tmp_path / "file").write_text("before")

    def half():
        with replacing(tmp_path / "file") as hidden:
            hidden.write_text("half")
            raise error

    with pytest.raises(error):
        half()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def replaced(path):
    with replacing(path) as hidden:
        hidden.write_text("new")


def test_no_file_takes_the_place_of_a_pipe_a_device_a_folder_or_a_link_to_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for link, place in {"to-pipe": "pipe", "to-device": "/dev/zero", "circle": "circle"}.items():
        (tmp_path / link).symlink_to(place)
    before = {path.name: stat.S_IFMT(path.lstat().st_mode) for path in tmp_path.iterdir()}
    for name, reason in {
        "pipe": "is a pipe, not a file",
        "folder": "is a folder, not a file",
        "to-pipe": "is a pipe, not a file",
        "to-device": "is a device or a socket, not a file",
        "circle": "is a link that leads back to itself",
    }.items():
        with pytest.raises(OSError, match=re.escape(reason)):
            replaced(tmp_path / name)
    assert {path.name: stat.S_IFMT(path.lstat().st_mode) for path in tmp_path.iterdir()} == before


def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for _ in range(2):
        replaced(tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "file").read_text() == "new"
        assert len(list(tmp_path.iterdir())) == 2


@pytest.fixture
def small(tmp_path):
    """A file system of its own that takes two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False)  # noqa: S607
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)  # noqa: S607


FULL = (
    "no space left in {}; the rest stays whole: "
    "free some space, or take another folder with hydra.run.dir=FOLDER, and run again"
)


def test_a_full_disk_is_said_whichever_library_meets_it(small):
    message = f"^{re.escape(FULL.format(small))}$"
    with pytest.raises(RunFolderError, match=message), place(small).writing():
        (small / "file").write_bytes(bytes(3 << 20))
    (small / "file").unlink()
    with pytest.raises(RunFolderError, match=message), place(small).writing():
        save_file({"a": torch.ones(1 << 20)}, small / "file")
    for path in small.iterdir():
        path.unlink()
    (small / "filler").write_bytes(bytes(1800 << 10))
    with pytest.raises(RunFolderError, match=message), place(small).writing():
        raise RuntimeError("PytorchStreamWriter failed writing file data/0")


def test_a_folder_is_tried_out_without_a_trace(small):
    place(small).try_out()
    assert not list(small.iterdir())
    (small / "filler").write_bytes(bytes((2 << 20) - (4 << 10)))
    with pytest.raises(RunFolderError, match=f"^{re.escape(FULL.format(small))}$"):
        place(small).try_out()
    assert [path.name for path in small.iterdir()] == ["filler"]


def test_a_full_folder_of_temporary_files_is_named_in_its_place(small, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(small))
    (small / "filler").write_bytes(bytes(1800 << 10))
    message = f"no space left in {small}; the rest stays whole: free some space, or take another folder with TMPDIR=FO"
    with pytest.raises(RunFolderError, match=re.escape(message)), place(tmp_path).writing():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_quota_that_a_library_tells_in_words_is_understood(tmp_path):
    with pytest.raises(RunFolderError, match=re.escape(FULL.format(tmp_path))), place(tmp_path).writing():
        raise RuntimeError("I/O error: Disk quota exceeded (os error 122)")


def test_a_folder_that_is_removed_meanwhile_is_said(tmp_path):
    (tmp_path / "run").mkdir()
    message = f"{tmp_path / 'run'} was removed while the run wrote there; run again"
    with pytest.raises(RunFolderError, match=f"^{re.escape(message)}$"), place(tmp_path / "run").writing():
        (tmp_path / "run").rename(tmp_path / "elsewhere") / (tmp_path / "run" / "file").write_text("")


def test_a_folder_that_belongs_to_another_user_is_refused(anyones):
    program = (
        "import os, sys; from pathlib import Path; from test_disk import place\n"
        "os.setuid(65534)\n"
        "with place(Path(sys.argv[1])).writing(): Path(sys.argv[1], 'file').write_text('')"
    )
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", program, anyones], env={**os.environ, "PYTHONPATH": path}, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"distill.errors.RunFolderError: {anyones} cannot be written ([Errno 13] Permission denied")
    assert last.endswith("take another with hydra.run.dir=FOLDER")


def test_an_error_of_the_users_or_of_another_kind_stays_itself(small):
    (small / "filler").write_bytes(bytes(1800 << 10))
    with pytest.raises(RunFolderError, match=r"^mine$"), place(small).writing():
        raise RunFolderError("mine")
    (small / "filler").unlink()
    with pytest.raises(ZeroDivisionError), place(small).writing():
        raise ZeroDivisionError


def test_a_limit_on_the_size_of_a_file_is_no_full_disk(tmp_path):
    message = (
        f"a file in {tmp_path} would be larger than a process may write here (ulimit -f); the rest stays whole: "
        "allow larger ones, and run again"
    )
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limit[1]))
    try:
        with pytest.raises(RunFolderError, match=f"^{re.escape(message)}$"), place(tmp_path).writing():
            (tmp_path / "file").write_bytes(bytes(2 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
