from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from customlabels.vision.counts import Counts, mean
from customlabels.vision.intervals import Interval, f1_interval, mean_interval

few = st.integers(0, 40)
some_counts = st.builds(Counts, few, few, few)


@settings(deadline=None)
@given(some_counts)
def test_bounds_agree_with_the_exact_quantiles(counts: Counts) -> None:
    """F1 = 2B / (1 + B) with B ~ Beta(tp + 1/2, fp + fn + 1) is the same posterior, and has exact quantiles."""
    if not counts.positives:
        assert f1_interval(counts) == (0.0, 1.0)
        return
    beta = stats.beta(counts.tp + 0.5, counts.fp + counts.fn + 1)
    low, high = (2 * beta.ppf(q) / (1 + beta.ppf(q)) for q in (0.025, 0.975))
    found = f1_interval(counts)
    assert found[0] == pytest.approx(low if counts.tp else 0.0, abs=0.02)
    assert found[1] == pytest.approx(high if counts.fp + counts.fn else 1.0, abs=0.02)


def of_labels(labels: list[Counts]) -> Interval:
    return mean_interval([c.f1 for c in labels], [f1_interval(c) for c in labels])


@settings(deadline=None)
@given(st.lists(some_counts, min_size=1, max_size=5))
def test_the_interval_lies_around_the_score_and_repeats(labels: list[Counts]) -> None:
    low, high = of_labels(labels)
    assert 0.0 <= low <= mean(c.f1 for c in labels) <= high <= 1.0
    assert (low, high) == of_labels(labels)


def test_six_of_six_prove_less_than_sixty_of_sixty() -> None:
    six, sixty = f1_interval(Counts(tp=6)), f1_interval(Counts(tp=60))
    assert six[1] == sixty[1] == 1.0
    assert six[0] == pytest.approx(0.72, abs=0.02)
    assert sixty[0] == pytest.approx(0.97, abs=0.02)


def test_nothing_to_find_tells_nothing() -> None:
    assert f1_interval(Counts(fp=3)) == (0.0, 1.0)
    assert mean_interval([], []) == (0.0, 1.0)


def test_the_mean_of_one_label_is_that_label_and_more_labels_narrow_it() -> None:
    label = Counts(tp=6, fp=2, fn=2)
    assert of_labels([label]) == pytest.approx(f1_interval(label))
    one, four = (of_labels([label] * n) for n in (1, 4))
    assert four[1] - four[0] == pytest.approx((one[1] - one[0]) / 2)


@pytest.mark.parametrize(("tp", "fp"), [(0.9, 0.05), (0.6, 0.2), (0.34, 0.33)])
def test_it_covers_the_truth_about_as_often_as_it_says(tp: float, fp: float) -> None:
    """All outcomes of 12 decisions, each weighed with its probability: 95 % is the aim, discreteness costs some."""
    fn, n = 1 - tp - fp, 12
    truth = 2 * tp / (2 * tp + fp + fn)
    covered = 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            low, high = f1_interval(Counts(a, b, n - a - b))
            probability = comb(n, a) * comb(n - a, b) * tp**a * fp**b * fn ** (n - a - b)
            covered += probability * (low <= truth <= high)
    assert covered > 0.9


@pytest.mark.parametrize("labels", [2, 10])
def test_the_interval_of_a_mean_covers_the_truth(labels: int) -> None:
    """Labels of differing quality with eight decisions each, 300 times."""
    rng = np.random.default_rng(labels)
    intervals = {}
    covered = 0
    for _ in range(300):
        chances = [rng.dirichlet([12, 1.5, 1.5]) for _ in range(labels)]
        truth = mean(2 * tp / (2 * tp + fp + fn) for tp, fp, fn in chances)
        drawn = [Counts(*map(int, rng.multinomial(8, p))) for p in chances]
        for counts in drawn:
            if counts not in intervals:
                intervals[counts] = f1_interval(counts)
        low, high = mean_interval([c.f1 for c in drawn], [intervals[c] for c in drawn])
        covered += low <= truth <= high
    assert covered / 300 > 0.85
