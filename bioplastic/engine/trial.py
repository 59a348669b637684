"""What happens around a stretch of simulation: trials and repetitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from brian2 import Quantity, second

from bioplastic.equations import ARRAY_WORDS, check_expression, check_name, parse_statements
from bioplastic.fields import check_params
from bioplastic.validation import check_identifier, check_integer, check_quantity, check_real

__all__ = ["Trial"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One presentation of one sample, perhaps repeated until a condition holds.

    A program runs one trial per sample. When ``repeat_while`` holds at the end of a trial,
    ``on_repeat`` is executed and the same sample is presented again; the network is not reset.

    Parameters
    ----------
    duration : Quantity
        Length of a presentation, rest included (time); a call may give another one.
    variables : mapping of str to float, default {}
        Scalar variables, set to these values at the first presentation of every sample. Rate
        expressions of sources may read them.
    repeat_while : str, default ""
        Boolean expression over ``variables`` and the totals of the spike counts (see `SpikeCount`),
        for example ``"exc_count < 5 and intensity < 32"``. Empty: never repeat.
    on_repeat : str, default ""
        Statements over ``variables`` executed before a repetition.
    max_presentations : int, default 1000
        After so many presentations the next sample follows, whatever ``repeat_while`` says: a
        condition that always holds does not hang a compiled program.

    Examples
    --------
    >>> from brian2 import ms
    >>> trial = Trial(duration=500*ms, variables={"intensity": 2.0},
    ...               repeat_while="exc_count < 5 and intensity < 32",
    ...               on_repeat="intensity += 1")
    """

    duration: Quantity
    variables: Mapping[str, float] = field(default_factory=dict)
    repeat_while: str = ""
    on_repeat: str = ""
    max_presentations: int = 1000

    def __post_init__(self) -> None:
        check_params(self)
        check_quantity("Trial.duration", self.duration, second, positive=True)
        check_integer("Trial.max_presentations", self.max_presentations, minimum=1)
        values = {}
        for name, value in dict(self.variables).items():
            check_identifier("Trial.variables", name)
            check_name("Trial.variables", name, taken=("repeat_trial", *ARRAY_WORDS))
            values[name] = check_real(f"Trial.variables[{name!r}]", value)
        object.__setattr__(self, "variables", MappingProxyType(values))
        parse_statements("Trial.on_repeat", self.on_repeat)
        if self.repeat_while:
            check_expression("Trial.repeat_while", self.repeat_while)
        if self.on_repeat and not self.repeat_while:
            raise ValueError("Trial.on_repeat: needs a repeat_while condition, got none")
