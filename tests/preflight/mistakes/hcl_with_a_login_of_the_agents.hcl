auto_auth { method "aws" { config = { role = "x" } } }
template { contents = "x" destination = "/dev/shm/x" }
--------------------------------------------------------------------------------
hcl_with_a_login_of_the_agents.hcl:1:13: problem: auto_auth.method.type: aws is not available: it signs requests with a key of the cloud
  |
1 | auto_auth { method "aws" { config = { role = "x" } } }
  |             ^^^^^^
  = help: use a JWT of that cloud with `jwt`, or `kubernetes` in a cluster
hcl_with_a_login_of_the_agents.hcl: 1 problem
