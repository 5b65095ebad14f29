vault {
  address = "https://v:8200
}
--------------------------------------------------------------------------------
hcl_string_never_closed.hcl:2:13: problem: a string is not closed: its '"' is missing
  |
2 |   address = "https://v:8200
  |             ^
hcl_string_never_closed.hcl: 1 problem
