"""Go templates in the running program: requests, files and errors."""

# ruff: noqa: E501 - a template is a line

import asyncio
import json
import os
import stat
import sys
from textwrap import dedent

import aiohttp
import pytest

from injector.base.errors import ConfigError
from injector.preflight.policy import document, needs
from injector.runtime.plan import names, plan
from tests.support.configs import complete
from tests.support.engine import configuration, engine, load_from

PKI = """
{{ with secret "pki-go/issue/web" "common_name=app" "ttl=1h" }}{{ .Data.certificate }}{{ end }}
"""


def go(tmpfs, name, contents, **options):
    return {
        "language": "go",
        "destination": str(tmpfs / name),
        "contents": contents,
        **options,
    }


def allow(app, *rules):
    """Add to the policy of the application's role."""
    app.admin.sys.create_or_update_policy(app.name, "\n".join(rules))


def rule(path, *capabilities):
    return f'path "{path}" {{ capabilities = {json.dumps(capabilities)} }}'


async def put_all(app, secrets):
    """Write many secrets at once."""
    headers = {"X-Vault-Token": app.bao.root_token}
    async with aiohttp.ClientSession(app.bao.address, headers=headers) as session:

        async def put(name, data):
            async with session.post(f"/v1/{app.path(name)}", json={"data": data}) as answer:
                assert answer.status == 200

        await asyncio.gather(*(put(name, data) for name, data in secrets.items()))


@pytest.fixture(scope="module")
def authority(server):
    """Mount a certificate authority."""
    server.admin.sys.enable_secrets_engine("pki", path="pki-go")
    write = server.admin.write_data
    write("pki-go/root/generate/internal", data={"common_name": "root", "ttl": "8000h"})
    write("pki-go/roles/web", data={"allow_any_name": True, "max_ttl": "72h"})


async def test_a_path_without_data_is_resolved_by_looking_up_its_mount_once(
    app, proxy, clock, tmpfs, tmp_path
):
    for number in range(3):
        app.put(f"k{number}", v=number)
    app.admin.secrets.kv.v1.create_or_update_secret(
        f"{app.name}/old", secret={"v": "one"}, mount_point="kv1"
    )
    text = "".join(
        f'{{{{with secret "secret/{app.name}/k{number}"}}}}{{{{.Data.data.v}}}};{{{{end}}}}'
        for number in range(3)
    )
    text += f'{{{{with secret "kv1/{app.name}/old"}}}}{{{{.Data.v}}}}{{{{end}}}}'
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock):
        assert (tmpfs / "out").read_text() == "0;1;2;one"

    assert proxy.count("sys/internal/ui/mounts/secret") == 1
    assert proxy.count("sys/internal/ui/mounts/kv1") == 1
    assert proxy.count(f"/v1/secret/{app.name}") == 0


async def test_a_forbidden_lookup_of_the_mount_does_not_matter(app, proxy, clock, tmpfs, tmp_path):
    app.put("app", v="found")
    proxy.only, proxy.status = "sys/internal/ui/mounts", 403
    text = f'{{{{with secret "secret/{app.name}/app"}}}}{{{{.Data.data.v}}}}{{{{end}}}}'
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock):
        assert (tmpfs / "out").read_text() == "found"


async def test_templates_share_one_request_whatever_the_order_of_the_arguments(
    app, proxy, clock, tmpfs, tmp_path, authority
):
    allow(app, rule("pki-go/issue/web", "update"))
    arguments = (
        '"common_name=app" "ttl=1h"',
        '"ttl=1h" "common_name=app"',
        '" common_name = app " "" "ttl=1h"',
    )
    files = [
        go(
            tmpfs,
            f"{n}",
            f'{{{{with secret "pki-go/issue/web" {args}}}}}{{{{.Data.{key}}}}}{{{{end}}}}',
        )
        for n, (args, key) in enumerate(zip(arguments, ("serial_number",) * 3, strict=True))
    ]
    files.append(
        go(
            tmpfs,
            "pki",
            '{{with pkiCert "pki-go/issue/web" "ttl=1h" "common_name=app"}}{{.Data.Cert}}{{.Key}}{{end}}',
        )
    )
    files.append(
        {
            "destination": str(tmpfs / "jinja"),
            "contents": '{{ secret("pki-go/issue/web", common_name="app", ttl="1h").serial_number }}',
        }
    )
    loaded = load_from(tmp_path, configuration(app, proxy.address, template=files))

    async with engine(loaded, clock):
        serials = {(tmpfs / name).read_text() for name in ("0", "1", "2", "jinja")}

    assert len(serials) == 1
    assert proxy.count("pki-go/issue/web") == 1
    assert (tmpfs / "pki").read_text().count("-----BEGIN") == 2


