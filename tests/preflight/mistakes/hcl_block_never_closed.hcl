vault {
  address = "https://v:8200"
auto_auth {
  method "kubernetes" { config = { role = "x" } }
}
--------------------------------------------------------------------------------
hcl_block_never_closed.hcl:1:7: problem: this '{' is never closed
  |
1 | vault {
  |       ^
  = help: add '}' where the block ends
hcl_block_never_closed.hcl: 1 problem
