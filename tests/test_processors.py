"""Processors, and several calls at once over them."""

from __future__ import annotations

import os
import threading

import pytest

from bioplastic.processors import call_at_once, count_processors, use_processors


def test_processors_are_those_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIOPLASTIC_PROCESSORS", raising=False)
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5, 7})
        assert count_processors() == 3
    monkeypatch.setenv("BIOPLASTIC_PROCESSORS", "5")
    assert count_processors() == 5
    with use_processors(2):
        assert count_processors() == 2
    assert count_processors() == 5
    for wrong in ("0", "-1", "two", "1.5"):
        monkeypatch.setenv("BIOPLASTIC_PROCESSORS", wrong)
        with pytest.raises(ValueError, match=f"BIOPLASTIC_PROCESSORS: .* got '{wrong}'"):
            count_processors()


def test_calls_at_once() -> None:
    """Two run together, all come back in order, and an error keeps the rest from beginning."""
    meet, begun = threading.Barrier(2, timeout=20), []

    def call(number: int) -> int:
        begun.append(number)
        if number < 2:
            meet.wait()
        if number == 2:
            raise RuntimeError("the third")
        return -number

    assert call_at_once(call, [(0,), (1,), (3,)], jobs=2) == [0, -1, -3]
    for jobs in (1, 2):
        begun.clear()
        with pytest.raises(RuntimeError, match="the third"):
            call_at_once(call, [(2,)] + [(number,) for number in range(3, 400)], jobs)
        assert len(begun) < 397
