#!/bin/sh
# Lets jobs of one repository and branch log in and read what they deploy with. Needs bao or vault
# with a token that may write policies and auth methods. Running it again changes nothing.
#
#   REPOSITORY  owner/name on GitHub
#   REF         the branch or tag of the job (refs/heads/main)
#   ISSUER      who signs the JWTs (https://token.actions.githubusercontent.com); for GitHub
#               Enterprise Server https://HOSTNAME/_services/token
set -eu

cli=$(command -v bao || command -v vault) || { echo "needs bao or vault on PATH" >&2; exit 1; }
: "${REPOSITORY:?is not set: owner/name on GitHub}"
issuer=${ISSUER:-https://token.actions.githubusercontent.com}

"$cli" auth list -format=json | grep -q '"jwt/"' || "$cli" auth enable jwt
"$cli" write auth/jwt/config oidc_discovery_url="$issuer" bound_issuer="$issuer"

# What `injector policy -c injector.yaml` prints, and no more.
"$cli" policy write deploy - <<'POLICY'
path "secret/data/deploy/app" { capabilities = ["read"] }
path "secret/data/deploy/api" { capabilities = ["read"] }
POLICY

# Without the bound claims, every job on GitHub would get in.
"$cli" write auth/jwt/role/deploy - <<ROLE
{
  "role_type": "jwt",
  "user_claim": "repository",
  "bound_audiences": ["vault"],
  "bound_claims": {
    "repository": "$REPOSITORY",
    "ref": "${REF:-refs/heads/main}"
  },
  "token_policies": ["deploy"],
  "token_ttl": "10m",
  "token_max_ttl": "15m"
}
ROLE
