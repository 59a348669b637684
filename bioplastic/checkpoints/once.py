"""Parts of an experiment that are computed once and then kept."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bioplastic.checkpoints.parameters import describe_parameters
from bioplastic.checkpoints.seconds import seconds_of, seconds_spent, take_over
from bioplastic.fields import checked
from bioplastic.files import DamagedFileError, read_arrays, write_arrays

__all__ = ["compute_once"]

_FORMAT = 2


@checked
def compute_once(
    folder: str | os.PathLike[str] | None,
    name: str,
    parameters: Mapping[str, Any],
    compute: Callable[[], Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the stored result of one part of an experiment, or compute and store it.

    Parameters
    ----------
    folder : path-like or None
        Where results are kept, made if missing; with None nothing is kept.
    name : str
        What the part is, for people: the beginning of the name of its file.
    parameters : mapping
        Everything that determines the result, as for `RunFolder`. A part with other parameters is
        another part, with a file of its own.
    compute : callable
        Takes nothing and returns a dict of arrays, numpy scalars, numbers, texts, truth values,
        None, and dicts, lists and tuples of them.

    Returns
    -------
    dict
        What ``compute`` returned, now or then, of the same types. A file that is damaged is
        computed anew. What it cost is stored with it.

    Raises
    ------
    TypeError
        If there is something else in the result, which could not come back as it was.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> part = lambda: {"accuracy": 0.5, "counts": {"a": np.arange(2)}}
    >>> first = compute_once(folder, "trial", {"seed": 0}, part)
    >>> compute_once(folder, "trial", {"seed": 0}, lambda: {"never": "called"})
    {'accuracy': 0.5, 'counts': {'a': array([0, 1])}}
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise ValueError(f"compute_once.name: must be a plain name of a file, got {name!r}")
    if folder is None:
        return dict(compute())
    plain = describe_parameters(parameters)
    key = hashlib.sha256(json.dumps([name, plain], sort_keys=True).encode()).hexdigest()[:16]
    path = Path(folder) / f"{name}-{key}.npz"
    if path.exists():
        try:
            return _read_result(path)
        except DamagedFileError as error:
            warnings.warn(f"{error}; it is computed again", stacklevel=2)
    start = seconds_spent()
    result = dict(compute())
    spent = (seconds_spent() - start).stored()
    arrays: list[NDArray[Any]] = []
    plain_result = _split("compute_once.compute", result, arrays)
    content = {"format": _FORMAT, "parameters": plain, "result": plain_result, **spent}
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {f"array/{k}": array for k, array in enumerate(arrays)}
    write_arrays(path, {"content": np.array(json.dumps(content)), **stored}, compress=True)
    return result


def _read_result(path: Path) -> dict[str, Any]:
    arrays = read_arrays(path, "stored result")
    try:
        content = json.loads(str(arrays["content"]))
        if content.get("format") != _FORMAT:
            raise ValueError("of another version of bioplastic")
        result = cast(dict[str, Any], _join(content["result"], arrays))
        spent = seconds_of(content)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamagedFileError(f"{path}: damaged or no stored result ({error!r})") from error
    take_over(spent)
    return result


def _split(place: str, value: Any, arrays: list[NDArray[Any]]) -> Any:
    """Return a result in JSON types, every container with its kind; arrays are moved out of it."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is dict:
        return {
            "dict": [
                [_split(place, key, arrays), _split(f"{place}[{key!r}]", entry, arrays)]
                for key, entry in value.items()
            ]
        }
    if kind in (list, tuple):
        return {kind.__name__: [_split(f"{place}[{k}]", v, arrays) for k, v in enumerate(value)]}
    if (kind is np.ndarray or isinstance(value, np.generic)) and not value.dtype.hasobject:
        arrays.append(np.asarray(value))
        return {"array" if kind is np.ndarray else "scalar": len(arrays) - 1}
    raise TypeError(
        f"{place}: must be an array, a number, text, or a dict, list or tuple of them, got "
        f"{kind.__name__}"
    )


def _join(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "dict":
        return {_join(key, arrays): _join(entry, arrays) for key, entry in content}
    if kind in ("list", "tuple"):
        entries = [_join(entry, arrays) for entry in content]
        return entries if kind == "list" else tuple(entries)
    array = arrays[f"array/{content}"]
    return array if kind == "array" else array[()]
