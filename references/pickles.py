"""Pickles as numpy and MMSA write them, and hostile ones, for crates/corpus/tests/pickles.rs.

    pip install numpy==2.4.6
    python references/pickles.py crates/corpus/tests/fixture/pickles

    mosi_N.pkl      two clips of training, one of validation and one of test in MMSA's layout,
                    written with protocol N
    sims.pkl        the same with a rating each of text, sound and film, aligned, and as numpy
                    before 2 names its parts
    expected.json   the numbers of both
    kinds_N.pkl     a dictionary of values and arrays of every kind, as both byte orders, and
                    kinds.json what they are
    evil_*.pkl      what must be refused; evil.json says by which word
"""

import argparse
import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np

rng = np.random.default_rng(7)


def part(count, first, sims=False):
    steps, width = 5, {"text": 4, "audio": 3, "vision": 2}
    data = {
        "raw_text": np.array([f"clip {first + i} says é" for i in range(count)], dtype=object),
        "id": [f"video{(first + i) // 2}$_$clip{first + i}" for i in range(count)],
        "annotations": ["Positive"] * count,
        "classification_labels": np.full(count, 2.0),
        "regression_labels": np.array([1.5, -3.0, 0.0][:count]) / (3 if sims else 1),
    }
    kinds = {"text": "<f4", "audio": ">f8", "vision": "<f2"}
    for name, size in width.items():
        array = rng.normal(size=(count, steps, size)).astype(kinds[name])
        data[name] = np.asfortranarray(array) if name == "vision" else array
    data["audio"][0, 1, 2] = -np.inf
    mask = np.zeros((count, 3, steps), dtype=np.float32)
    mask[:, 1, :3] = 1
    data["text_bert"] = mask
    if sims:
        for modality, shift in zip("TAV", (0.1, 0.2, 0.3)):
            rated = np.clip(data["regression_labels"] + shift, -1, 1)
            data[f"regression_labels_{modality}"] = rated.astype(np.float32)
    else:
        data["audio_lengths"] = [2, 4, 5][:count]
        data["vision_lengths"] = np.array([5, 1, 3][:count])
    return data


def expected(parts, sims):
    clips = []
    for name, data in parts.items():
        for i, clip in enumerate(data["id"]):
            lengths = {
                "text": 3,
                "audio": 3 if sims else int(data["audio_lengths"][i]),
                "vision": 3 if sims else int(data["vision_lengths"][i]),
            }
            series = {}
            for key, steps in lengths.items():
                rows = np.where(np.isfinite(data[key]), data[key], 0)[i, :steps]
                series[key] = rows.astype(np.float32).astype(float).ravel().tolist()
            ratings = [data["regression_labels"][i] / (1 if sims else 3)]
            if sims:
                ratings += [float(data[f"regression_labels_{m}"][i]) for m in "TAV"]
            clips.append({
                "id": clip, "part": name, "text": data["raw_text"][i],
                "ratings": ratings, "series": series,
            })
    return clips


def kinds():
    values = {
        "none": None, "true": True, "int": -3, "long": 2**40, "negative": -(2**40), "float": 1.25,
        "text": "naïve ☃ \\ \n", "bytes": b"ab\xff", "empty": b"", "list": [1, [2, 3]],
        "tuple": (1, 2, 3, 4), "set": {5}, "dict": {"a": 1},
        "scalar": np.float32(0.5), "whole": np.int64(-7), "unicode": np.array(["ab", "☃"]),
        "ascii": np.array([b"ab", b"c"]), "objects": np.array(["x", "yz"], dtype=object),
    }
    shared = [1]
    values["shared"] = [shared, shared]
    numbers = {}
    for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"):
        for order in "<>":
            array = np.array([[0, 1, 3], [100, 1, 7]]).astype(order + kind)
            if kind[0] in "fi":
                array[0, 0] = -2
            numbers[order + kind] = array
    return values, numbers


class Runs:
    def __init__(self, call, *arguments):
        self.made = (call, arguments)

    def __reduce__(self):
        return self.made


