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
from injector.runtime.plan import plan, refs_by_name
from tests.support.configs import complete

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


async def test_a_path_without_data_is_resolved_by_looking_up_its_mount_once(lab):
    for number in range(3):
        lab.put(f"k{number}", v=number)
    lab.admin.secrets.kv.v1.create_or_update_secret(
        f"{lab.name}/old", secret={"v": "one"}, mount_point="kv1"
    )
    text = "".join(
        f'{{{{with secret "secret/{lab.name}/k{number}"}}}}{{{{.Data.data.v}}}};{{{{end}}}}'
        for number in range(3)
    )
    text += f'{{{{with secret "kv1/{lab.name}/old"}}}}{{{{.Data.v}}}}{{{{end}}}}'

    async with lab.start(lab.config(template=[go(lab.tmpfs, "out", text)])):
        assert lab.read("out") == "0;1;2;one"

    assert lab.proxy.count("sys/internal/ui/mounts/secret") == 1
    assert lab.proxy.count("sys/internal/ui/mounts/kv1") == 1
    assert lab.proxy.count(f"/v1/secret/{lab.name}") == 0


async def test_a_forbidden_lookup_of_the_mount_does_not_matter(lab):
    lab.put("app", v="found")
    lab.proxy.only, lab.proxy.status = "sys/internal/ui/mounts", 403
    text = f'{{{{with secret "secret/{lab.name}/app"}}}}{{{{.Data.data.v}}}}{{{{end}}}}'

    async with lab.start(lab.config(template=[go(lab.tmpfs, "out", text)])):
        assert lab.read("out") == "found"


async def test_templates_share_one_request_whatever_the_order_of_the_arguments(lab, authority):
    allow(lab.app, rule("pki-go/issue/web", "update"))
    arguments = (
        '"common_name=app" "ttl=1h"',
        '"ttl=1h" "common_name=app"',
        '" common_name = app " "" "ttl=1h"',
    )
    files = [
        go(
            lab.tmpfs,
            f"{n}",
            f'{{{{with secret "pki-go/issue/web" {args}}}}}{{{{.Data.{key}}}}}{{{{end}}}}',
        )
        for n, (args, key) in enumerate(zip(arguments, ("serial_number",) * 3, strict=True))
    ]
    files.append(
        go(
            lab.tmpfs,
            "pki",
            '{{with pkiCert "pki-go/issue/web" "ttl=1h" "common_name=app"}}{{.Data.Cert}}{{.Key}}{{end}}',
        )
    )
    files.append(
        {
            "destination": str(lab.tmpfs / "jinja"),
            "contents": '{{ secret("pki-go/issue/web", common_name="app", ttl="1h").serial_number }}',
        }
    )

    async with lab.start(lab.config(template=files)):
        serials = {lab.read(name) for name in ("0", "1", "2", "jinja")}

    assert len(serials) == 1
    assert lab.proxy.count("pki-go/issue/web") == 1
    assert lab.read("pki").count("-----BEGIN") == 2


async def test_secrets_of_a_list_are_read_once_each_and_over_few_connections(lab):
    await put_all(lab.app, {f"many/{number:03d}": {"v": number} for number in range(300)})
    allow(
        lab.app,
        rule(f"secret/metadata/{lab.name}/*", "list"),
        rule(f"secret/data/{lab.name}/*", "read"),
    )
    text = (
        f'{{{{range secrets "secret/{lab.name}/many"}}}}'
        f'{{{{with secret (printf "secret/data/{lab.name}/many/%s" .)}}}}{{{{.Data.data.v}}}}\n{{{{end}}}}{{{{end}}}}'
    )

    async with lab.start(lab.config(template=[go(lab.tmpfs, "out", text)])):
        assert lab.read("out") == "".join(f"{number}\n" for number in range(300))

    assert lab.proxy.count(f"secret/data/{lab.name}/many/") == 300
    assert lab.proxy.most_in_flight <= 12  # ten for secrets, one for the token, one for the probe


