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

from bioplastic.arguments import check_arguments
from bioplastic.checkpoints.parameters import describe_parameters
from bioplastic.checkpoints.seconds import seconds_of, seconds_spent, take_over
from bioplastic.files import DamagedFileError, read_arrays, write_arrays

__all__ = ["compute_once"]


@check_arguments
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
        Takes nothing and returns a mapping of arrays, JSON types and mappings of them.

    Returns
    -------
    dict
        What ``compute`` returned, now or then. A file that is damaged is computed anew. What it
        cost is stored with it.

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
    arrays: dict[str, NDArray[Any]] = {}
    content = {"parameters": plain, "result": _split(result, "", arrays), **spent}
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays["content"] = np.array(json.dumps(content, allow_nan=True))
    write_arrays(path, arrays, compress=True)
    return result


def _read_result(path: Path) -> dict[str, Any]:
    arrays = read_arrays(path, "stored result")
    try:
        content = json.loads(str(arrays["content"]))
        result = cast(dict[str, Any], _join(content["result"], arrays))
        spent = seconds_of(content)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path}: damaged or no stored result ({error!r})") from error
    take_over(spent)
    return result


def _split(value: Any, place: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """Move arrays out of nested mappings; a marker stays in their place."""
    if isinstance(value, Mapping):
        return {str(k): _split(v, f"{place}/{k}", arrays) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    return value.item() if isinstance(value, np.generic) else value


def _join(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"array"} and isinstance(value["array"], str):
        return arrays[value["array"]]
    return {name: _join(entry, arrays) for name, entry in value.items()}
