"""Alerts and dashboard: they name what there is, and Prometheus takes them."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml

from injector.base.metrics import Histogram, Metrics
from injector.dev.bao import free_port
from tests.status.test_listener import on_tcp
from tests.support.processes import LIMIT, running, write_config

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "config" / "monitoring" / "alerts.yaml"
DASHBOARD = ROOT / "config" / "monitoring" / "dashboard.json"
# What Prometheus itself adds, and the language.
ADDED = {"instance", "job", "le"}
STRING = re.compile(r'"[^"]*"')
SELECTOR = re.compile(r"(injector_\w+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")


def rules():
    [group] = yaml.safe_load(ALERTS.read_text())["groups"]
    return group["rules"]


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def expressions():
    """Every expression of both files, with where it stands."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
            yield panel["title"], expression


def series():
    """Every series that the program has, with its labels."""
    found = {"injector_build_info": {"version"}}
    for metric in Metrics().all():
        if isinstance(metric, Histogram):
            found |= {f"{metric.name}_{part}": set() for part in ("bucket", "count", "sum")}
        else:
            found[metric.name] = set(metric.labels)
    return found


EXPRESSIONS = [pytest.param(expr, id=where) for where, expr in expressions()]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_of_an_expression_exists(expression):
    known, used = series(), set()
    for name, selector in SELECTOR.findall(expression):
        assert name in known
        labels = set(re.findall(r"(\w+)\s*[=!]", STRING.sub("", selector)))
        assert labels <= known[name] | ADDED
        used |= known[name]
    for group in GROUPED.findall(expression):
        assert set(re.findall(r"\w+", group)) <= used | ADDED


def test_what_a_sentence_quotes_is_a_label_of_its_alert():
    known = series()
    for rule in rules():
        names = [name for name, _ in SELECTOR.findall(rule["expr"])]
        quoted = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert quoted <= set.union(*(known[name] for name in names)) | ADDED
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_each_alert_leads_to_a_page_that_says_what_to_do():
    for rule in rules():
        url = rule["annotations"]["runbook_url"]
        page, _, anchor = url.removeprefix("https://docs.example/vault-injector/").partition("#")
        text = (ROOT / "docs" / page).read_text()
        titles = re.findall("^#+ (.*)$", text, re.MULTILINE)
        assert not anchor or anchor in {title.lower().replace(" ", "-") for title in titles}


def test_what_a_legend_quotes_is_left_by_its_expression():
    known = series()
    for panel in panels():
        for target in panel["targets"]:
            quoted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            groups = GROUPED.findall(target["expr"])
            names = [name for name, _ in SELECTOR.findall(target["expr"])]
            left = set.union(*(known[name] for name in names)) | ADDED
            left = set(re.findall(r"\w+", groups[-1])) if groups else left
            assert quoted <= left, panel["title"]


def test_every_metric_is_used():
    used = {name for _, expr in expressions() for name, _ in SELECTOR.findall(expr)}
    parts = {name for name in series() if name.endswith(("_count", "_sum"))}

    assert series().keys() - parts == used


def test_panels_do_not_overlap_and_ids_are_unique():
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not taken & cells
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_the_documentation_lists_these_alerts():
    page = (ROOT / "docs" / "metrics.md").read_text()
    listed = dict(re.findall(r"^\| `(Injector\w+)` \| (\w+) \|", page, re.MULTILINE))

    assert listed == {rule["alert"]: rule["labels"]["severity"] for rule in rules()}


# -- with Prometheus' own programs


def promtool(*args):
    if (program := shutil.which("promtool")) is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    return subprocess.run([program, *map(str, args)], capture_output=True, text=True, check=False)


def test_promtool_accepts_the_alerts():
    checked = promtool("check", "rules", "--lint-fatal", ALERTS)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_promtool_sees_each_alert_fire_and_be_quiet():
    tested = promtool("test", "rules", ROOT / "tests" / "monitoring" / "alerts_test.yaml")

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_alert_is_tested_both_ways():
    tests = yaml.safe_load((ROOT / "tests" / "monitoring" / "alerts_test.yaml").read_text())
    tried = {
        (case["alertname"], bool(case["exp_alerts"]))
        for test in tests["tests"]
        for case in test["alert_rule_test"]
    }

    assert tried == {(rule["alert"], fires) for rule in rules() for fires in (True, False)}


def test_promtool_accepts_the_expressions_of_the_dashboard(tmp_path):
    recorded = [
        {"record": f"panel:{number}", "expr": expr}
        for number, (_, expr) in enumerate(expressions())
    ]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))

    checked = promtool("check", "rules", path)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.timeout(60)
def test_prometheus_evaluates_every_expression_over_a_running_injector(app, tmpfs, tmp_path):
    if not os.environ.get("INJECTOR_TEST_PROMETHEUS"):
        pytest.skip("runs a Prometheus: set INJECTOR_TEST_PROMETHEUS")
    if (program := shutil.which("prometheus")) is None:
        pytest.skip("needs prometheus: apt-get install prometheus")
    app.put("db", password="one")
    port, settings = on_tcp(app, tmpfs)
    settings["template"][0]["command"] = ["true"]
    scrape = {
        "job_name": "injector",
        "scrape_interval": "500ms",
        "scrape_timeout": "500ms",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
    config = write_config(
        tmp_path, {"scrape_configs": [scrape], "rule_files": [str(ALERTS)]}, "prometheus.yaml"
    )
    address = f"127.0.0.1:{free_port()}"
    args = [program, f"--config.file={config}", f"--web.listen-address={address}"]
    args.append(f"--storage.tsdb.path={tmp_path / 'data'}")
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for('"notified"')
        with subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                wait_for_two_samples(address)
                empty = {where for where, expr in expressions() if not query(address, expr)}
            finally:
                server.terminate()
        assert injector.end() == 0

    quiet = {rule["alert"] for rule in rules()}
    assert quiet <= empty
    # A KV secret has no end, and there is no command.
    assert empty - quiet == {
        "Time left: leases and certificates",
        "Supervised command",
        "Starts of the supervised command",
    }


def query(address, expression):
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        found = json.load(answer)
    assert found["status"] == "success"
    return found["data"]["result"]


def wait_for_two_samples(address):
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        try:
            if query(address, "count_over_time(injector_ready[1m]) > 1"):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("Prometheus has scraped nothing")
