"""What records of a variable of cells or synapses share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.records.base import Record, Recorder
from bioplastic.validation import check_identifier

__all__ = ["VariableRecord", "VariableRecorder"]


class VariableRecorder(Recorder):
    """The numpy form of a record of a variable; a kind says when it looks.

    Parameters
    ----------
    network, output
        See `Recorder`.
    update : sequence of callable
        Bring the variable up to date.
    values : callable
        Returns its values.
    """

    def __init__(
        self,
        network: Any,
        output: dict[str, Any],
        update: Sequence[Callable[[], Any]],
        values: Callable[[], NDArray[Any]],
    ) -> None:
        super().__init__(network, output)
        self.update, self.values = update, values

    def look(self, *place: int) -> None:
        """Note the values at this place of the record."""
        for action in self.update:
            action()
        self.array[place] = self.values().reshape(self.array.shape[len(place) :])


@dataclass(frozen=True, kw_only=True)
class VariableRecord(Record):
    """A variable of a population or of a projection, all of its values or a subset."""

    recorder: ClassVar[type[VariableRecorder]]
    """Its numpy form."""

    population: str = ""
    projection: str = ""
    variable: str
    subset: Any = None

    def __post_init__(self) -> None:
        place = type(self).__name__
        if bool(self.population) == bool(self.projection):
            raise ValueError(
                f"{place}: needs either a population or a projection, got "
                f"{self.population!r} and {self.projection!r}"
            )
        check_identifier(f"{place}.{self._side}", self._owner)
        check_identifier(f"{place}.variable", self.variable)
        if self.subset is not None:
            object.__setattr__(self, "subset", self._check_subset(f"{place}.subset"))

    def numpy(
        self, network: Any, output: dict[str, Any], update: Sequence[Callable[[], Any]]
    ) -> Recorder:
        """Return the numpy form."""
        return self.recorder(network, output, update, self.values(network, output))

    def _check_subset(self, place: str) -> tuple[Any, ...]:
        try:
            values = np.asarray(list(self.subset))
        except (TypeError, ValueError) as error:
            raise TypeError(f"{place}: must be a sequence of integers ({error})") from None
        pairs = values.ndim == 2 and values.shape[1] == 2
        if not (values.ndim == 1 or pairs) or values.size == 0 or values.dtype.kind not in "iu":
            raise ValueError(
                f"{place}: must be a sequence of integers or of pairs (pre, post), "
                f"got {self.subset!r:.80}"
            )
        if values.min() < 0:
            raise ValueError(f"{place}: must not be negative, got {values.min()}")
        return tuple(tuple(v) if pairs else v for v in values.tolist())

    @property
    def _side(self) -> str:
        return "population" if self.population else "projection"

    @property
    def _owner(self) -> str:
        return self.population or self.projection

    @property
    def key(self) -> str:
        """Name in the record."""
        return f"{self._owner}.{self.variable}"

    @property
    def reads(self) -> tuple[str, str]:
        """Population or projection, and the variable that must be up to date."""
        return self._owner, self.variable

    def check(self, spec: Any) -> str:
        """Refuse what the network does not have; return the key of what is recorded."""
        place = f"{type(self).__name__}.{self._side}"
        if self.population:
            spec.find_population(place, self.population)
        else:
            spec.find_projection(place, self.projection)
        return self.key

    def entry(self, state: Sequence[Any]) -> Any:
        """Return the entry of the state that is recorded."""
        prefix = f"_array_{self._owner}_"
        for entry in state:
            if entry.kind == "variable" and (
                entry.key == self.key or entry.array == f"{prefix}{self.variable}"
            ):
                return entry
        stored = [entry for entry in state if entry.kind == "variable"]
        known = {e.key.partition(".")[2] for e in stored if e.key.startswith(f"{self._owner}.")}
        known |= {e.array.removeprefix(prefix) for e in stored if e.array.startswith(prefix)}
        raise ValueError(
            f"{type(self).__name__}.variable: {self._side} {self._owner!r} has no state "
            f"variable {self.variable!r}; known: {', '.join(sorted(known)) or 'none'}"
        )

    def shape(self, state: Sequence[Any]) -> list[int]:
        """Return the shape of what is recorded at one time."""
        entry = self.entry(state)
        return list(entry.shape or (1,)) if self.subset is None else [len(self.subset)]

    def fields(self, plan: Any) -> dict[str, Any]:
        """Return what the layout says about the variable."""
        entry = self.entry(plan.state)
        self.table(plan.spec, plan.state)
        known = {"key": self.key, "variable": self.variable, "dtype": entry.dtype}
        known |= {self._side: self._owner, "array": entry.array, "owner": entry.owner}
        if self.subset is None and entry.owner == self.projection and len(entry.shape) == 1:
            # sparse: the number of synapses is data of a run
            known["n_pre"] = int(plan.synapses[self.projection].source.N)
        return known | {"stored": entry.variable, "subset": self.subset is not None}

    def table(self, spec: Any, state: Sequence[Any]) -> NDArray[Any] | None:
        """Return the places of the subset in the array."""
        if self.subset is None:
            return None
        place, shape = f"{type(self).__name__}.subset", self.entry(state).shape
        chosen = np.array(self.subset, dtype=np.int64)
        if chosen.ndim == 2:
            chosen = self._find_pairs(place, spec, shape, chosen)
        size = int(np.prod(shape)) if shape else 1
        if chosen.max() >= size:
            raise ValueError(f"{place}: {self.key} has {size} values, got {chosen.max()}")
        return chosen

    def _find_pairs(
        self, place: str, spec: Any, shape: tuple[int, ...], pairs: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return where the synapses between pairs of cells are stored."""
        if self.population:
            raise ValueError(f"{place}: pairs (pre, post) are of a projection, got a population")
        projection = spec.find_projection(place, self.projection)
        sizes = [spec.population(getattr(projection, end)).n for end in ("source", "target")]
        pre, post = np.asarray(getattr(projection, "pre", ())), getattr(projection, "post", ())
        if pre.size == 0:
            groups = projection.groups
            pre, post = (axis.ravel() for axis in np.indices((sizes[0], sizes[1] // groups)))
            post = post + pre // (sizes[0] // groups) * (sizes[1] // groups)
        if shape != (pre.size,) and int(np.prod(shape)) != pre.size:
            raise ValueError(f"{place}: {self.key} is no variable of synapses, got pairs")
        keys = pre.astype(np.int64) * sizes[1] + post
        order = np.argsort(keys, kind="stable")
        wanted = np.where(pairs[:, 1] < sizes[1], pairs[:, 0] * sizes[1] + pairs[:, 1], -1)
        found = np.minimum(np.searchsorted(keys[order], wanted), keys.size - 1)
        for k, (place_of, key) in enumerate(zip(order[found], wanted, strict=True)):
            if keys[place_of] != key:
                raise ValueError(f"{place}: there is no synapse {tuple(pairs[k].tolist())}")
            if (count := int(np.count_nonzero(keys == key))) > 1:
                raise ValueError(
                    f"{place}: {tuple(pairs[k].tolist())} has {count} synapses; give their places "
                    "in the array of the state"
                )
        places: NDArray[np.int64] = order[found]
        return places

    @staticmethod
    def copy_code(output: dict[str, Any], number: int, row: str, shape: list[int]) -> str:
        """Return C++ that copies the variable into a row of the record."""
        size: Any = int(np.prod(shape))
        if "n_pre" in output:
            size = f"net._row_{output['projection']}[{output['n_pre']}]"
        target = f"_out_{number} + ({row}) * {size}"
        if not output["subset"]:
            array = f"net.{output['array']}"
            return f"std::memcpy({target}, {array}, {size} * sizeof(*_out_{number}));"
        value = f"net.{output['array']}[net._record_{number}[_j]]"
        return f"for(int _j=0; _j<{size}; _j++) ({target})[_j] = {value};"

    def values(self, network: Any, output: dict[str, Any]) -> Any:
        """Return a function that gives the values at the moment."""
        variable = network.plan.owner(output["owner"]).variables[output["stored"]]
        chosen = self.table(network.plan.spec, network.plan.state)

        def look() -> NDArray[Any]:
            values = np.ravel(variable.get_value())
            return values if chosen is None else values[chosen]

        return look
