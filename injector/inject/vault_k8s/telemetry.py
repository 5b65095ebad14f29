"""The `telemetry` block: annotations forced into Go's struct, as vault-k8s does it."""

import json
from collections.abc import Mapping
from typing import Any

# In the order of vault-k8s' struct, which is that of its JSON.
FIELDS: dict[str, type] = {
    "usage_gauge_period": str,
    "maximum_gauge_cardinality": int,
    "disable_hostname": bool,
    "enable_hostname_label": bool,
    "lease_metrics_epsilon": str,
    "num_lease_metrics_buckets": int,
    "add_lease_metrics_namespace_labels": bool,
    "filter_default": bool,
    "prefix_filter": list,
    "statsite_address": str,
    "statsd_address": str,
    "circonus_api_token": str,
    "circonus_api_app": str,
    "circonus_api_url": str,
    "circonus_submission_interval": str,
    "circonus_submission_url": str,
    "circonus_check_id": str,
    "circonus_check_force_metric_activation": bool,
    "circonus_check_instance_id": str,
    "circonus_check_search_tag": str,
    "circonus_check_display_name": str,
    "circonus_check_tags": str,
    "circonus_broker_id": str,
    "circonus_broker_select_tag": str,
    "dogstatsd_addr": str,
    "dogstatsd_tags": list,
    "prometheus_retention_time": str,
    "stackdriver_project_id": str,
    "stackdriver_location": str,
    "stackdriver_namespace": str,
    "stackdriver_debug_logs": bool,
}


class _Misfit(ValueError):
    """One value of a wrong type: then vault-k8s drops the whole block."""


def block(given: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the block of these annotations; None without any, or if a type does not fit.

    Names match without regard to case; unknown ones vanish, and so do `null`, false, 0 and "".
    """
    if not given:
        return None
    found = {}
    try:
        for name in sorted(given):
            kind, value = FIELDS.get(name.lower()), _value(given[name])
            if kind is not None and value is not None:
                found[name.lower()] = _fitted(value, kind)
    except _Misfit:
        return None
    return {name: found[name] for name in FIELDS if found.get(name)}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _fitted(value: Any, kind: type) -> Any:
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)  # 1e2
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _Misfit
    if isinstance(value, list):
        items = ["" if item is None else item for item in value]
        if not all(isinstance(item, str) for item in items):
            raise _Misfit
        return items
    return value
