# An agent as they are found on hosts: three templates, a command, a sink.
# docs/vault-agent.md moves it over, first as it is, then into a configuration of our own.
pid_file = "/run/app/agent.pid"

vault {
  address = "http://127.0.0.1:8200"
}

auto_auth {
  method "approle" {
    config = {
      role_id_file_path                   = "/etc/app/role_id"
      secret_id_file_path                 = "/etc/app/secret_id"
      remove_secret_id_file_after_reading = false
    }
  }

  sink "file" {
    config = { path = "/run/app/token" }
  }
}

template {
  destination = "/run/app/app.env"
  perms       = 0640
  command     = "systemctl reload app || true"
  contents    = <<-EOF
    {{ with secret "secret/data/app" -}}
    DB_USERNAME={{ .Data.data.username }}
    DB_PASSWORD={{ .Data.data.password }}
    {{- end }}
    EOF
}

template {
  source      = "/etc/app/tls.ctmpl"
  destination = "/run/app/tls.pem"
  perms       = "0600"
}

template {
  destination = "/run/app/flags.json"
  contents    = "{{ with secret \"secret/data/flags\" }}{{ .Data.data | toJSON }}{{ end }}\n"
}
