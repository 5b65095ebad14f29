#!/bin/sh
# Gives a new OpenBao dev server what config/companion.yaml needs: a secret, a policy, an AppRole.
# Running it again keeps the secret and makes a new secret id.
set -eu
umask 077

until bao status >/dev/null 2>&1; do sleep 1; done

bao policy write app /policies/app.hcl
bao auth list -format=json | grep -q '"approle/"' || bao auth enable approle
bao write auth/approle/role/app token_policies=app token_ttl=1h token_max_ttl=24h

if ! bao kv get -mount=secret app >/dev/null 2>&1; then
  # Through standard input: a command line can be read by every process.
  printf '{"username": "app", "password": "%s"}' "$(head -c 18 /dev/urandom | base64)" |
    bao kv put -mount=secret app -
fi

bao read -field=role_id auth/approle/role/app/role-id >/login/.role_id
bao write -f -field=secret_id auth/approle/role/app/secret-id >/login/.secret_id
mv /login/.role_id /login/role_id
mv /login/.secret_id /login/secret_id
