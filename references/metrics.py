"""Scores of random and awkward answers, by scikit-learn, SciPy and NumPy.

    pip install scikit-learn numpy scipy
    python references/metrics.py > references/golden/metrics_cases.json

crates/evaluate/tests/reference.rs compares every number with ours. What a library does not define
is null: a ratio of nothing, a correlation with a constant. CCC, ECE, AURC and the sentiment scores
of MMSA have no function there and are written out from their formulas. Made with scikit-learn
1.9.1, SciPy 1.17.1 and NumPy 2.4.6.
"""

import json
import math
import sys
import warnings

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import binomtest, entropy, pearsonr
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
random = np.random.default_rng(4)
EPS = np.finfo(float).eps
cases = []


def number(value):
    value = None if value is None else float(value)
    return None if value is None or not math.isfinite(value) else round(value, 10)


def case(kind, inputs, expected):
    clean = {k: [number(x) for x in v] if isinstance(v, (list, np.ndarray)) else number(v) for k, v in expected.items()}
    cases.append({"kind": kind, **inputs, "expected": clean})


# One class a clip: `classes` of them, pairs of label and answer.
def classes_case(count, truth, said):
    truth, said = np.array(truth, int), np.array(said, int)
    if len(truth) == 0:
        return case("classes", {"classes": count, "truth": [], "said": []},
                    {k: None for k in ["accuracy", "uar", "weighted_f1", "macro_f1", "macro_precision"]})
    labels = list(range(count))
    precision, recall, f1, _ = sk.precision_recall_fscore_support(truth, said, labels=labels, zero_division=0)
    present = [c in truth or c in said for c in labels]
    open_ = lambda values: [v if p else None for v, p in zip(values, present)]
    case("classes", {"classes": count, "truth": truth.tolist(), "said": said.tolist()}, {
        "accuracy": sk.accuracy_score(truth, said),
        "uar": sk.balanced_accuracy_score(truth, said),
        "weighted_f1": sk.f1_score(truth, said, average="weighted", zero_division=0),
        "macro_f1": sk.f1_score(truth, said, average="macro", zero_division=0),
        "micro_f1": sk.f1_score(truth, said, average="micro", zero_division=0),
        "macro_precision": sk.precision_score(truth, said, average="macro", zero_division=0),
        "precision": open_(precision), "recall": open_(recall), "f1": open_(f1),
        "confusion": sk.confusion_matrix(truth, said, labels=labels).ravel(),
    })


for n, k in [(1, 2), (1, 5), (2, 2), (3, 3), (7, 4), (12, 2), (25, 6), (40, 8), (60, 7), (60, 28), (50, 3), (33, 5)]:
    classes_case(k, random.integers(0, k, n), random.integers(0, k, n))
for k in [2, 4, 8]:
    truth = random.integers(0, k, 30)
    classes_case(k, truth, truth)  # perfect
    classes_case(k, truth, np.full(30, 1))  # constant answer
    classes_case(k, np.full(30, 0), random.integers(0, k, 30))  # one label only
    classes_case(k + 2, truth, random.integers(0, k, 30))  # classes that never occur
    classes_case(k, truth, (truth + 1) % k)  # all wrong
skewed = random.choice(6, 60, p=[0.8, 0.1, 0.05, 0.03, 0.01, 0.01])
classes_case(6, skewed, np.where(random.random(60) < 0.6, skewed, 0))
classes_case(3, [0, 0, 0], [1, 1, 2])
classes_case(2, [], [])


# Several classes a clip.
def multi_case(truth, said):
    truth, said = np.array(truth, int), np.array(said, int)
    f1 = lambda average: sk.f1_score(truth, said, average=average, zero_division=0)
    both = [len(np.unique(truth[:, c])) == 2 for c in range(truth.shape[1])]
    balanced = [sk.balanced_accuracy_score(truth[:, c], said[:, c]) if b else None for c, b in enumerate(both)]
    case("multi", {"truth": truth.tolist(), "said": said.tolist()}, {
        "macro_f1": f1("macro"), "micro_f1": f1("micro"), "weighted_f1": f1("weighted"),
        "samples_f1": f1("samples"), "exact_match": sk.accuracy_score(truth, said), "balanced": balanced,
        "f1": [v if truth[:, c].any() or said[:, c].any() else None for c, v in enumerate(f1(None))],
        "yes_no_accuracy": [sk.accuracy_score(truth[:, c], said[:, c]) for c in range(truth.shape[1])],
        "yes_no_weighted_f1": [sk.f1_score(truth[:, c], said[:, c], average="weighted", zero_division=0) for c in range(truth.shape[1])],
    })


