import pytest

from customlabels.vision.counts import Counts, mean


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1"),
    [
        (Counts(tp=8, fp=1, fn=2), 0.89, 0.80, 0.84),
        (Counts(tp=5, fp=0, fn=3), 1.00, 0.62, 0.77),
        (Counts(tp=9, fp=1, fn=0), 0.90, 1.00, 0.947),
        (Counts(tp=3, fp=7, fn=0), 0.30, 1.00, 0.46),
        (Counts(tp=19, fp=1, fn=76), 0.95, 0.20, 0.33),
    ],
)
def test_the_guides_examples(counts: Counts, precision: float, recall: float, f1: float) -> None:
    assert counts.precision == pytest.approx(precision, abs=0.005)
    assert counts.recall == pytest.approx(recall, abs=0.0051)  # the guide cuts 0.625 to 0.62
    assert counts.f1 == pytest.approx(f1, abs=0.005)


def test_aws_published_two_label_example_to_the_last_digit() -> None:
    cap, watch = Counts(tp=381, fp=7, fn=9), Counts(tp=227, fp=9, fn=7)
    assert (cap.f1, cap.precision, cap.recall) == (0.9794344473007711, 0.9819587628865979, 0.9769230769230769)
    assert mean([cap.f1, watch.f1]) == 0.9726959470546408
    assert mean([cap.precision, watch.precision]) == 0.9719115848331294
    assert mean([cap.recall, watch.recall]) == 0.9735042735042735


@pytest.mark.parametrize("counts", [Counts(), Counts(fp=3), Counts(fn=3), Counts(fp=1, fn=1)])
def test_undefined_ratios_are_zero(counts: Counts) -> None:
    assert (counts.precision, counts.recall, counts.f1) == (0.0, 0.0, 0.0)


def test_a_mean_does_not_depend_on_order_and_of_nothing_it_is_zero() -> None:
    values = [0.1, 0.7, 1 / 3, 0.2, 0.6]
    assert mean(values) == mean(sorted(values)) == mean(reversed(values))
    assert mean([]) == 0.0


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Counts(tp=-1)
