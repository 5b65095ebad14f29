auto_auth { method "token_file" { config = { token_file_path = "/t" } } }
template_config { static_secret_render_interval = "5 minutes" }
template { contents = "x" destination = "/dev/shm/x" }
--------------------------------------------------------------------------------
hcl_with_a_duration_in_words.hcl:2:51: problem: template_config.static_secret_render_interval: expected a duration such as 30s, 5m or 1h30m, got '5 minutes'
  |
2 | template_config { static_secret_render_interval = "5 minutes" }
  |                                                   ^^^^^^^^^^^
hcl_with_a_duration_in_words.hcl: 1 problem
