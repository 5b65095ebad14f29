"""Compiles and renders templates in one process and prints what each takes, as JSON.

A program of its own, for the interpreter that the shipped package is installed in: it imports
nothing of the other benchmarks. Each template is written for both engines and has to come out the
same from both.
"""

import gc
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from injector.dialects import gotemplate
from injector.rendering.template import Rendered, Snapshot, Source, Template
from injector.rendering.template.compiled import compile as compile_jinja
from injector.secret import Ref
from injector.sources.vault.answer import Content, understand

SECONDS = 0.2  # for each figure, split into batches; the fastest batch counts
BATCHES = 5

APP = Ref.of("secret/data/app")
DB = Ref.of("database/creds/app", by_mount=True)  # as the Go engine asks for it
DATA: dict[str, Any] = {"username": "app", "password": "pa$$ word", "port": 5432, "tls": True}
ANSWERS: dict[Ref, dict[str, Any]] = {
    APP: {
        "data": {
            "data": DATA | {f"key_{n:02}": f"value {n}" for n in range(40)},
            "metadata": {"version": 1},
        }
    },
    DB: {"data": {"username": "v-app-1", "password": "generated"}, "lease_id": "database/1"},
}
SNAPSHOT: Snapshot = {ref: Content(understand(ref, body)) for ref, body in ANSWERS.items()}
NAMES = {"app": APP, "db": DB}

# name → for `language: go`, for `language: jinja`
TEMPLATES = {
    "one value": (
        '{{ with secret "secret/data/app" }}{{ .Data.data.password }}{{ end }}\n',
        "{{ app.password }}\n",
    ),
    "two secrets, a condition": (
        """\
{{- with secret "database/creds/app" -}}
spring.datasource.username={{ .Data.username }}
spring.datasource.password={{ .Data.password }}
{{- end }}
{{- with secret "secret/data/app" }}
spring.datasource.url=jdbc:postgresql://db:{{ .Data.data.port }}/app\
{{ if .Data.data.tls }}?ssl=true{{ else }}?ssl=false{{ end }}
{{- end }}
""",
        """\
spring.datasource.username={{ db.username }}
spring.datasource.password={{ db.password }}
spring.datasource.url=jdbc:postgresql://db:{{ app.port }}/app\
{% if app.tls %}?ssl=true{% else %}?ssl=false{% endif %}
""",
    ),
    "a loop over 44 keys": (
        """\
{{ with secret "secret/data/app" }}{{ range $key, $value := .Data.data -}}
{{ $key }}={{ $value }}
{{ end }}{{ end }}""",
        """\
{% for key, value in app | dictsort -%}
{{ key }}={{ value }}
{% endfor %}""",
    ),
}


def main() -> None:
    costs = []
    for name, (go, jinja) in TEMPLATES.items():
        compilers = partial(_go, Source(name, go)), partial(_jinja, Source(name, jinja))
        templates = [compiler() for compiler in compilers]
        texts = {_text(template) for template in templates}
        if len(texts) > 1:
            raise SystemExit(f"{name}: the engines differ: {texts}")
        renderings = [partial(template.render, SNAPSHOT) for template in templates]
        costs.append(
            {
                "name": name,
                "compile": [_microseconds(compiler) for compiler in compilers],
                "render": [_microseconds(rendering) for rendering in renderings],
            }
        )
    print(json.dumps(costs))


def _go(source: Source) -> Template:
    return gotemplate.compile(source, {}, gotemplate.Surroundings())


def _jinja(source: Source) -> Template:
    return compile_jinja(source, NAMES, {})


def _text(template: Template) -> bytes:
    rendered = template.render(SNAPSHOT)
    if not isinstance(rendered, Rendered):
        raise SystemExit(f"{template.name}: {rendered}")
    return rendered.content


def _microseconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call, in the fastest of several batches."""
    gc.disable()
    started = time.process_time()
    calls = 0
    while time.process_time() - started < SECONDS / BATCHES:
        work()
        calls += 1
    fastest = float("inf")
    for _ in range(BATCHES):
        started = time.process_time()
        for _ in range(calls):
            work()
        fastest = min(fastest, time.process_time() - started)
        gc.collect()
    return 1e6 * fastest / calls


if __name__ == "__main__":
    main()
