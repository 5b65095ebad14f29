auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template {
  contents = <<EOF
{{ with secret "secret/data/app" }}
{{ .Data.data.x | toJSONN }}
{{ end }}
EOF
  destination = "/dev/shm/x"
}
--------------------------------------------------------------------------------
go_template_with_an_unknown_function.hcl:5:19: problem: template[0]: function "toJSONN" not defined
  |
5 | {{ .Data.data.x | toJSONN }}
  |                   ^^^^^^^
  = help: did you mean 'toJSON'?
go_template_with_an_unknown_function.hcl: 1 problem
