vault { address = https://v:8200 }
--------------------------------------------------------------------------------
hcl_string_without_quotes.hcl:1:24: problem: the character ':' is not allowed here
  |
1 | vault { address = https://v:8200 }
  |                        ^
  = help: strings need quotes
hcl_string_without_quotes.hcl: 1 problem
