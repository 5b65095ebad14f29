vault {
  address "https://v:8200"
}
--------------------------------------------------------------------------------
hcl_without_an_equals_sign.hcl:2:11: problem: there is no '=' after 'address'
  |
2 |   address "https://v:8200"
  |           ^
  = help: add it
hcl_without_an_equals_sign.hcl: 1 problem