async def test_secrets_of_a_list_are_read_once_each_and_over_few_connections(
    app, proxy, clock, tmpfs, tmp_path
):
    await put_all(app, {f"many/{number:03d}": {"v": number} for number in range(300)})
    allow(
        app,
        rule(f"secret/metadata/{app.name}/*", "list"),
        rule(f"secret/data/{app.name}/*", "read"),
    )
    text = (
        f'{{{{range secrets "secret/{app.name}/many"}}}}'
        f'{{{{with secret (printf "secret/data/{app.name}/many/%s" .)}}}}{{{{.Data.data.v}}}}\n{{{{end}}}}{{{{end}}}}'
    )
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock):
        assert (tmpfs / "out").read_text() == "".join(f"{number}\n" for number in range(300))

    assert proxy.count(f"secret/data/{app.name}/many/") == 300
    assert proxy.most_in_flight <= 12  # ten for secrets, one for the token, one for the probe


async def test_an_empty_list_is_rendered_at_once(app, proxy, clock, tmpfs, tmp_path):
    allow(app, rule(f"secret/metadata/{app.name}/*", "list"))
    text = f'{{{{range secrets "secret/metadata/{app.name}/none"}}}}a{{{{else}}}}none{{{{end}}}}'
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock):
        assert (tmpfs / "out").read_text() == "none"


async def test_a_new_version_is_rendered_if_a_template_prints_it_even_if_the_data_is_the_same(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("app", v="same")
    text = (
        f'{{{{with secret "{app.path("app")}"}}}}'
        "{{.Data.data.v}} {{.Data.metadata.version}}{{end}}"
    )
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock):
        assert (tmpfs / "out").read_text() == "same 1"
        app.put("app", v="same")
        await clock.advance(120)
        assert (tmpfs / "out").read_text() == "same 2"


async def test_a_missing_key_names_template_place_path_and_key(app, proxy, clock, tmpfs, tmp_path):
    app.put("app", password="canary-7f3a")
    text = f'a\n  {{{{with secret "{app.path("app")}"}}}}{{{{.Data.data.pasword}}}}{{{{end}}}}'
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock) as running:
        assert not (tmpfs / "out").exists()
        assert ".yaml:" in running.log
        at = "(at <.Data.data.pasword>)"
        assert f"in {app.path('app')} {at}; did you mean 'password'?" in running.log
        assert "canary-7f3a" not in running.log


# --- writeToFile ---------------------------------------------------------------------------------

WRITE = """\
{{{{ with secret "{path}" }}}}
{{{{ .Data.data.cert | writeToFile "{folder}/cert.pem" "" "" "0644" }}}}
{{{{ .Data.data.ca | writeToFile "{folder}/cert.pem" "" "" "0644" "append,newline" }}}}
{{{{ .Data.data.key | writeToFile "{folder}/key.pem" "{user}" "{group}" "400" }}}}
{{{{ end }}}}"""


def writing(app, folder):
    return WRITE.format(path=app.path("tls"), folder=folder, user=os.getuid(), group=os.getgid())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


async def test_additional_files_are_part_of_the_change(app, proxy, clock, tmpfs, tmp_path):
    app.put("tls", cert="C1\n", ca="A1", key="K1")
    told = tmp_path / "told"
    entry = go(tmpfs, "unused", writing(app, tmpfs / "pki"), notify=["app"])
    notify = {
        "app": {
            "command": ["sh", "-c", f"cat {tmpfs}/pki/cert.pem {tmpfs}/pki/key.pem >> {told}"],
            "wait": {"min": 0},
        }
    }
    loaded = load_from(tmp_path, configuration(app, proxy.address, template=[entry], notify=notify))

    async with engine(loaded, clock):
        cert, key = tmpfs / "pki" / "cert.pem", tmpfs / "pki" / "key.pem"
        assert cert.read_text() == "C1\nA1\n"
        assert key.read_text() == "K1"
        assert (mode(cert), mode(key)) == (0o644, 0o400)
        assert told.read_text() == "C1\nA1\nK1"
        inodes = cert.stat().st_ino, key.stat().st_ino

        await clock.advance(120)  # read again, and the same
        assert (cert.stat().st_ino, key.stat().st_ino) == inodes

        app.put("tls", cert="C1\n", ca="A1", key="K2")
        await clock.advance(120)
        assert key.read_text() == "K2"
        assert cert.stat().st_ino == inodes[0]
        assert told.read_text() == "C1\nA1\nK1C1\nA1\nK2"