for n, k, p in [(1, 2, 0.5), (1, 4, 0.2), (5, 2, 0.5), (20, 3, 0.3), (30, 6, 0.2), (30, 10, 0.08), (25, 4, 0.9), (40, 2, 0.5)]:
    multi_case(random.random((n, k)) < p, random.random((n, k)) < p)
some = random.random((20, 5)) < 0.3
multi_case(some, some)
multi_case(some, ~some)
multi_case(some, np.zeros_like(some))
multi_case(some, np.ones_like(some))
multi_case(np.zeros_like(some), some)
multi_case(np.zeros_like(some), np.zeros_like(some))


# How clips are ordered.
def ranking_case(truth, score):
    truth, score = np.array(truth, int), np.round(np.array(score, float), 4)
    both = len(np.unique(truth)) == 2
    case("ranking", {"truth": truth.tolist(), "said": score.tolist()}, {
        "auc": sk.roc_auc_score(truth, score) if both else None,
        "average_precision": sk.average_precision_score(truth, score) if truth.any() else None,
    })


for n, p in [(2, 0.5), (5, 0.4), (10, 0.5), (30, 0.1), (60, 0.5), (60, 0.03), (80, 0.9), (40, 0.5)]:
    truth = random.random(n) < p
    truth[0], truth[-1] = True, False
    ranking_case(truth, random.random(n))
    ranking_case(truth, np.round(random.random(n) * 3) / 3)  # ties
truth = random.random(30) < 0.5
ranking_case(truth, truth)
ranking_case(truth, 1 - truth)
ranking_case(truth, np.full(30, 0.5))
ranking_case(np.ones(5), random.random(5))
ranking_case(np.zeros(5), random.random(5))
ranking_case([1], [0.3])


# Ratings.
def ratings_case(x, y):
    x, y = np.round(np.array(x, float), 4), np.round(np.array(y, float), 4)
    constant = len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0
    spread = np.var(x) + np.var(y) + (x.mean() - y.mean()) ** 2
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    case("ratings", {"truth": x.tolist(), "said": y.tolist()}, {
        "mae": sk.mean_absolute_error(x, y),
        "pearson": None if constant else pearsonr(x, y).statistic,
        "ccc": 1.0 if np.array_equal(x, y) else 2 * covariance / spread,
    })


for n in [1, 2, 3, 10, 30, 60, 60, 60]:
    x = random.normal(0, 1, n)
    ratings_case(x, x + random.normal(0, 0.7, n))
    ratings_case(x, random.normal(2, 3, n))
ratings_case(x, x)
ratings_case(x, -x)
ratings_case(x, x + 1)
ratings_case(x, np.full(60, 0.1))
ratings_case(np.full(20, 0.1), np.full(20, 0.1))
ratings_case(np.full(20, 0.1), np.full(20, 0.3))
ratings_case(np.full(20, 0.1), random.normal(0, 1, 20))
ratings_case([1000.0, 1000.001, 1000.002], [1000.0, 1000.002, 1000.001])


# Sentiment as MMSA scores it.
def sentiment_case(x, y):
    x, y = np.round(np.array(x, float), 4), np.round(np.array(y, float), 4)
    rounded = lambda most: np.mean(np.round(np.clip(x, -most, most)) == np.round(np.clip(y, -most, most)))
    weighted = lambda a, b: sk.f1_score(a, b, average="weighted", zero_division=0)
    some = x != 0
    cut = lambda bounds: [np.digitize(np.clip(v / 3, -1, 1), bounds, right=True) for v in (x, y)]
    two, three, five = cut([0.0]), cut([-0.1, 0.1]), cut([-0.7, -0.1, 0.1, 0.7])
    case("sentiment", {"truth": x.tolist(), "said": y.tolist()}, {
        "acc2_has0": sk.accuracy_score(x >= 0, y >= 0), "f1_has0": weighted(x >= 0, y >= 0),
        "acc2_non0": sk.accuracy_score(x[some] > 0, y[some] > 0) if some.any() else None,
        "f1_non0": weighted(x[some] > 0, y[some] > 0) if some.any() else None,
        "acc5": rounded(2), "acc7": rounded(3),
        "sims_acc2": np.mean(two[0] == two[1]), "sims_f1": weighted(*two),
        "sims_acc3": np.mean(three[0] == three[1]), "sims_acc5": np.mean(five[0] == five[1]),
    })


for n in [1, 2, 10, 40, 60, 60]:
    x = np.round(random.uniform(-3, 3, n) * 5) / 5
    sentiment_case(x, x + random.normal(0, 1, n))
    sentiment_case(np.round(x * 2) / 2, np.round(random.uniform(-4, 4, n) * 2) / 2)  # halves and zeros
