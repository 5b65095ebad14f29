vault:
  address: https://v
--------------------------------------------------------------------------------
yaml_in_a_file_for_hcl.hcl:1:6: problem: this is YAML, in a file with a name for HCL
  |
1 | vault:
  |      ^
  = help: give it a name that ends in .yaml
yaml_in_a_file_for_hcl.hcl: 1 problem
