"""Readers of events beside encoders written with `struct` after the descriptions of the formats."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from brian2 import ms, second, us

from bioplastic.events import Events, load_events
from bioplastic.files import DamagedFileError

RNG = np.random.default_rng(3)
N = 400
T = np.sort(RNG.integers(0, 40_000, N)).astype(np.int64) + 7_000
X, Y, P = RNG.integers(0, 34, N), RNG.integers(0, 34, N), RNG.integers(0, 2, N)


def nmnist():
    out, added = b"", 0
    for t, x, y, p in zip(T, X, Y, P, strict=True):
        if t - added >= 20_000:  # the clock of the camera goes round
            added += 1 << 13
            out += bytes([0, 240, 0, 0, 0])
        v = int(t - added)
        out += bytes([x, y, (p << 7) | (v >> 16), (v >> 8) & 255, v & 255])
    return out


def dat():
    words = (
        struct.pack("<II", t, x | (y << 14) | (p << 28))
        for t, x, y, p in zip(T, X, Y, P, strict=True)
    )
    return (
        b"% Data file containing CD events\n% Version 2\n% Width 40\n% Height 36\n\x0c\x08"
        + b"".join(words)
    )


def evt2():
    out, high = b"% evt 2.0\n% format EVT2;height=36;width=40\n% end\n", None
    out += struct.pack("<I", 1 << 28)  # an event before the first time
    for t, x, y, p in zip(T, X, Y, P, strict=True):
        if t >> 6 != high:
            high = int(t >> 6)
            out += struct.pack("<I", (8 << 28) | high) + struct.pack("<I", 0xA << 28)
        out += struct.pack("<I", (int(p) << 28) | (int(t & 63) << 22) | (int(x) << 11) | int(y))
    return out


def evt3():
    """Rows, single columns, and runs of columns as vectors of 12 and 8 bits."""
    out, high, low, row = b"% evt 3.0\n% geometry 40x36\n% end\n", None, None, None
    word = lambda kind, value: struct.pack("<H", (kind << 12) | int(value))  # noqa: E731
    out += word(2, 5)
    for t, x, y, p in zip(T, X, Y, P, strict=True):
        if t >> 12 != high:
            high, low = t >> 12, None
            out += word(8, high)
            if t & 0xFFF == 0:
                low = 0
        if t & 0xFFF != low:
            low = t & 0xFFF
            out += word(6, low)
        if y != row:
            row = y
            out += word(0, y)
        if x % 3:
            out += word(2, x | (p << 11))
        elif x % 2:  # eleven empty columns, then bit 11 of the second vector
            out += word(3, max(x - 15, 0) | (p << 11)) + word(4, 0)
            at = x - max(x - 15, 0) - 12
            out = out + word(5, 1 << at) if 0 <= at < 8 else (
                out[:-4] + word(3, x | (p << 11)) + word(5, 1))  # fmt: skip
        else:
            out += word(3, x | (p << 11)) + word(4, 1)
    return out


def aedat2():
    head = b"#!AER-DAT2.0\r\n# a camera\r\n"
    body = struct.pack(">II", 0x80000000, 0)  # a sample of a frame
    for t, x, y, p in zip(T, X, Y, P, strict=True):
        body += struct.pack(">II", (int(x) << 12) | (int(y) << 22) | (int(p) << 11), int(t))
    return head + body


def text(header="t,x,y,p\n", separator=",", scale=1):
    rows = (separator.join(map(str, row)) for row in zip(T * scale, X, Y, P, strict=True))
    return (header + "\n".join(rows)).encode()


CASES = {
    "nmnist.bin": (nmnist, {}, (34, 34)),
    "a.dat": (dat, {}, (40, 36)),
    "evt2.raw": (evt2, {}, (40, 36)),
    "evt3.raw": (evt3, {}, (40, 36)),
    "davis.aedat": (aedat2, {"camera": "davis240"}, (240, 180)),
    "table.csv": (text, {}, (34, 34)),
    "seconds.txt": (
        lambda: text("# timestamp x y polarity\n", " ", 1e-6), {"time_unit": second}, (34, 34),
    ),
    "bare.txt": (lambda: text("", "\t"), {}, (34, 34)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_format_gives_the_events_back(tmp_path, name):
    encode, options, size = CASES[name]
    (tmp_path / name).write_bytes(encode())
    events = load_events(tmp_path / name, **options)
    assert events.size == size
    assert events.start == T[0]
    for ours, wanted in ((events.t, T - T[0]), (events.x, X), (events.y, Y), (events.p, P)):
        np.testing.assert_array_equal(ours, wanted)


def test_arrays_and_structured_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", t=T, x=X, y=Y, p=P, size=(40, 36))
    assert load_events(tmp_path / "a.npz").size == (40, 36)
    array = np.zeros(N, [("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("on", "?")])
    array["t"], array["x"], array["y"], array["on"] = T, X, Y, P
    np.save(tmp_path / "a.npy", array[::-1])  # in no order
    for events in (load_events(tmp_path / "a.npy"), Events.from_structured(array)):
        np.testing.assert_array_equal(np.diff(events.t), np.diff(T))
    np.savez(tmp_path / "b.npz", t=T * 1e-6, x=X, y=Y, p=P)
    with pytest.raises(DamagedFileError, match="no whole microseconds: give time_unit="):
        load_events(tmp_path / "b.npz")
    np.testing.assert_array_equal(load_events(tmp_path / "b.npz", time_unit=second).t, T - T[0])


@pytest.mark.parametrize("bits", [24, 34])
def test_the_clock_goes_round(tmp_path, bits):
    t = (1 << bits) - 100 + np.arange(0, 300, 50)
    out = b"% evt 3.0\n% end\n" if bits == 24 else b"% evt 2.0\n% end\n"
    for v in t.tolist():
        v %= 1 << bits
        if bits == 24:
            out += struct.pack("<HHHH", 0x8000 | v >> 12, 0x6000 | v & 0xFFF, 0, 0x2000)
        else:
            out += struct.pack("<II", (8 << 28) | v >> 6, (v & 63) << 22)
    (tmp_path / "a.raw").write_bytes(out)
    np.testing.assert_array_equal(load_events(tmp_path / "a.raw").t, t - t[0])


def test_the_low_part_of_evt3_starts_again_with_a_new_high_part(tmp_path):
    words = [0x8000, 0x6FFF, 0x0000, 0x2001, 0x8001, 0x2001, 0x8001, 0x6003, 0x2001]
    (tmp_path / "a.raw").write_bytes(b"% evt 3.0\n% end\n" + struct.pack("<9H", *words))
    np.testing.assert_array_equal(load_events(tmp_path / "a.raw").t, [0, 1, 4])


DAMAGED = [
    ("a.bin", lambda: nmnist()[:-2], {}, r"truncated: 3 of 5 bytes at byte \d+"),
    (
        "a.bin",
        lambda: bytes([3, 4, 0, 0, 1, 90, 4, 0, 0, 2]),
        {},
        "byte 5: x = 90, y = 4 lies outside the 34 x 34 .*N-Caltech101",
    ),
    ("a.dat", lambda: dat()[:-3], {}, "truncated: 5 of 8 bytes"),
    ("a.dat", lambda: dat().replace(b"Version 2", b"Version 1"), {}, "DAT of version 1"),
    (
        "a.dat",
        lambda: dat().replace(b"\x0c\x08", b"\x0e\x08"),
        {},
        r"events of type 14 and 8 bytes at byte \d+",
    ),
    (
        "a.dat",
        lambda: dat().replace(b"Width 40", b"Width 9"),
        {},
        r"byte \d+: x = .* outside the 9 x 36",
    ),
    ("a.raw", lambda: b"% evt 2.1\n% end\n", {}, "the header says EVT 2.1; readable are"),
    (
        "a.raw",
        lambda: evt2() + struct.pack("<I", 5 << 28),
        {},
        r"type 5 at byte \d+ of EVT2",
    ),
    ("a.raw", lambda: evt3() + b"\x00", {}, "truncated: 1 of 2 bytes"),
    ("a.raw", lambda: b"% evt 3.0", {}, "truncated inside the header, at byte 0"),
    ("a.aedat", aedat2, {}, "camera= must be one of dvs128, davis240, davis346, got None"),
    ("a.aedat", lambda: b"#!AER-DAT3.1\r\n", {}, "AEDAT3 is not read here"),
    ("a.hdf5", lambda: b"\x89HDF\r\n\x1a\n", {}, "HDF5 is not read here"),
    ("a.xyz", lambda: b"abc", {}, r"neither its first bytes \(61 62 63\) nor its name"),
    ("a.csv", lambda: b"t,x,y,p\n1,2,3,1\n2,a,3,1\n", {}, "line 3: x must be a number, got 'a'"),
    ("a.csv", lambda: b"t,x,y\n1,2,3\n", {}, "must have one field 'p'"),
    ("a.csv", lambda: b"1,2,3\n", {}, "must have the columns t x y p, has 3"),
    ("a.csv", lambda: b"1,2,3,7\n", {}, "p: must be booleans, 0 and 1, or -1 and 1"),
    ("a.csv", lambda: b"0.1,2,3,1\n", {}, "no whole microseconds"),
    ("a.npz", lambda: b"PK\x03\x04nothing", {}, "damaged or no archive"),
]


@pytest.mark.parametrize(("name", "content", "options", "message"), DAMAGED)
def test_what_cannot_be_read_is_named(tmp_path, name, content, options, message):
    (tmp_path / name).write_bytes(content())
    with pytest.raises(DamagedFileError, match=message) as error:
        load_events(tmp_path / name, **options)
    assert str(error.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("name", ["a.csv", "a.bin"])
def test_an_empty_recording_is_one(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert len(load_events(tmp_path / name)) == 0


def test_the_package_for_aedat4_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "aedat", None)
    (tmp_path / "a.aedat4").write_bytes(b"#!AER-DAT4.0\r\n")
    with pytest.raises(ImportError, match="pip install aedat"):
        load_events(tmp_path / "a.aedat4")


def test_what_was_left_out_is_told(tmp_path):
    (tmp_path / "a.raw").write_bytes(evt2())
    assert "1 dropped (before the first time)" in repr(load_events(tmp_path / "a.raw"))
    (tmp_path / "a.aedat").write_bytes(aedat2())
    left = load_events(tmp_path / "a.aedat", camera="davis240").dropped
    assert left == {"no change of brightness": 1}
    assert load_events(tmp_path / "a.raw").window(0 * ms, 100 * us).dropped == {
        "before the first time": 1
    }
