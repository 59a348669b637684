"""Weights over time as an animation that any browser shows."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked, param
from bioplastic.files import write_atomically
from bioplastic.plotting.weights import colour_limits, tile_images
from bioplastic.validation import check_integer

__all__ = ["animate_weights"]

_LEVELS = 24  # colours; more make the file larger and cannot be told apart
_CAPTION = 22  # pixels


@checked(seconds=param(positive=True), max_bytes=param(minimum=1))
def animate_weights(
    frames: ArrayLike,
    image_shape: tuple[int, int],
    path: str | os.PathLike[str],
    *,
    captions: Sequence[str] | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: str | None = None,
    seconds: float = 6.0,
    max_bytes: int = 1_000_000,
) -> Path:
    """Write the incoming weights of every neuron over time as a GIF.

    Parameters
    ----------
    frames : array_like, shape (n_frames, n_inputs, n_neurons)
        The weights, the first frame first; neurons fill a grid row by row.
    image_shape : (int, int)
        Rows and columns of the input image; their product is ``n_inputs``.
    path : path-like
        Where to write.
    captions : sequence of str, optional
        Text below each frame.
    vmin, vmax : float, optional
        Limits of the colours, the same for all frames; as for `plot_weight_maps` by default.
    cmap : str, optional
        Matplotlib colour map.
    seconds : float, default 6
        Duration, before the last frame stays for two seconds.
    max_bytes : int, default 1 million
        Frames are left out, evenly but for the first and the last, until the file is smaller.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    TypeError, ValueError
        If the frames are not finite, do not fit the image shape or the captions, or if two of them
        are larger than the limit.

    Examples
    --------
    >>> import tempfile
    >>> frames = np.linspace(0, 1, 5)[:, None, None] * np.ones((5, 16, 9))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.open(animate_weights(frames, (4, 4), Path(folder) / "film.gif")).n_frames
    5
    """
    place = "animate_weights"
    rows = check_integer(f"{place}.image_shape[0]", image_shape[0], minimum=1)
    columns = check_integer(f"{place}.image_shape[1]", image_shape[1], minimum=1)
    weights = check_array(f"{place}.frames", frames, shape=(None, rows * columns, None))
    if 0 in weights.shape:
        raise ValueError(f"{place}.frames: must hold a frame and a neuron, got {weights.shape}")
    if captions is not None and len(captions) != len(weights):
        raise ValueError(
            f"{place}.captions: must be one per frame ({len(weights)}), got {len(captions)}"
        )
    low, high, signed = colour_limits(place, weights, vmin, vmax)
    colours = mpl.colormaps[cmap or ("RdBu_r" if signed else "inferno")](np.linspace(0, 1, _LEVELS))
    palette = np.rint(255 * np.vstack([colours[:, :3], [(1, 1, 1), (0, 0, 0)]])).astype(np.uint8)
    pictures = [
        _draw(
            np.clip((tiled - low) / (high - low), 0, 1),
            palette,
            "" if captions is None else captions[number],
        )
        for number, tiled in enumerate(
            tile_images(frame.T.reshape(-1, rows, columns)) for frame in weights
        )
    ]
    kept = pictures
    while len(content := _encode(kept, 1000 * seconds / len(kept))) > max_bytes:
        if len(kept) <= 2:
            raise ValueError(
                f"{place}.max_bytes: must be at least {len(content)} for two frames of "
                f"{kept[0].width} x {kept[0].height} pixels, got {max_bytes}"
            )
        count = max(2, min(len(kept) - 1, len(kept) * max_bytes // len(content)))
        kept = [pictures[k] for k in np.rint(np.linspace(0, len(pictures) - 1, count)).astype(int)]
    with write_atomically(path) as file:
        file.write(content)
    return Path(path)


def _draw(tiled: NDArray[np.float64], palette: NDArray[np.uint8], caption: str) -> Image.Image:
    """Return a frame: shares of the colour range, nan between neurons, a caption below."""
    levels = np.where(np.isnan(tiled), _LEVELS, np.rint(np.nan_to_num(tiled) * (_LEVELS - 1)))
    scale = max(1, round(420 / max(tiled.shape)))
    pixels = np.kron(levels.astype(np.uint8), np.ones((scale, scale), dtype=np.uint8))
    strip = np.full((_CAPTION if caption else 0, pixels.shape[1]), _LEVELS, dtype=np.uint8)
    picture = Image.fromarray(np.vstack([pixels, strip])).convert("P")
    picture.putpalette(palette.tobytes())
    if caption:
        pen = ImageDraw.Draw(picture)
        pen.fontmode = "1"  # no colours between black and white
        font = ImageFont.load_default(14)
        pen.text((2, len(pixels) + 2), caption, fill=_LEVELS + 1, font=font)
    return picture


def _encode(pictures: Sequence[Image.Image], milliseconds: float) -> bytes:
    durations = [max(20, round(milliseconds / 10) * 10)] * len(pictures)
    durations[-1] = 2000
    stream = io.BytesIO()
    pictures[0].save(
        stream,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        optimize=False,
        disposal=1,
    )
    return stream.getvalue()
