auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template {
  contents = "x"
  destination = "/dev/shm/x"
  user = "nobody-here"
}
--------------------------------------------------------------------------------
hcl_with_an_unknown_user.hcl:5:10: problem: template[0].user: there is no user 'nobody-here' on this machine
  |
5 |   user = "nobody-here"
  |          ^^^^^^^^^^^^^
  = help: a number always works
hcl_with_an_unknown_user.hcl: 1 problem
