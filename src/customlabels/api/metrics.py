"""Counts for Prometheus, under the names that CloudWatch has for Rekognition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from customlabels.engine.units import Counts
from customlabels.service.arn import account_of, names_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_THROTTLED = ("ProvisionedThroughputExceededException", "ThrottlingException")
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """What calls there were and how they ended, and the inference units that `units` tells of, by a model's ARN."""

    def __init__(self, units: Callable[[], Mapping[str, Counts]]) -> None:
        self._registry = CollectorRegistry()
        names = {
            "SuccessfulRequestCount": "Calls that were answered",
            "ThrottledCount": "Calls that were refused for want of capacity",
            "UserErrorCount": "Calls that were refused for another reason",
            "ServerErrorCount": "Calls that failed through no fault of the caller",
        }
        self._counters = {
            name: Counter(name, words, ["Operation"], registry=self._registry) for name, words in names.items()
        }
        self._times = Histogram(
            "ResponseTime",
            "Seconds from a request to its answer",
            ["Operation"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Units(units))

    def record(self, operation: str, status: int, code: str, seconds: float) -> None:
        """A call has ended with this HTTP status and error code (OK for none)."""
        if code in _THROTTLED:
            name = "ThrottledCount"
        elif status >= 500:
            name = "ServerErrorCount"
        else:
            name = "SuccessfulRequestCount" if status < 400 else "UserErrorCount"
        self._counters[name].labels(operation).inc()
        self._times.labels(operation).observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _Units(Collector):
    def __init__(self, units: Callable[[], Mapping[str, Counts]]) -> None:
        self._units = units

    def collect(self) -> Iterator[GaugeMetricFamily]:
        words = {
            "MinInferenceUnits": "least",
            "MaxInferenceUnits": "most",
            "DesiredInferenceUnits": "desired",
            "InServiceInferenceUnits": "in_service",
        }
        counts = self._units()
        for name, attribute in words.items():
            labels = ["AccountId", "ProjectName", "VersionName"]
            family = GaugeMetricFamily(name, "Inference units of a running model", labels=labels)
            for arn, count in counts.items():
                family.add_metric([account_of(arn), *names_of(arn)], getattr(count, attribute))
            yield family
