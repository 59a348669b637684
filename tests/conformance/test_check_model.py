"""What models promise, and that every broken promise is found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioplastic.conformance import ModelCheckError, check_model
from bioplastic.conformance.models import MODEL_CHECKS

_PATH = Path(__file__).parent.parent / "models" / "tiny.py"
_SPEC = importlib.util.spec_from_file_location("tiny", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
tiny: Any = importlib.util.module_from_spec(_SPEC)
sys.modules["tiny"] = tiny
_SPEC.loader.exec_module(tiny)

Y = np.arange(12) % 3
X = np.random.default_rng(0).normal(size=(12, 4)) + 3 * np.eye(4)[Y]


def model(kind: Any = tiny.TinyClassifier, **arguments: Any) -> Any:
    return kind(target="numpy", epochs=2, bias=False, **arguments)


@pytest.mark.parametrize("kind", [tiny.TinyClassifier, tiny.TinyRegressor])
def test_the_small_system_keeps_its_promises(kind: Any) -> None:
    report = check_model(model(kind), X, Y)
    assert all(result.status == "passed" for result in report.results), str(report)
    assert "goal" in report["labels"].message
    assert "weights_ unchanged" in report["silence"].message


class Leaky(tiny.TinyClassifier):
    """Breaks the promise that its argument names."""

    broken: str = tiny.param("", doc="which")

    def learn(self, X: Any, y: Any) -> None:
        if self.broken == "silence":
            self.state_["feed.w"] = self.state_["feed.w"] + 1
        if self.broken == "pieces":
            self.calls_ = getattr(self, "calls_", 0) + 1
        if self.broken in ("storage", "resume"):
            self._hidden = getattr(self, "_hidden", 0) + 1
            self.state_["feed.w"] = self.state_["feed.w"] * (1 + self._hidden)
        if self.broken == "seed":
            self.state_["feed.w"] = self.state_["feed.w"] + np.random.default_rng().random()
        if self.broken == "labels":
            self.given_ = y
        super().learn(X, y)

    def start(self, X: Any, y: Any) -> None:
        self.__dict__.pop("_hidden", None)
        super().start(X, y)

    def fork(self, **changes: Any) -> Any:
        other = super().fork(**changes)
        if self.broken == "fork":
            other.state_ = self.state_
            other.learn = lambda X, y: self.state_["feed.w"].__iadd__(1)
        return other

    def frozen_state(self) -> dict[str, Any]:
        if self.broken == "predict":
            self.asked_ = getattr(self, "asked_", 0) + 1
        return super().frozen_state()

    def scores(self, X: Any) -> Any:
        scores = super().scores(X)
        return scores + 100 * self.state_["output.goal"] if self.broken == "labels" else scores


@pytest.mark.parametrize("promise", MODEL_CHECKS)
def test_every_broken_promise_is_found(promise: str) -> None:
    with pytest.raises(ModelCheckError, match=promise) as error:
        check_model(model(Leaky, broken=promise), X, Y)
    report = error.value.report
    assert report[promise].status == "failed", str(report)


def test_other_things_are_no_models() -> None:
    with pytest.raises(TypeError, match=r"check_model\.estimator: must be a SpikingEstimator"):
        check_model(tiny.TinyClassifier, X, Y)
    with pytest.raises(ValueError, match=r"check_model\.skip: must be one of 'silence'"):
        check_model(model(), X, Y, skip={"noise": "?"})
    skip = dict.fromkeys(MODEL_CHECKS[1:], "known")
    report = check_model(model(Leaky, broken="silence"), X, Y, skip=skip, raise_on_failure=False)
    assert [result.status for result in report.results] == ["failed"] + 7 * ["not applicable"]
    assert report["fork"].message == "known"