async def test_an_empty_list_is_rendered_at_once(lab):
    allow(lab.app, rule(f"secret/metadata/{lab.name}/*", "list"))
    text = f'{{{{range secrets "secret/metadata/{lab.name}/none"}}}}a{{{{else}}}}none{{{{end}}}}'

    async with lab.start(lab.config(template=[go(lab.tmpfs, "out", text)])):
        assert lab.read("out") == "none"


async def test_a_new_version_is_rendered_if_a_template_prints_it_even_if_the_data_is_the_same(lab):
    lab.put("app", v="same")
    text = (
        f'{{{{with secret "{lab.path("app")}"}}}}'
        "{{.Data.data.v}} {{.Data.metadata.version}}{{end}}"
    )

    async with lab.start(lab.config(template=[go(lab.tmpfs, "out", text)])):
        assert lab.read("out") == "same 1"
        lab.put("app", v="same")
        await lab.clock.advance(120)
        assert lab.read("out") == "same 2"


async def test_a_missing_key_names_template_place_path_and_key(lab):
    lab.put("app", password="canary-7f3a")
    text = f'a\n  {{{{with secret "{lab.path("app")}"}}}}{{{{.Data.data.pasword}}}}{{{{end}}}}'

    async with lab.start(lab.config(template=[go(lab.tmpfs, "out", text)])) as running:
        assert not (lab.tmpfs / "out").exists()
        assert ".yaml:" in running.log
        at = "(at <.Data.data.pasword>)"
        assert f"in {lab.path('app')} {at}; did you mean 'password'?" in running.log
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


async def test_additional_files_are_part_of_the_change(lab):
    lab.put("tls", cert="C1\n", ca="A1", key="K1")
    told = lab.folder / "told"
    entry = go(lab.tmpfs, "unused", writing(lab.app, lab.tmpfs / "pki"), notify=["app"])
    notify = {
        "app": {
            "command": [
                "sh",
                "-c",
                f"cat {lab.tmpfs}/pki/cert.pem {lab.tmpfs}/pki/key.pem >> {told}",
            ],
            "wait": {"min": 0},
        }
    }

    async with lab.start(lab.config(template=[entry], notify=notify)):
        cert, key = lab.tmpfs / "pki" / "cert.pem", lab.tmpfs / "pki" / "key.pem"
        assert cert.read_text() == "C1\nA1\n"
        assert key.read_text() == "K1"
        assert (mode(cert), mode(key)) == (0o644, 0o400)
        assert told.read_text() == "C1\nA1\nK1"
        inodes = cert.stat().st_ino, key.stat().st_ino

        await lab.clock.advance(120)  # read again, and the same
        assert (cert.stat().st_ino, key.stat().st_ino) == inodes

        lab.put("tls", cert="C1\n", ca="A1", key="K2")
        await lab.clock.advance(120)
        assert key.read_text() == "K2"
        assert cert.stat().st_ino == inodes[0]
        assert told.read_text() == "C1\nA1\nK1C1\nA1\nK2"


async def test_a_template_may_only_write_additional_files(lab):
    lab.put("tls", cert="C1\n", ca="A1", key="K1")
    entries = [
        {**go(lab.tmpfs, "", writing(lab.app, lab.tmpfs / folder)), "destination": "/dev/null"}
        for folder in ("a", "b")
    ]

    async with lab.start(lab.config(template=entries)) as running:
        assert (lab.tmpfs / "a" / "key.pem").read_text() == (
            lab.tmpfs / "b" / "key.pem"
        ).read_text()
        assert running.assembly.delivery.unsettled() == []
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


async def test_appending_keeps_the_content_and_happens_once(lab):
    lab.put("app", v="mine\n")
    shared = lab.tmpfs / "shared"
    shared.write_text("theirs\n")
    text = (
        f'{{{{with secret "{lab.path("app")}"}}}}'
        f'{{{{.Data.data.v | writeToFile "{shared}" "" "" "0644" "append"}}}}{{{{end}}}}'
    )
    config = lab.config(template=[go(lab.tmpfs, "out", text)])

    async with lab.start(config):
        assert shared.read_text() == "theirs\nmine\n"
    async with lab.start(config):  # another process
        assert shared.read_text() == "theirs\nmine\n"


