"""The forms for issues are what GitHub takes, and ask for what a maintainer needs first."""

from __future__ import annotations

from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.parts import REPOSITORY

FORMS = sorted(
    path for path in (REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"
)
# GitHub's schema for issue forms: which keys an element's attributes may have, and which it must.
ATTRIBUTES = {
    "markdown": ({"value"}, {"value"}),
    "textarea": ({"label", "description", "placeholder", "value", "render"}, {"label"}),
    "input": ({"label", "description", "placeholder", "value"}, {"label"}),
    "dropdown": ({"label", "description", "multiple", "options", "default"}, {"label", "options"}),
    "checkboxes": ({"label", "description", "options"}, {"label", "options"}),
}


def form(name: str) -> dict[str, Any]:
    """Read one form."""
    read: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / ".github" / "ISSUE_TEMPLATE" / name)
    return read


@pytest.mark.parametrize("name", [path.name for path in FORMS])
def test_a_form_is_what_github_takes(name: str) -> None:
    """A name, a description, known elements with known attributes, unlike ids and labels; something that is typed."""
    read = form(name)
    assert (
        {"name", "description", "body"} <= read.keys() <= {"name", "description", "body", "labels", "title"}
    )
    for element in read["body"]:
        allowed, needed = ATTRIBUTES[element["type"]]
        assert needed <= element["attributes"].keys() <= allowed, element
        assert element.keys() <= {"type", "id", "attributes", "validations"}
        assert set(element.get("validations", {})) <= {"required"}
        options = element["attributes"].get("options", [])
        assert len({str(option) for option in options}) == len(options)
    asked = [element for element in read["body"] if element["type"] != "markdown"]
    for words in (
        [each["id"] for each in asked],
        [each["attributes"]["label"].lower() for each in asked],
    ):
        assert len(set(words)) == len(words) > 0


def test_a_bug_comes_with_the_doctor_s_words_and_the_version() -> None:
    """Both are required: `doctor -o json` and `version`."""
    required = {
        element["attributes"]["label"]
        for element in form("bug.yml")["body"]
        if element.get("validations", {}).get("required")
    }
    assert {"`kubectl oidc-login doctor -o json`", "`kubectl oidc-login version`"} <= required
