"""Converts our plain metrics to what Prometheus reads: its own text format, or OpenMetrics."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

import injector
from injector.base.metrics import BUCKETS, Counter, Gauge, Histogram, Metrics


class _Collector:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        build = InfoMetricFamily("injector_build", "Which version this is.")
        build.add_metric([], {"version": injector.__version__})
        yield build
        for metric in self._metrics.all():
            yield _family(metric)


def _family(metric: Counter | Gauge | Histogram) -> Metric:
    if isinstance(metric, Histogram):
        return _histogram(metric)
    kind = CounterMetricFamily if isinstance(metric, Counter) else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    if not metric.labels and isinstance(metric, Counter) and not metric.values:
        family.add_metric((), 0)
    for labels, value in metric.values.items():
        family.add_metric(labels, value)
    return family


def _histogram(metric: Histogram) -> Metric:
    buckets, count = [], 0
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), metric.counts, strict=True):
        count += number
        buckets.append((bound, float(count)))
    family = HistogramMetricFamily(metric.name, metric.help)
    family.add_metric((), buckets, metric.total)
    return family


def exposition(metrics: Metrics, accept: str = "") -> tuple[bytes, str]:
    """Return all metrics, and those of this process, in the form that is accepted; and its type."""
    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    ProcessCollector("injector", registry=registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