async def test_a_template_may_only_write_additional_files(app, proxy, clock, tmpfs, tmp_path):
    app.put("tls", cert="C1\n", ca="A1", key="K1")
    entries = [
        {**go(tmpfs, "", writing(app, tmpfs / folder)), "destination": "/dev/null"}
        for folder in ("a", "b")
    ]
    loaded = load_from(tmp_path, configuration(app, proxy.address, template=entries))

    async with engine(loaded, clock) as running:
        assert (tmpfs / "a" / "key.pem").read_text() == (tmpfs / "b" / "key.pem").read_text()
        assert running.assembly.delivery.unsettled() == []
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


async def test_appending_keeps_the_content_and_happens_once(app, proxy, clock, tmpfs, tmp_path):
    app.put("app", v="mine\n")
    shared = tmpfs / "shared"
    shared.write_text("theirs\n")
    text = (
        f'{{{{with secret "{app.path("app")}"}}}}'
        f'{{{{.Data.data.v | writeToFile "{shared}" "" "" "0644" "append"}}}}{{{{end}}}}'
    )
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock):
        assert shared.read_text() == "theirs\nmine\n"
    async with engine(loaded, clock):  # another process
        assert shared.read_text() == "theirs\nmine\n"


async def test_a_symbolic_link_is_not_followed(app, proxy, clock, tmpfs, tmp_path):
    app.put("tls", cert="C1\n", ca="A1", key="K1")
    (tmpfs / "pki").mkdir()
    (tmpfs / "elsewhere").write_text("precious")
    (tmpfs / "pki" / "key.pem").symlink_to(tmpfs / "elsewhere")
    loaded = load_from(
        tmp_path,
        configuration(app, proxy.address, template=[go(tmpfs, "out", writing(app, tmpfs / "pki"))]),
    )

    async with engine(loaded, clock) as running:
        assert (tmpfs / "elsewhere").read_text() == "precious"
        assert not (tmpfs / "out").exists()
        assert f"{tmpfs}/pki/key.pem" in running.log


COMPUTED = """\
{{{{with secret "{path}"}}}}{{{{.Data.data.v | writeToFile .Data.data.where "" "" "0600"}}}}{{{{end}}}}"""


async def test_a_secret_cannot_choose_where_to_write(app, proxy, clock, tmpfs, tmp_path):
    (tmpfs / "mine").mkdir()
    app.put("app", v="x", where=str(tmpfs / "theirs"))
    entry = go(tmpfs / "mine", "out", COMPUTED.format(path=app.path("app")))
    loaded = load_from(tmp_path, configuration(app, proxy.address, template=[entry]))

    async with engine(loaded, clock) as running:
        assert not (tmpfs / "theirs").exists()
        assert "`sandbox_path`" in running.log

        app.put("app", v="x", where=str(tmpfs / "mine" / "beside"))
        await clock.advance(120)
        assert (tmpfs / "mine" / "beside").read_text() == "x"


async def test_a_sandbox_also_confines_literal_paths(app, proxy, clock, tmpfs, tmp_path):
    (tmpfs / "box").mkdir()
    app.put("tls", cert="C1\n", ca="A1", key="K1")
    entry = go(tmpfs, "out", writing(app, tmpfs / "pki"), sandbox_path=str(tmpfs / "box"))
    loaded = load_from(tmp_path, configuration(app, proxy.address, template=[entry]))

    async with engine(loaded, clock) as running:
        assert "is outside `sandbox_path`" in running.log
        assert not (tmpfs / "pki").exists()


async def test_a_rollback_includes_additional_files(app, proxy, clock, tmpfs, tmp_path):
    app.put("tls", cert="C1\n", ca="A1", key="good")
    entry = go(tmpfs, "out", writing(app, tmpfs / "pki"), notify=["app"])
    verify = {"command": ["grep", "-q", "good", str(tmpfs / "pki" / "key.pem")]}
    notify = {
        "app": {
            "command": ["true"],
            "verify": {**verify, "timeout": "1s"},
            "on_failure": "rollback",
            "wait": {"min": 0},
        }
    }
    loaded = load_from(tmp_path, configuration(app, proxy.address, template=[entry], notify=notify))

    async with engine(loaded, clock) as running:
        key = tmpfs / "pki" / "key.pem"
        app.put("tls", cert="C2\n", ca="A2", key="bad")
        await clock.advance(120)
        assert "rolled back" in running.log
        assert key.read_text() == "good"
        assert (tmpfs / "pki" / "cert.pem").read_text() == "C1\nA1\n"


