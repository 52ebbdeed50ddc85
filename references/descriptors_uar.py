"""How much the functionals of crates/features/src/descriptors.rs say about emotion.

    pip install numpy scikit-learn
    for c in ravdess emodb nemo; do
        cargo run --release -p limbic-features --example describe -- ../shared/data/$c/manifest.csv $c.csv
    done
    python references/descriptors_uar.py ../shared/data ravdess.csv emodb.csv nemo.csv

Every corpus by itself, speaker-disjoint: RAVDESS by its published folds, the others with one
speaker left out at a time; EMO-DB in its complete four classes. C is chosen inside the training
part, again speaker-disjoint. Printed: unweighted average recall of all predictions together
(pooled), and its mean over the folds.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

CLIP = 5.0  # standardised values beyond this are outliers
GRID = [0.0003, 0.001, 0.003, 0.01, 0.03]


def read(manifest, table):
    """Vectors, labels, folds and speakers of the clips in `table`."""
    rows = {row["path"]: row for row in csv.DictReader(open(manifest)) if row.get("in_4class", "1") == "1"}
    with open(table) as lines:
        next(lines)
        parts = [line.rstrip("\n").split(",") for line in lines]
    parts = [part for part in parts if part[0] in rows]
    rows = [rows[part[0]] for part in parts]
    column = lambda name: np.array([row[name] for row in rows])
    fold = column("fold") if "fold" in rows[0] else column("speaker")
    return np.array([part[1:] for part in parts], dtype=np.float64), column("emotion"), fold, column("speaker")


def recall(truth, guess):
    """Mean over the classes of the share that was found."""
    return np.mean([np.mean(guess[truth == label] == label) for label in np.unique(truth)])


def scaled(train, test):
    """Both in the training part's standard deviations from its mean."""
    mean, deviation = train.mean(0), train.std(0) + 1e-9
    return [np.clip((x - mean) / deviation, -CLIP, CLIP) for x in (train, test)]


def fit_predict(make, c, x, y, test):
    """Predictions of one classifier for `test`."""
    x, test = scaled(x, test)
    return make(c).fit(x, y).predict(test)


def choose(make, x, y, speaker):
    """The C with the highest recall over three speaker-disjoint parts of the training set."""
    parts = list(GroupKFold(3).split(x, y, speaker))
    score = lambda c: np.mean([recall(y[b], fit_predict(make, c, x[a], y[a], x[b])) for a, b in parts])
    return max(GRID, key=score)


CLASSIFIERS = {
    "logistic regression": lambda c: LogisticRegression(C=c, class_weight="balanced", max_iter=300),
    "linear SVM": lambda c: LinearSVC(C=c / 10, class_weight="balanced", max_iter=5000),
}

if __name__ == "__main__":
    data, *tables = sys.argv[1:]
    for table in tables:
        name = Path(table).stem
        x, y, fold, speaker = read(Path(data) / name / "manifest.csv", table)
        print(f"{name}: {len(y)} clips, {x.shape[1]} functionals, {len(set(fold))} folds")
        for title, make in CLASSIFIERS.items():
            guess, each = np.empty_like(y), []
            for k in np.unique(fold):
                train, test = fold != k, fold == k
                c = choose(make, x[train], y[train], speaker[train])
                guess[test] = fit_predict(make, c, x[train], y[train], x[test])
                each.append(recall(y[test], guess[test]))
            print(f"  {title}: pooled {recall(y, guess):.3f}, mean of folds {np.mean(each):.3f}", flush=True)
