"""Where a pod gets something else than from vault-k8s 1.7.6; with `exact` it gets the same."""

# ruff: noqa: E501 - a row stays on its line

from typing import NamedTuple


class Improvement(NamedTuple):
    """What vault-k8s does, and what is done here."""

    theirs: str
    here: str


IMPROVEMENTS = (
    Improvement(
        "The command runs `vault agent`, below a shell that keeps SIGTERM to itself.",
        "It replaces the shell by whichever agent the image has: `injector agent` if `injector` is there, else `vault agent`.",
    ),
    Improvement(
        "One problem is reported at a time, without the annotation's name, in the words of Go's functions.",
        "All problems are in one message, each with its annotation and with what is expected.",
    ),
    Improvement(
        "A misspelled annotation has no effect, and nothing says so.",
        "It is a warning with the nearest name.",
    ),
    Improvement(
        "Secrets are in a random order, and with them templates and numbers of volumes.",
        "They are in the order of their names: the same pod always gets the same patch.",
    ),
    Improvement(
        "In a pod without volumes, each volume replaces the one before.", "All volumes are added."
    ),
    Improvement(
        "With `agent-init-first` the pod's own init containers are removed and added again, without fields that the webhook does not know.",
        "The agent's container is put before them; they stay as they are.",
    ),
    Improvement(
        "`agent-share-process-namespace` has no effect without the init container, and `false` takes away what the pod says itself.",
        "It has, and takes nothing away.",
    ),
    Improvement(
        "A pod without a service-account token (`automountServiceAccountToken: false`) is refused.",
        "The agent gets a projected token of its own: ten minutes, for the audience `token_audience`.",
    ),
    Improvement(
        "The first mounted volume whose path contains `serviceaccount` is used for the login, be it one for AWS.",
        "The usual path goes before others.",
    ),
    Improvement(
        "A pod in kube-system or kube-public is refused, which can keep a part of the cluster from starting.",
        "It is left alone, with a warning.",
    ),
    Improvement(
        "An empty `agent-run-as-user` or `agent-run-as-group` means root.", "It is refused."
    ),
    Improvement(
        "`agent-run-as-same-user` looks at the first container's own security context only.",
        "It looks at the first container that gets the files, then at the pod.",
    ),
    Improvement(
        "There is no `seccompProfile`, so that Pod Security's `restricted` refuses the pod.",
        "It is `RuntimeDefault`.",
    ),
    Improvement(
        "A secret without a template, but with delimiters of its own, gets a default template that they break.",
        "The default template is written in the given delimiters.",
    ),
    Improvement(
        "`AGENT_INJECT_TEMPLATE_LEASE_RENEWAL_THRESHOLD` is read and forgotten.", "It is a default."
    ),
    Improvement(
        "Why a container failed is in its log only.",
        "It is in the pod's status as well (`terminationMessagePolicy: FallbackToLogsOnError`).",
    ),
    Improvement(
        "With `agent-revoke-on-shutdown` a hook revokes the token five seconds after the pod was asked to stop, while the application still uses it; what it is given goes into a shell's command unquoted.",
        "The injector revokes it itself when it is stopped: a native sidecar after the application's end. The peer's agent has the hook, quoted.",
    ),
    Improvement(
        "Init container and sidecar are two containers, and a Job with a sidecar never ends.",
        'With `agent-native-sidecar: "true"` there is one native sidecar, in the init container\'s place. What stands below it starts when every file is there.',
    ),
    Improvement(
        "The image needs a shell and `base64`.",
        "With the option `shell: false` it does not: `injector agent` reads `VAULT_CONFIG` itself.",
    ),
    Improvement(
        "Half of a core and a quarter of one are the limit and the request of CPU, 64 Mi the request of memory.",
        "10m and 80Mi are requested, and CPU has no limit.",
    ),
    Improvement(
        "An address is required of the webhook, even if every pod names its own.",
        "It is required of a pod that names none.",
    ),
    Improvement(
        "A pod may name any server, which is then sent its token.",
        "With `allowed_addresses`, only those.",
    ),
)
