#!/bin/sh
# Lets pods of service account app log in and read secret/data/app. Needs bao or vault with a token
# that may write policies and auth methods. Running it again changes nothing.
#
#   NAMESPACE        namespace of the pods (default)
#   KUBERNETES_HOST  the cluster's API as Vault reaches it (https://kubernetes.default.svc)
#   KUBERNETES_CA    file with its CA; only for a Vault outside of the cluster, which then also needs
#                    a service account with system:auth-delegator for its TokenReviews
set -eu

cli=$(command -v bao || command -v vault) || { echo "needs bao or vault on PATH" >&2; exit 1; }
here=$(dirname "$0")

"$cli" auth list -format=json | grep -q '"kubernetes/"' || "$cli" auth enable kubernetes
"$cli" write auth/kubernetes/config \
  kubernetes_host="${KUBERNETES_HOST:-https://kubernetes.default.svc}" \
  ${KUBERNETES_CA:+kubernetes_ca_cert=@"$KUBERNETES_CA"}

"$cli" policy write app "$here/../policies/app.hcl"
"$cli" write auth/kubernetes/role/app \
  bound_service_account_names=app \
  bound_service_account_namespaces="${NAMESPACE:-default}" \
  audience=vault \
  token_policies=app \
  token_ttl=1h \
  token_max_ttl=24h
