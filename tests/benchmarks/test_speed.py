"""The run over all contenders, with small programs in place of the real ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bioplastic.benchmarks import contenders, speed
from bioplastic.benchmarks.contenders import CONTENDERS, Contender, Missing, Setting
from bioplastic.benchmarks.measure import Usage, measure


def _fake(name: str, log: list[tuple[str, int]], ms_per_image: float) -> Contender:
    def run(setting: Setting, n: int, count: int, prepared: dict[str, Any]) -> Any:
        log.append((name, count))
        outcome = dict(images=count, presentations=count, hidden_spikes=14.0, input_spikes=2000.0)
        return Usage(1 + count * ms_per_image / 1e3, 1.0, 10_000_000, ""), outcome

    return Contender(name, name, {100: (2, 4)}, lambda *_: {}, run)


def _absent(*_: Any) -> dict[str, Any]:
    raise Missing("not on this machine")


def test_contenders_take_turns_and_the_missing_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[tuple[str, int]] = []
    fakes = {name: _fake(name, log, cost) for name, cost in (("a", 1.0), ("b", 8.0))}
    fakes["c"] = Contender("c", "c", {100: (2, 4)}, _absent, _absent)
    monkeypatch.setattr(speed, "CONTENDERS", fakes)
    path = tmp_path / "benchmarks.json"
    results = speed.run_benchmark(Setting(tmp_path, tmp_path), ["a", "b", "c"], [100], 2, path)
    warm_up = [("a", 2), ("b", 2)]
    assert log == warm_up + [("a", 2), ("a", 4), ("b", 2), ("b", 4)] * 2
    assert results["missing"] == {"c": "not on this machine"}
    assert results["summary"]["100"]["b"]["cpu_ms_per_image"] == pytest.approx(8.0)
    assert json.loads(path.read_text())["repeats"] == 2


def test_a_contender_that_breaks_is_reported_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    log: list[tuple[str, int]] = []
    broken = Contender("bad", "bad", {100: (2, 4)}, lambda *_: {}, breaks)
    monkeypatch.setattr(speed, "CONTENDERS", {"bad": broken, "a": _fake("a", log, 1.0)})
    results = speed.run_benchmark(
        Setting(tmp_path, tmp_path), ["bad", "a"], [100], 1, tmp_path / "r.json"
    )
    assert results["missing"] == {"bad at N = 100": "failed: out of memory"}
    assert list(results["summary"]["100"]) == ["a"]


def test_peers_without_an_environment_say_so(tmp_path: Path) -> None:
    for name in ("bindsnet", "nest", "genn"):
        with pytest.raises(Missing, match="--peers-python"):
            CONTENDERS[name].prepare(Setting(tmp_path, tmp_path), 100, (1, 2))
    setting = Setting(tmp_path, tmp_path, peers_python=tmp_path / "no-python")
    with pytest.raises(Missing, match="cannot be run"):
        CONTENDERS["nest"].prepare(setting, 100, (1, 2))
    with pytest.raises(Missing, match="--reference"):
        CONTENDERS["reference"].prepare(setting, 100, (1, 2))


def test_run_lengths_follow_the_size() -> None:
    for contender in CONTENDERS.values():
        for n in (50, 100, 900, 6400, 10_000):
            few, many = contender.counts(n)
            assert 0 < few < many
    assert CONTENDERS["reference"].counts(900) == CONTENDERS["reference"].counts(400)


def test_the_reference_is_read_from_its_last_line() -> None:
    text = "N=9 in/img=1 E/img=2 pres/img=1\nN=9 in/img=2149 E/img=14.6 pres/img=1.03 seed=0\n"
    outcome = contenders.read_reference(text, 300)
    assert (outcome["presentations"], outcome["hidden_spikes"]) == (309, 14.6)


def test_an_unknown_contender_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        speed.main(["--contenders", "ours,unheard-of", "--data", "."])
    assert "unheard-of" in capsys.readouterr().err


def test_stubs_satisfy_an_import() -> None:
    code = (
        "from bioplastic.benchmarks.peers.stubs import stub_missing\n"
        "print(stub_missing(['json', 'nowhere', 'nowhere.inside']))\n"
        "from nowhere.inside import Base\n"
        "class Derived(Base): pass\n"
    )
    usage = measure([sys.executable, "-c", code], cwd=contenders.ROOT)
    assert usage.output.strip() == "['nowhere', 'nowhere.inside']"
