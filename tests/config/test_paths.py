from distill.config.paths import path_problems
from distill.config.schema import Config


def said(**changes):
    config = Config()
    for key, value in changes.items():
        *parents, name = key.split("__")
        section = config
        for parent in parents:
            section = getattr(section, parent)
        setattr(section, name, value)
    return list(path_problems(config))


def test_what_is_there_is_not_spoken_of(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "more.txt").write_text("a text")
    given = {"data__path": "~", "data__unlabelled__path": ["~/more.txt"], "teacher__model": str(tmp_path)}
    assert said(**given) == []
    assert said() == []


def test_a_file_or_folder_that_is_not_there_is_named_with_its_key(tmp_path):
    none = f"{tmp_path}/none"
    assert said(data__path=none) == [f"data.path={none}: there is no such file or folder"]
    assert said(data__unlabelled__path=[str(tmp_path), none]) == [
        f"data.unlabelled.path={none}: there is no such file or folder"
    ]
    assert said(teacher__model=none) == [f"teacher.model={none}: there is no such folder"]
    assert said(student__model="./none") == ["student.model=./none: there is no such folder"]


def test_a_name_that_the_hub_may_have_is_asked_for_there():
    assert said(teacher__model="owner/name", student__model="name") == []


def test_names_that_no_file_can_have_are_none():
    assert said(data__path="a" * 5000)[0].endswith("there is no such file or folder")
    assert said(data__path="a\0b") == ["data.path=a\0b: there is no such file or folder"]
