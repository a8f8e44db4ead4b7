"""A command hands over to a package that is imported only then."""

from __future__ import annotations

import pytest

from musicrnn.commands.handover import hand_over
from musicrnn.errors import MusicRNNError


def test_the_status_of_the_work_is_returned() -> None:
    """And 0 where it returns nothing."""
    assert hand_over("operator", "add", 3, 4) == 7
    assert hand_over("gc", "enable") == 0


@pytest.mark.parametrize(("module", "function"), [("musicrnn.no_such", "run"), ("musicrnn.errors", "no_such")])
def test_what_this_version_lacks_is_told(module: str, function: str) -> None:
    """Not as a bug."""
    with pytest.raises(MusicRNNError, match=rf"this version has no {module}\.{function}"):
        hand_over(module, function)
