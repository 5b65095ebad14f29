# All that these configurations read.
path "secret/data/app" {
  capabilities = ["read"]
}
