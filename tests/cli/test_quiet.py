"""Commands in which crashes are meant say errors only, and leave the log as they found it."""

from __future__ import annotations

import logging

import pytest

from sparksim.cli.quiet import only_errors


def test_warnings_are_back_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("sparksim.cluster")
    with only_errors():
        logger.warning("a block is lost")
        logger.error("the log cannot be written")
    logger.warning("the source is away")
    assert caplog.messages == ["the log cannot be written", "the source is away"]


def test_it_leaves_the_log_as_it_was_also_after_an_error() -> None:
    before = logging.getLogger("sparksim").level
    with pytest.raises(ValueError, match="broken"), only_errors():
        raise ValueError("broken")
    assert logging.getLogger("sparksim").level == before
