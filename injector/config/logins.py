"""Login methods that others have: what to use instead of each."""

# fmt: off
ELSEWHERE = {
    **dict.fromkeys(
        ("aws", "azure", "gcp", "alicloud", "oci", "cf"),
        "it signs requests with a key of the cloud; use a JWT of that cloud with `jwt`, or `kubernetes` in a cluster",  # noqa: E501 - one sentence
    ),
    "kerberos": "it requires the system's Kerberos libraries; use `cert`, or `jwt`",
    **dict.fromkeys(
        ("ldap", "userpass", "radius", "okta"), "passwords are for people; use `approle`"
    ),
    "oidc": "it is for people with a browser; use `jwt`",
    "github": "it is for people; use `approle`, or `jwt` with the token of a GitHub job",
    "token": "a token is not a login; use `token_file`, or VAULT_TOKEN without `auto_auth`",
    "tpm": "it is a feature of Vault Enterprise; use `cert`",
    "spiffe": "it is a feature of Vault Enterprise; use `jwt` or `cert` with an SVID",
}
# fmt: on
