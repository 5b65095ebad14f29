auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template {
  contents = "x"
  destinaton = "/dev/shm/x"
  perms = 0644
  error_on_missing_key = "yess"
}
--------------------------------------------------------------------------------
hcl_with_misspelled_options.hcl:2:1: problem: template[0].destination: is required
  |
2 | template {
  | ^^^^^^^^
hcl_with_misspelled_options.hcl:4:3: problem: template[0]: unknown option 'destinaton'
  |
4 |   destinaton = "/dev/shm/x"
  |   ^^^^^^^^^^
  = help: did you mean 'destination'?
hcl_with_misspelled_options.hcl:6:26: problem: template[0].error_on_missing_key: expected true or false, got 'yess'
  |
6 |   error_on_missing_key = "yess"
  |                          ^^^^^^
hcl_with_misspelled_options.hcl: 3 problems
