#!/bin/sh
# Lets pods of service account app log in and read secret/data/app. Needs bao or vault with a token
# that may write policies and auth methods, and KV version 2 at secret/. Running it again changes
# nothing: a login that is configured stays as it is unless one of the last three variables is given.
#
#   NAMESPACE           namespace of the pods (default)
#   KUBERNETES_HOST     the cluster's API as Vault reaches it (https://kubernetes.default.svc)
#   KUBERNETES_CA       file with its CA
#   TOKEN_REVIEWER_JWT  file with the token that Vault shows when it asks the API to review a login
#
# A Vault in the cluster needs none of them. A Vault outside of it needs the last three:
#
#   kubectl apply -f config/kubernetes/token-reviewer.yaml
#   kubectl get secret vault-reviewer -o go-template='{{.data.token | base64decode}}' >reviewer.jwt
#   kubectl config view --raw --minify --flatten \
#     -o go-template='{{index (index .clusters 0).cluster "certificate-authority-data" | base64decode}}' >cluster.crt
set -eu

cli=$(command -v bao || command -v vault) || { echo "needs bao or vault on PATH" >&2; exit 1; }
here=$(dirname "$0")

"$cli" auth list -format=json | grep -q '"kubernetes/"' || "$cli" auth enable kubernetes

configured() { "$cli" read -field="$1" auth/kubernetes/config 2>/dev/null; }

if [ -z "$(configured kubernetes_host)" ] ||
  [ -n "${KUBERNETES_HOST:-}${KUBERNETES_CA:-}${TOKEN_REVIEWER_JWT:-}" ]; then
  # Writing replaces the whole configuration, and the reviewer's token cannot be read back.
  if [ -z "${TOKEN_REVIEWER_JWT:-}" ] && [ "$(configured token_reviewer_jwt_set)" = true ]; then
    echo "auth/kubernetes/config has a reviewer's token, which this would remove:" \
      "set TOKEN_REVIEWER_JWT to a file with it, or leave KUBERNETES_HOST and KUBERNETES_CA unset" >&2
    exit 1
  fi
  if [ -n "${KUBERNETES_CA:-}" ] && [ -z "${TOKEN_REVIEWER_JWT:-}" ]; then
    echo "warning: without TOKEN_REVIEWER_JWT, a Vault outside of the cluster is answered 401" \
      "when it asks for a review, and every login fails with permission denied" >&2
  fi
  # From files: a command line can be read by every process.
  "$cli" write auth/kubernetes/config \
    kubernetes_host="${KUBERNETES_HOST:-https://kubernetes.default.svc}" \
    ${KUBERNETES_CA:+kubernetes_ca_cert=@"$KUBERNETES_CA"} \
    ${TOKEN_REVIEWER_JWT:+token_reviewer_jwt=@"$TOKEN_REVIEWER_JWT"}
fi

"$cli" policy write app "$here/../policies/app.hcl"
"$cli" write auth/kubernetes/role/app \
  bound_service_account_names=app \
  bound_service_account_namespaces="${NAMESPACE:-default}" \
  audience=vault \
  token_policies=app \
  token_ttl=1h \
  token_max_ttl=24h
