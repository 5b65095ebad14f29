auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template {
  contents = <<EOF
{{ with secret "secret/data/app" }}
{{ .Data.data.x }}
EOF
  destination = "/dev/shm/x"
}
--------------------------------------------------------------------------------
go_template_without_its_end.hcl:4:4: problem: template[0]: unexpected EOF: this `with` is never closed
  |
4 | {{ with secret "secret/data/app" }}
  |    ^^^^
  = help: add `{{ end }}`
go_template_without_its_end.hcl: 1 problem
