auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template {
  contents = <<EOF
{{ with secret "secret/data/app" }}
{{ .Data.data.x }
{{ end }}
EOF
  destination = "/dev/shm/x"
}
--------------------------------------------------------------------------------
go_template_with_a_brace_too_few.hcl:5: problem: template[0]: unexpected "}" in operand
  |
5 | {{ .Data.data.x }
go_template_with_a_brace_too_few.hcl: 1 problem