# --- without a server ----------------------------------------------------------------------------


def test_a_policy_is_known_without_a_server(tmp_path):
    (tmp_path / "web.tpl").write_text(
        dedent("""\
        {{ with secret "kv/data/app" }}{{ .Data.data.x }}{{ end }}
        {{ with secret "kv/other" }}{{ if eq .Data.x "1" }}{{ with secret "kv/data/branch" }}{{ end }}{{ end }}{{ end }}
        {{ with pkiCert "pki/issue/web" "common_name=a" (printf "ttl=%s" "1h") }}{{ .Cert }}{{ end }}
        {{ range secrets "kv/metadata/list" }}{{ with secret (printf "kv/data/list/%s" .) }}{{ end }}{{ end }}
        """)
    )
    (tmp_path / "injector.yaml").write_text(
        complete("template: [{source: web.tpl, language: go, destination: /run/x}]")
    )
    planned = plan(str(tmp_path / "injector.yaml"), {}, elsewhere=True)

    found = needs(
        planned.config, names(planned.config), planned.templates.values(), directory=str(tmp_path)
    )
    policy = document(found, file="injector.yaml")

    assert {need.path: need.capabilities for need in found.secrets} == {
        "kv/data/app": ("read",),
        "kv/data/branch": ("read",),
        "kv/data/other": ("read",),
        "kv/metadata/list": ("list",),
        "kv/other": ("read",),
        "pki/issue/web": ("update",),
    }
    assert [unknown.beginning for unknown in found.unknown] == ["kv/data/list/"]
    assert '# web.tpl:4: secret (printf "kv/data/list/%s" .)' in policy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{{ if }}", "2: missing value for if"),
        ("{{ foo }}", '1:4: function "foo" not defined'),
        ('{{ key "x" }}', '1: function "key" is not supported: it queries Consul'),
        ("{{ index (split `,` `a`) 7 }}", "1:4: error calling index: index out of range: …"),
    ],
)
def test_check_finds_mistakes_that_do_not_depend_on_secrets(tmp_path, text, said):
    (tmp_path / "x.tpl").write_text(text)
    (tmp_path / "injector.yaml").write_text(
        complete("template: [{source: x.tpl, language: go, destination: /run/x}]")
    )

    with pytest.raises(ConfigError) as error:
        plan(str(tmp_path / "injector.yaml"), {}, elsewhere=True)

    assert f"{tmp_path}/x.tpl:{said}" in str(error.value).replace("template[0]: ", "")


# --- without the package -------------------------------------------------------------------------


def test_without_compat_everything_else_works_and_go_is_rejected_with_the_reason(
    tmp_path, monkeypatch
):
    for name in [name for name in sys.modules if name.startswith("injector.dialects")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "injector.dialects", None)
    file = tmp_path / "injector.yaml"

    file.write_text(complete("template: [{contents: x, destination: /run/x}]"))
    assert plan(str(file), {}, elsewhere=True).templates

    file.write_text(complete("template: [{contents: x, language: go, destination: /run/x}]"))
    with pytest.raises(ConfigError, match=r"this installation has no Go templates"):
        plan(str(file), {}, elsewhere=True)


async def test_a_local_file_is_read_and_its_change_triggers_a_reload(
    app, proxy, clock, tmpfs, tmp_path
):
    banner = tmp_path / "banner"
    banner.write_text("hello\n")
    entry = go(tmpfs, "out", f'{{{{ file "{banner}" }}}}')
    loaded = load_from(tmp_path, configuration(app, proxy.address, template=[entry]))

    assert str(banner) in loaded.loaded.files
    async with engine(loaded, clock):
        assert (tmpfs / "out").read_text() == "hello\n"


async def test_only_regular_files_are_read(app, proxy, clock, tmpfs, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    app.put("app", v="x")
    text = f'{{{{with secret "{app.path("app")}"}}}}{{{{ file "{tmp_path}/pipe" }}}}{{{{end}}}}'
    loaded = load_from(
        tmp_path, configuration(app, proxy.address, template=[go(tmpfs, "out", text)])
    )

    async with engine(loaded, clock) as running:
        assert "it is not a regular file" in running.log
