# shellcheck shell=bash
# The trial's own certification authority, and the certificate of its smarthost.

TLS_OPENSSL_CNF='[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
'

# tls_prepare FOLDER: ca.pem, and server.pem for localhost, each kept while it is good for another day.
tls_prepare() {
    local folder=$1
    mkdir -p "$folder"
    if ! tls_is_good "$folder/ca.pem"; then
        tls_authority "$folder"
        rm -f "$folder/server.pem"
    fi
    tls_is_good "$folder/server.pem" || tls_certificate "$folder" server localhost DNS:localhost,IP:127.0.0.1
}

tls_is_good() {
    openssl x509 -in "$1" -noout -checkend 86400 >/dev/null 2>&1
}

tls_authority() {
    printf '%s' "$TLS_OPENSSL_CNF" >"$1/openssl.cnf"
    tls_new_key "$1/ca.key"
    tls_run req -new -x509 -config "$1/openssl.cnf" -extensions ca -key "$1/ca.key" -out "$1/ca.pem" \
        -days 3650 -subj "/CN=relaywatch trial authority"
    chmod 0644 "$1/ca.pem"
}

# tls_certificate FOLDER NAME COMMON_NAME ALTERNATIVE_NAMES [DAYS]: NAME.key and NAME.pem, signed by FOLDER/ca.pem.
tls_certificate() {
    local folder=$1 name=$2
    tls_new_key "$folder/$name.key"
    printf '%ssubjectAltName = %s\n' "$TLS_OPENSSL_CNF" "$4" >"$folder/$name.cnf"
    tls_run req -new -config "$folder/$name.cnf" -key "$folder/$name.key" -subj "/CN=$3" -out "$folder/$name.csr"
    tls_run x509 -req -in "$folder/$name.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
        -set_serial "$(date +%s%N)" -days "${5:-825}" -extfile "$folder/$name.cnf" -extensions server \
        -out "$folder/$name.pem"
    rm -f "$folder/$name.csr" "$folder/$name.cnf"
}

tls_new_key() {
    (umask 077 && tls_run genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1")
}

tls_run() {
    local said
    said=$(openssl "$@" 2>&1) || fail "openssl $1: $said" "is there room on the disk? df $TRIAL"
}
