# Vault Agent, as root: renders the login into a file that relaywatch takes up within two seconds.
#   mkdir -m 0700 /etc/relaywatch/secrets            (root's, as each folder above it)
#   credential_source = /etc/relaywatch/secrets/smtp-login      in relaywatch.conf
# No command is needed here: relaywatch sees that the file was replaced.

vault {
  address = "https://vault.example.com:8200"
}

auto_auth {
  method "approle" {
    config = {
      role_id_file_path   = "/etc/vault-agent/role-id"
      secret_id_file_path = "/etc/vault-agent/secret-id"
    }
  }
}

template {
  destination     = "/etc/relaywatch/secrets/smtp-login"
  perms           = "0600"
  create_dest_dirs = false
  contents        = "{{ with secret \"secret/data/smtp-relay\" }}{{ .Data.data.user }}:{{ .Data.data.password }}{{ end }}"
}