sentiment_case(x, x)
sentiment_case(x, np.zeros(60))
sentiment_case(np.zeros(10), random.normal(0, 1, 10))
sentiment_case(np.full(10, 2.5), np.full(10, 1.5))


# Probabilities of one class a clip.
def ece(top, right, bins):
    place = np.minimum((top * bins).astype(int), bins - 1)
    return sum(abs(top[place == b].mean() - right[place == b].mean()) * np.mean(place == b) for b in set(place))


def aurc(top, right):
    risks = []
    for value in sorted(set(top), reverse=True):
        above, tied = right[top > value], right[top == value]
        risks += [((~above).sum() + (~tied).mean() * j) / (len(above) + j) for j in range(1, len(tied) + 1)]
    return np.mean(risks)


def probabilities_case(truth, p):
    truth, p = np.array(truth, int), np.array(p, float)
    top, right = p.max(1), p.argmax(1) == truth
    labels = list(range(p.shape[1]))
    case("probabilities", {"truth": truth.tolist(), "said": p.tolist()}, {
        "nll": sk.log_loss(truth, p, labels=labels),
        "brier": sk.brier_score_loss(truth, p, labels=labels, scale_by_half=False),
        "ece_10": ece(top, right, 10), "ece_15": ece(top, right, 15), "aurc": aurc(top, right),
    })


def distributions(n, k, sharp=1.0):
    p = np.round(random.dirichlet(np.full(k, sharp), n), 3)
    p[:, -1] = np.round(1 - p[:, :-1].sum(1), 3)
    return np.abs(p)


for n, k, sharp in [(1, 2, 1), (2, 3, 1), (20, 2, 1), (30, 4, 1), (40, 8, 0.3), (30, 6, 5), (40, 3, 0.1), (25, 5, 1)]:
    probabilities_case(random.integers(0, k, n), distributions(n, k, sharp))
p = distributions(20, 4, 0.5)
probabilities_case(p.argmax(1), p)
probabilities_case(p.argmin(1), p)
probabilities_case(random.integers(0, 4, 20), np.full((20, 4), 0.25))  # all tied
probabilities_case(random.integers(0, 3, 12), np.eye(3)[random.integers(0, 3, 12)])  # certain
probabilities_case(np.zeros(10), distributions(10, 2))
probabilities_case([0, 1, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


# Probabilities of yes/no answers.
def yes_no_case(truth, p):
    truth, p = np.array(truth, int), np.round(np.array(p, float), 3)
    case("yes_no", {"truth": truth.tolist(), "said": p.tolist()}, {
        "nll": sk.log_loss(truth, p, labels=[0, 1]),
        "brier": sk.brier_score_loss(truth, p, labels=[0, 1], pos_label=1),
        "ece_10": ece(p, truth == 1, 10), "ece_15": ece(p, truth == 1, 15),
    })


for n in [1, 2, 10, 40, 40]:
    yes_no_case(random.random(n) < 0.3, random.random(n))
yes_no_case([1, 0, 1, 0], [1.0, 0.0, 0.0, 1.0])
yes_no_case(np.ones(8), random.random(8))


# Votes.
def soft_case(votes, p):
    votes = np.array(votes, float)
    clipped = np.clip(p, EPS, 1 - EPS)
    case("soft", {"truth": votes.tolist(), "said": p.tolist()}, {
        "cross_entropy": np.mean(-(votes * np.log(clipped)).sum(1)),
        "kl": np.mean([entropy(v, q) for v, q in zip(votes, clipped)]),
        "js": np.mean([jensenshannon(v, q) ** 2 for v, q in zip(votes, p)]),
    })


for n, k in [(1, 2), (5, 3), (20, 6), (20, 8), (15, 4)]:
    soft_case(random.multinomial(10, np.full(k, 1 / k), n) / 10, distributions(n, k))
soft_case(np.eye(4), distributions(4, 4))
soft_case(np.full((3, 4), 0.25), np.full((3, 4), 0.25))
soft_case([[1.0, 0.0]], np.array([[0.0, 1.0]]))


# McNemar's exact test.
for a, b in [(0, 0), (1, 0), (0, 5), (3, 3), (10, 2), (40, 25), (7, 30), (300, 250), (900, 1100)]:
    p = 1.0 if a + b == 0 else binomtest(a, a + b, 0.5).pvalue
    case("mcnemar", {"truth": [a], "said": [b]}, {"p": p})

json.dump({"cases": cases}, sys.stdout, separators=(",", ":"))
print()
print(len(cases), "cases", file=sys.stderr)