async def test_a_symbolic_link_is_not_followed(lab):
    lab.put("tls", cert="C1\n", ca="A1", key="K1")
    (lab.tmpfs / "pki").mkdir()
    (lab.tmpfs / "elsewhere").write_text("precious")
    (lab.tmpfs / "pki" / "key.pem").symlink_to(lab.tmpfs / "elsewhere")

    async with lab.start(
        lab.config(template=[go(lab.tmpfs, "out", writing(lab.app, lab.tmpfs / "pki"))])
    ) as running:
        assert lab.read("elsewhere") == "precious"
        assert not (lab.tmpfs / "out").exists()
        assert f"{lab.tmpfs}/pki/key.pem" in running.log


COMPUTED = """\
{{{{with secret "{path}"}}}}{{{{.Data.data.v | writeToFile .Data.data.where "" "" "0600"}}}}{{{{end}}}}"""


async def test_a_secret_cannot_choose_where_to_write(lab):
    (lab.tmpfs / "mine").mkdir()
    lab.put("app", v="x", where=str(lab.tmpfs / "theirs"))
    entry = go(lab.tmpfs / "mine", "out", COMPUTED.format(path=lab.path("app")))

    async with lab.start(lab.config(template=[entry])) as running:
        assert not (lab.tmpfs / "theirs").exists()
        assert "`sandbox_path`" in running.log

        lab.put("app", v="x", where=str(lab.tmpfs / "mine" / "beside"))
        await lab.clock.advance(120)
        assert (lab.tmpfs / "mine" / "beside").read_text() == "x"


async def test_a_sandbox_also_confines_literal_paths(lab):
    (lab.tmpfs / "box").mkdir()
    lab.put("tls", cert="C1\n", ca="A1", key="K1")
    entry = go(
        lab.tmpfs, "out", writing(lab.app, lab.tmpfs / "pki"), sandbox_path=str(lab.tmpfs / "box")
    )

    async with lab.start(lab.config(template=[entry])) as running:
        assert "is outside `sandbox_path`" in running.log
        assert not (lab.tmpfs / "pki").exists()


async def test_a_rollback_includes_additional_files(lab):
    lab.put("tls", cert="C1\n", ca="A1", key="good")
    entry = go(lab.tmpfs, "out", writing(lab.app, lab.tmpfs / "pki"), notify=["app"])
    verify = {"command": ["grep", "-q", "good", str(lab.tmpfs / "pki" / "key.pem")]}
    notify = {
        "app": {
            "command": ["true"],
            "verify": {**verify, "timeout": "1s"},
            "on_failure": "rollback",
            "wait": {"min": 0},
        }
    }

    async with lab.start(lab.config(template=[entry], notify=notify)) as running:
        key = lab.tmpfs / "pki" / "key.pem"
        lab.put("tls", cert="C2\n", ca="A2", key="bad")
        await lab.clock.advance(120)
        assert "rolled back" in running.log
        assert key.read_text() == "good"
        assert (lab.tmpfs / "pki" / "cert.pem").read_text() == "C1\nA1\n"


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
        planned.config,
        refs_by_name(planned.config),
        planned.templates.values(),
        directory=str(tmp_path),
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


async def test_a_local_file_is_read_and_its_change_triggers_a_reload(lab):
    banner = lab.folder / "banner"
    banner.write_text("hello\n")
    entry = go(lab.tmpfs, "out", f'{{{{ file "{banner}" }}}}')
    loaded = lab.load(lab.config(template=[entry]))

    assert str(banner) in loaded.loaded.files
    async with lab.start(loaded):
        assert lab.read("out") == "hello\n"


async def test_only_regular_files_are_read(lab):
    os.mkfifo(lab.folder / "pipe")
    lab.put("app", v="x")
    text = f'{{{{with secret "{lab.path("app")}"}}}}{{{{ file "{lab.folder}/pipe" }}}}{{{{end}}}}'

    async with lab.start(lab.config(template=[go(lab.tmpfs, "out", text)])) as running:
        assert "it is not a regular file" in running.log
