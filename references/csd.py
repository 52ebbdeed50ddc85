"""Computational sequences as the CMU multimodal SDK writes them, and damaged ones, for
crates/corpus/tests/csd.rs.

    pip install numpy==2.4.6 h5py==3.16.0
    python references/csd.py crates/corpus/tests/fixture/csd

    mosei/      two videos of two segments each: labels, words, and a series in each of the ways
                that HDF5 stores arrays (whole, in packed chunks, as 32- and 64-bit numbers)
    mosi/       one video with a sentiment alone
    evil/       labels that must be refused, `evil.json` by which words
"""

import argparse
import json
import shutil
import struct
from pathlib import Path

import h5py
import numpy as np

rng = np.random.default_rng(7)


def write(path, name, videos, **options):
    with h5py.File(path, "w", **options.pop("file", {})) as file:
        root = file.create_group(name)
        data = root.create_group("data")
        for video, (features, intervals) in videos.items():
            group = data.create_group(video)
            group.create_dataset("features", data=features, **options)
            group.create_dataset("intervals", data=intervals, **options)
        metadata = root.create_group("metadata")
        text = h5py.special_dtype(vlen=str)
        metadata.create_dataset("root name", (1,), dtype=text)[0] = json.dumps(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name in ("mosei", "mosi", "evil"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    mosei, mosi, evil = folder / "mosei", folder / "mosi", folder / "evil"

    segments = np.array([[0.0, 2.0], [2.0, 4.5]])
    scores = np.array([[1.5, 2 / 3, 0, 0, 0, 0, 1 / 3], [-3, 0, 0, 0, 0, 0, 0]])
    labels = {"aaa": (scores, segments), "bbb": (-scores.clip(-3, 0)[:, :], segments)}
    write(mosei / "CMU_MOSEI_Labels.csd", "All Labels", labels)
    times = np.array([[0, 0.5], [0.5, 1], [1, 2.2], [2.2, 3]])
    words = np.array([[b"well"], [b"sp"], [b"i"], [b"do"]], dtype="S32")
    write(mosei / "CMU_MOSEI_TimestampedWords.csd", "words", {"aaa": (words, times)},
          compression="gzip", compression_opts=9)
    times = np.stack([np.arange(40) / 10, np.arange(1, 41) / 10], axis=1)
    series = rng.normal(size=(40, 3)).astype(np.float32)
    series[3, 1] = -np.inf
    write(mosei / "CMU_MOSEI_COVAREP.csd", "COVAREP", {"aaa": (series, times)},
          compression="gzip", compression_opts=4, chunks=(7, 2))
    other = rng.normal(size=(40, 2))
    write(mosei / "CMU_MOSEI_VisualFacet42.csd", "FACET 4.2", {"bbb": (other, times)},
          file={"libver": "latest"})
    folds = "standard_train_fold=['aaa']\nstandard_valid_fold=[]\nstandard_test_fold=[u'bbb','ccc']\n"
    (mosei / "cmu_mosei_std_folds.py").write_text(folds)
    series[3, 1] = 0
    inside = lambda rows, start, end: rows[int(start * 10):int(end * 10)].astype(np.float32)
    expected = {
        "aaa[0]": inside(series, 0, 2), "aaa[1]": inside(series, 2, 4),
        "bbb[0]": inside(other, 0, 2), "bbb[1]": inside(other, 2, 4),
    }
    numbers = {clip: rows.astype(float).ravel().tolist() for clip, rows in expected.items()}
    (folder / "expected.json").write_text(json.dumps(numbers, indent=1))

    write(mosi / "CMU_MOSI_Opinion_Labels.csd", "Opinion Segment Labels",
          {"ccc": (np.array([[2.4]]), segments[:1])})

    refused = {}

    def damaged(name, videos, word, **options):
        write(evil / f"{name}.csd", "Opinion Segment Labels", videos, **options)
        refused[f"{name}.csd"] = word

    one = np.array([[1.0]])
    damaged("wide", {"v": (np.ones((1, 2)), segments[:1])}, "has 2 labels")
    damaged("rated", {"v": (np.array([[9.0]]), segments[:1])}, "rated 9")
    damaged("nan", {"v": (np.array([[np.nan]]), segments[:1])}, "rated NaN")
    damaged("words", {"v": (np.array([[b"x"]]), segments[:1])}, "are words")
    damaged("back", {"v": (one, segments[:1, ::-1])}, "is from 2 to 0")
    damaged("short", {"v": (one, segments)}, "`intervals` are not 1 rows of 2")
    damaged("time", {"v": (one, np.array([[0, np.inf]]))}, "no number")
    damaged("axes", {"v": (np.ones((1, 1, 1)), segments[:1])}, "3 axes")
    damaged("empty", {}, "no segments")
    with h5py.File(evil / "lacking.csd", "w") as file:
        file.create_group("x/data/v").create_dataset("features", data=one)
    refused["lacking.csd"] = "no `intervals`"
    with h5py.File(evil / "rootless.csd", "w"):
        pass
    refused["rootless.csd"] = "no group"
    # A shape of 2^60 rows that nothing is stored of.
    with h5py.File(evil / "huge.csd", "w") as file:
        group = file.create_group("x/data/v")
        group.create_dataset("features", (1 << 60, 1), dtype="f8", chunks=(1, 1))
        group.create_dataset("intervals", (1 << 60, 2), dtype="f8", chunks=(1, 2))
    refused["huge.csd"] = f"claim {1 << 60} rows"
    # Eight terabytes, which a computer could count but not hold.
    with h5py.File(evil / "vast.csd", "w") as file:
        group = file.create_group("x/data/v")
        group.create_dataset("features", (1 << 40, 1), dtype="f8", chunks=(1, 1))
        group.create_dataset("intervals", (1 << 40, 2), dtype="f8", chunks=(1, 2))
    refused["vast.csd"] = f"claim {1 << 40} rows"
    whole = (mosi / "CMU_MOSI_Opinion_Labels.csd").read_bytes()
    (evil / "cut.csd").write_bytes(whole[: len(whole) // 2])
    refused["cut.csd"] = "no sound"
    (evil / "text.csd").write_bytes(b"video,label\n")
    refused["text.csd"] = "no sound"
    (evil / "nothing.csd").write_bytes(b"")
    refused["nothing.csd"] = "no sound"
    # The stored size of the labels' array becomes one that the file cannot hold.
    at = whole.index(struct.pack("<QQ", 1, 1))
    claimed = whole[:at] + struct.pack("<QQ", 1 << 27, 1) + whole[at + 16 :]
    (evil / "claimed.csd").write_bytes(claimed)
    refused["claimed.csd"] = "no sound"
    (folder / "evil.json").write_text(json.dumps(refused, indent=1))


if __name__ == "__main__":
    main()
