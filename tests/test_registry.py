"""Registries: lookup, immutability and the message for an unknown name."""

import pytest

from skillphysics.errors import ArgumentError
from skillphysics.registry import Registry, unknown


def test_a_registry_is_a_mapping_in_the_given_order() -> None:
    registry = Registry("letter", {"beta": 2, "alpha": 1})
    assert dict(registry) == {"beta": 2, "alpha": 1}
    assert list(registry) == ["beta", "alpha"]
    assert len(registry) == 2
    assert "alpha" in registry
    assert "gamma" not in registry
    assert registry.get("alpha") == 1
    assert registry.get("gamma") is None
    assert registry.get("gamma", 3) == 3


def test_a_registry_does_not_follow_later_changes_of_its_members() -> None:
    members = {"alpha": 1}
    registry = Registry("letter", members)
    members["beta"] = 2
    assert list(registry) == ["alpha"]
    with pytest.raises(TypeError):
        registry["beta"] = 2  # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize("name", ["multi-linear net", "Multilinear_Net", "multilinear-nt"])
def test_an_unknown_name_is_answered_with_the_nearest(name: str) -> None:
    registry = Registry("world", {"geometry": 1, "multilinear-net": 2})
    with pytest.raises(ArgumentError) as caught:
        registry[name]
    assert str(caught.value) == (
        f"unknown world {name!r}, did you mean 'multilinear-net'? Known: geometry, multilinear-net"
    )
    assert caught.value.argument == "world"


def test_a_name_far_from_all_is_answered_with_the_list() -> None:
    with pytest.raises(ArgumentError, match=r"^unknown world 'xyz'; known: geometry$"):
        Registry("world", {"geometry": 1})["xyz"]


def test_a_value_that_is_not_a_string_is_shown() -> None:
    error = unknown("world", 3, ["geometry"])
    assert str(error) == "world must be a name, got 3; known: geometry"


def test_unknown_lists_what_it_is_given() -> None:
    error = unknown("optimizer", "adm", ["adam", "sgd"], "adam, sgd and more")
    assert str(error).endswith("did you mean 'adam'? Known: adam, sgd and more")
