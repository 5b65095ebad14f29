vault { address = "https://v" token = "hunter2" tls_skip_verify = "perhaps" }
auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template { contents = "x" destination = "/dev/shm/x" }
--------------------------------------------------------------------------------
hcl_with_a_secret_in_the_line.hcl:1:67: problem: vault.tls_skip_verify: expected true or false, got 'perhaps'
  |
1 | vault { address = "https://v" token = "[redacted]" tls_skip_verify = "perhaps" }
  |                                                                      ^^^^^^^^^
hcl_with_a_secret_in_the_line.hcl: 1 problem
