auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template {
  contents = "x"
  destination = "/dev/shm/x"
  user = "nobody-here"
}