def evil(folder):
    refused = {}

    def write(name, data, word):
        (folder / f"evil_{name}.pkl").write_bytes(data)
        refused[f"evil_{name}.pkl"] = word

    for protocol in range(6):
        data = pickle.dumps({"train": Runs(os.system, "touch /tmp/evil")}, protocol=protocol)
        write(f"system_{protocol}", data, f"{os.system.__module__}.system")
    write("eval", pickle.dumps(Runs(eval, "1")), "builtins.eval")
    write("getattr", pickle.dumps(Runs(getattr, "x", "y")), "builtins.getattr")
    write("inst", b"(S'x'\nios\nsystem\n.", "os.system")
    write("hidden", b"\x80\x04\x8c\x02os)\x93.", "puts a name together")
    write("object", b"\x80\x02cnumpy\nndarray\n)\x81.", "an object of a class")
    write("extension", b"\x80\x02\x82\x01.", "by a number")
    write("persistent", b"Pabc\n.", "outside of the file")
    write("buffer", b"\x80\x05\x97.", "outside of the file")
    write("frame", b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N.", "cut off")
    write("long", b"\x80\x02\x8b" + struct.pack("<i", 0x7FFFFFFF) + b"N.", "64 bits")
    write("bytes", b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"N.", "cut off")
    write("stack", b"\x80\x02R.", "its stack")
    write("mark", b"\x80\x02(0.", "its stack")
    write("memo", b"\x80\x02h\x05.", "did not keep")
    write("opcode", b"\x80\x02\xfe.", "no instruction")
    write("empty", b"", "cut off")
    write("text", b"id,text\n1,a\n", "")
    # A list of lists of lists, each holding the one before twice: 2^64 items in 400 bytes.
    bomb = b"\x80\x02]q\x00" + b"".join(
        b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(64)
    )
    write("doubling", bomb + b".", "none of `train`")
    # One megabyte of text that is encoded again and again.
    text = b"X" + struct.pack("<I", 1 << 16) + b"a" * (1 << 16) + b"q\x00"
    once = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R0"
    write("copies", b"\x80\x02" + text + once * 400 + b".", "again and again")
    array = pickle.dumps(np.zeros(4, dtype=np.float32), protocol=2)
    write("shape", array.replace(b"K\x04\x85", b"K\x09\x85"), "bytes of data")
    write("axes", array.replace(b"K\x04\x85", b"(" + b"K\x01" * 9 + b"t"), "axes")
    huge = b"\x8a\x08" + struct.pack("<q", 1 << 60)
    write("huge", array.replace(b"K\x04\x85", huge + huge + b"\x86"), "a shape")
    write("dtype", pickle.dumps(np.zeros(2, dtype=np.complex64)), "dtype `c8`")
    record = np.zeros(1, dtype=[("a", "f4")])
    write("record", pickle.dumps(record), "dtype `V4`")
    itself = []
    itself.append(itself)
    write("itself", pickle.dumps(itself), "none of `train`")
    (folder / "evil.json").write_text(json.dumps(refused, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    mosi = {"train": part(2, 0), "valid": part(1, 2), "test": part(1, 4)}
    for protocol in range(6):
        (folder / f"mosi_{protocol}.pkl").write_bytes(pickle.dumps(mosi, protocol=protocol))
    sims = {"train": part(2, 0, True), "valid": part(1, 2, True), "test": part(1, 4, True)}
    old = pickle.dumps(sims, protocol=2).replace(b"numpy._core", b"numpy.core")
    (folder / "sims.pkl").write_bytes(old)
    numbers = {"mosi": expected(mosi, False), "sims": expected(sims, True)}
    (folder / "expected.json").write_text(json.dumps(numbers, indent=1))
    values, arrays = kinds()
    for protocol in range(6):
        data = pickle.dumps({**values, **arrays}, protocol=protocol)
        (folder / f"kinds_{protocol}.pkl").write_bytes(data)
    numbers = {name: array.astype(float).ravel().tolist() for name, array in arrays.items()}
    (folder / "kinds.json").write_text(json.dumps(numbers, indent=1))
    evil(folder)


if __name__ == "__main__":
    main()
