import pytest

from distill.config.named_columns import named_roles


@pytest.mark.parametrize(
    "override", ["data.columns.label=mood", "++data.columns.label=mood", "data.columns={label: mood}"]
)
def test_a_column_of_the_command_line_is_named_by_the_user(override):
    assert named_roles(["experiment=sst2_tiny", "seed=1", override], [], {"experiment": "sst2_tiny"}) == ["label"]


def test_no_other_setting_names_a_column():
    overrides = ["data.path=x", "data.labels={a: b}", "+data.unlabelled.columns.text=x", "~data.limit"]
    assert named_roles(overrides, [], {"experiment": "sst2_tiny", "student": None}) == []


def test_a_column_of_the_users_own_card_or_of_one_that_it_builds_on_is_named_by_the_user(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "base.yaml").write_text("data: {columns: {text: review}}\n")
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "defaults: [sst2_tiny, base, override /teacher: big, _self_]\ndata: {columns: {label: mood}}\n"
    )
    (tmp_path / "experiment" / "around.yaml").write_text("defaults: [around, /experiment/mine]\n")
    assert named_roles([], [str(tmp_path)], {"experiment": "mine"}) == ["label", "text"]
    assert named_roles([], [str(tmp_path)], {"experiment": "around"}) == ["label", "text"]
    assert named_roles([], [str(tmp_path)], {"experiment": "sst2_tiny"}) == []
