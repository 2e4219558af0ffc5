#!/usr/bin/env python3
"""hostile_smtp.py PROBE_ASK PROBE FOLDER: relaywatch-probe against smarthosts that lie, stall, flood and inject.

Each script below is one server on loopback and one run of the probe. What counts: the verdict is one of those named,
it comes within 30 seconds, and no byte of the login is sent to a server that has not proved its name over TLS
(`proved` tells which have). Prints "ok - name" or "not ok - name: why".
"""
import base64
import concurrent.futures
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

ASK, PROBE, FOLDER = sys.argv[1:4]
NAME = 'relay.example.test'
CANARY = open(os.path.join(os.path.dirname(os.path.realpath(__file__)), 'canary')).read().strip()
USER, SECRET = 'canary-user@example.test', 'Secret-' + CANARY
LIMIT_S = 30
FORMS = [SECRET.encode(), base64.b64encode(SECRET.encode()).rstrip(b'='),
         base64.b64encode(f'\0{USER}\0{SECRET}'.encode()).rstrip(b'='), USER.encode(),
         base64.b64encode(USER.encode()).rstrip(b'='), b'AUTH ']
HELLO = b'220 relay.example.test ESMTP\r\n'
OFFER = b'250-relay.example.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n'
LOGINS = b'250-relay.example.test\r\n250 AUTH PLAIN LOGIN\r\n'


def openssl(*words, text=None):
    subprocess.run(['openssl', *words], input=text, check=True, cwd=FOLDER, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def der_name(raw):
    """subjectAltName with one DNS name of any bytes, as openssl's configuration takes it."""
    inner = bytes([0x82, len(raw)]) + raw
    return 'DER:' + ':'.join(f'{b:02x}' for b in bytes([0x30, len(inner)]) + inner)


def certify(name, subject=NAME, alt='DNS:' + NAME, issuer='ca', more='', key=('ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'),
            digest='sha256', begins='20200101000000Z', ends='20490101000000Z'):
    """NAME.pem and NAME.key; the file has the issuer behind it when that is an intermediate."""
    openssl('req', '-newkey', key[0], *key[1:], '-nodes', '-keyout', name + '.key', '-subj', f'/CN={subject}', '-out',
            name + '.csr')
    folder = os.path.join(FOLDER, 'of-' + name)
    os.makedirs(folder)
    open(os.path.join(folder, 'index'), 'w').close()
    with open(os.path.join(folder, 'conf'), 'w') as conf:
        conf.write(f'[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n'
                   f'default_md={digest}\npolicy=p\nunique_subject=no\nx509_extensions=e\n[p]\ncommonName=supplied\n'
                   f'[e]\n' + (f'subjectAltName={alt}\n' if alt else '') + more + '\n')
    with open(os.path.join(folder, 'serial'), 'w') as serial:
        serial.write(f'{int.from_bytes(os.urandom(7), "big"):016x}\n')
    sign = ['-selfsign', '-keyfile', name + '.key'] if issuer is None else ['-cert', issuer + '.pem', '-keyfile',
                                                                          issuer + '.key']
    openssl('ca', '-batch', '-notext', '-config', os.path.join(folder, 'conf'), *sign, '-in', name + '.csr', '-out',
            name + '.pem', '-startdate', begins, '-enddate', ends)


def chain(name, *issuers):
    with open(os.path.join(FOLDER, name + '.pem'), 'a') as out:
        for issuer in issuers:
            with open(os.path.join(FOLDER, issuer + '.pem')) as part:
                out.write(part.read())


AUTHORITY = 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n'


def make_certificates():
    for name in ('ca', 'other-ca'):
        certify(name, subject=name, alt='', issuer=None, more=AUTHORITY)
    certify('good')
    certify('wildcard', alt='DNS:*.example.test')
    certify('expired', ends='20210101000000Z')
    certify('not-yet', begins='20480101000000Z')
    certify('self-signed', issuer=None)
    certify('unknown-ca', issuer='other-ca')
    certify('other-name', subject='other.test', alt='DNS:other.test')
    certify('name-in-cn-only-beside-others', alt='DNS:other.test')
    certify('address-only', subject='x', alt='IP:127.0.0.1')
    certify('partial-wildcard', alt='DNS:rel*.example.test', subject='x')
    certify('wildcard-of-the-top', alt='DNS:*.test', subject='x')
    certify('wildcard-in-the-middle', alt='DNS:relay.*.test', subject='x')
    certify('wildcard-for-two', alt='DNS:*.*.test', subject='x')
    certify('longer-name', alt=f'DNS:{NAME}.evil.test', subject='x')
    certify('parent-name', alt='DNS:example.test', subject='x')
    certify('nul-in-name', alt=der_name(NAME.encode() + b'\0.evil.test'), subject='x')
    certify('clients-only', more='extendedKeyUsage=clientAuth\n')
    certify('sha1', digest='sha1')
    certify('rsa-1024', key=('rsa:1024',))
    certify('middle', subject='middle', alt='', more=AUTHORITY)
    certify('by-middle', issuer='middle')
    chain('by-middle', 'middle')
    certify('middle-missing', issuer='middle')
    certify('middle-expired-ca', subject='middle-expired', alt='', more=AUTHORITY, ends='20210101000000Z')
    certify('middle-expired', issuer='middle-expired-ca')
    chain('middle-expired', 'middle-expired-ca')
    certify('by-a-server', issuer='good')
    chain('by-a-server', 'good')


class Talk:
    """One connection, as a script sees it: say() sends, hear() reads a line, tls() goes over to TLS."""

    def __init__(self, sock):
        self.sock, self.unsafe, self.safe, self.proved, self.rest = sock, b'', b'', False, b''

    def say(self, data):
        self.sock.sendall(data)

    def note(self, data):
        if self.proved:
            self.safe += data
        else:
            self.unsafe += data
        return data

    def hear(self):
        while b'\n' not in self.rest:
            data = self.note(self.sock.recv(4096))
            if not data:
                return b''
            self.rest += data
        line, self.rest = self.rest.split(b'\n', 1)
        return line

    def tls(self, certificate='good', proved=False, **limits):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(limits.get('ciphers', 'ALL:@SECLEVEL=0'))
        context.load_cert_chain(os.path.join(FOLDER, certificate + '.pem'), os.path.join(FOLDER, certificate + '.key'))
        if 'most' in limits:
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, limits['most']
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.proved, self.rest = proved, b''

    def linger(self, seconds=LIMIT_S):
        """Takes what still comes."""
        end = time.time() + seconds
        while time.time() < end:
            self.sock.settimeout(max(0.01, end - time.time()))
            if not self.note(self.sock.recv(65536)):
                return


SCRIPTS = []


def script(name, wanted, implicit=False, proved=False):
    """`wanted`: the verdicts that are right, blanks between."""
    def keep(function):
        SCRIPTS.append((name, wanted.split(), implicit, function))
        return function
    return keep


def lines(name, wanted, *parts, implicit=False):
    """A server that says each part once it has heard a line, in the clear from its beginning to its end."""
    @script(name, wanted, implicit)
    def _(talk):
        for n, part in enumerate(parts):
            if n > 0:
                talk.hear()
            talk.say(part)
        talk.linger(3)


def to_tls(talk, certificate='good', **how):
    talk.say(HELLO)
    talk.hear()
    talk.say(OFFER)
    talk.hear()
    talk.say(b'220 go\r\n')
    talk.tls(certificate, **how)


def refused_certificate(certificate, **how):
    @script('certificate ' + certificate, 'tls')
    def _(talk):
        to_tls(talk, certificate, **how)
        talk.say(LOGINS)
        talk.linger(3)


def within_tls(name, wanted, *parts):
    """A server that has proved its name, and then says these, one for each line that it hears."""
    @script('proved: ' + name, wanted)
    def _(talk):
        to_tls(talk, proved=True)
        for part in parts:
            talk.hear()
            talk.say(part)
        talk.linger(1)


def write_scripts():
    @script('the good way', 'ok')
    def _(talk):
        to_tls(talk, proved=True)
        talk.hear()
        talk.say(LOGINS)
        talk.hear()
        talk.say(b'235 2.7.0 in\r\n')
        talk.linger(3)

    for certificate in ('wildcard', 'by-middle'):
        @script('certificate ' + certificate, 'ok')
        def _(talk, certificate=certificate):
            to_tls(talk, certificate, proved=True)
            talk.hear()
            talk.say(LOGINS)
            talk.hear()
            talk.say(b'235 in\r\n')
            talk.linger(3)

    for certificate in ('expired', 'not-yet', 'self-signed', 'unknown-ca', 'other-name', 'name-in-cn-only-beside-others',
                        'address-only', 'partial-wildcard', 'wildcard-of-the-top', 'wildcard-in-the-middle',
                        'wildcard-for-two', 'longer-name', 'parent-name', 'nul-in-name', 'clients-only', 'sha1', 'rsa-1024',
                        'middle-missing', 'middle-expired', 'by-a-server'):
        refused_certificate(certificate)

    for word, most in (('TLS 1.0', ssl.TLSVersion.TLSv1), ('TLS 1.1', ssl.TLSVersion.TLSv1_1)):
        @script(word + ' only', 'tls')
        def _(talk, most=most):
            to_tls(talk, most=most)
            talk.linger(3)

    @script('no certificate: an anonymous cipher', 'tls')
    def _(talk):
        to_tls(talk, most=ssl.TLSVersion.TLSv1_2, ciphers='ADH:AECDH:@SECLEVEL=0')
        talk.linger(3)

    after = HELLO, OFFER, b'220 go\r\n'
    lines('no greeting at all', 'timeout unreachable')
    lines('STARTTLS stripped', 'tls', HELLO, LOGINS)
    lines('STARTTLS stripped, login asked', 'tls', HELLO, LOGINS, b'530 5.7.0 log in first\r\n')
    lines('EHLO unknown', 'protocol', HELLO, b'502 5.5.2 HELO please\r\n')
    lines('STARTTLS refused for now', 'temporary', HELLO, OFFER, b'454 4.7.0 no\r\n')
    lines('STARTTLS refused', 'tls', HELLO, OFFER, b'502 5.5.1 no\r\n')
    lines('plain text behind the reply to STARTTLS', 'tls', HELLO, OFFER, b'220 go\r\n' + LOGINS)
    lines('one byte behind it', 'tls', HELLO, OFFER, b'220 go\r\n2')
    lines('all replies in the greeting', 'protocol', HELLO + OFFER + b'220 go\r\n')
    lines('login offered and asked behind EHLO', 'protocol', HELLO, OFFER + b'334 VXNlcm5hbWU6\r\n')
    lines('login asked instead of TLS', 'tls', HELLO, OFFER, b'334 VXNlcm5hbWU6\r\n', b'334 UGFzc3dvcmQ6\r\n')
    lines('success instead of TLS', 'tls', HELLO, OFFER, b'235 2.7.0 in\r\n')
    lines('HTTP instead of TLS', 'tls', *after, b'HTTP/1.1 400 Bad Request\r\n\r\n')
    lines('SMTP instead of TLS', 'tls', *after, LOGINS)
    lines('zeros instead of TLS', 'tls', *after, b'\0' * 100000)
    lines('a TLS alert', 'tls', *after, b'\x15\x03\x03\x00\x02\x02\x28')
    lines('a TLS record that never ends', 'timeout tls', *after, b'\x16\x03\x03\x40\x00\x02\x00\x3f\xfc')
    lines('plain text on the port for TLS', 'tls', HELLO, implicit=True)
    lines('HTTP on the port for TLS', 'tls', b'HTTP/1.1 400 Bad Request\r\n\r\n', implicit=True)
    lines('a greeting of SSH', 'protocol', b'SSH-2.0-OpenSSH_9.2\r\n')
    lines('a greeting of zeros', 'protocol', b'\0' * 5000)
    lines('a code that changes', 'protocol', b'220-a\r\n221 b\r\n')
    lines('a code of no kind', 'protocol', b'999 a\r\n')
    lines('421 at once', 'temporary', b'421 4.7.0 later\r\n')
    lines('554 at once', 'protocol', b'554 5.7.1 no\r\n')
    lines('a line of 100,000 bytes', 'protocol', b'220 ' + b'x' * 100000 + b'\r\n')
    lines('1,000 lines of one reply', 'protocol', b'220-x\r\n' * 1000 + b'220 x\r\n')
    lines('a reply of 1 MB to EHLO', 'protocol', HELLO, (b'250-' + b'x' * 996 + b'\r\n') * 1000)
    lines('escape sequences in the greeting', 'tls', b'220 \x1b[2J\x1b]0;x\x07\r\n', b'250 \x9b31m\r\n')
    lines('names of the offer without end', 'tls', HELLO, b'250-h\r\n' + b'250-' + b'AUTH ' * 300 + b'\r\n250 x\r\n')

    @script('a reply injected before real TLS', 'tls')
    def _(talk):
        talk.say(HELLO)
        talk.hear()
        talk.say(OFFER)
        talk.hear()
        talk.say(b'220 go\r\n' + LOGINS)
        talk.tls()
        talk.linger(3)

    @script('closed at once', 'unreachable')
    def _(talk):
        talk.sock.close()

    @script('closed within the handshake', 'tls unreachable')
    def _(talk):
        for part in after:
            talk.say(part)
            talk.hear()
        talk.sock.close()

    @script('a greeting of one byte a second', 'timeout')
    def _(talk):
        for byte in b'220-' + b'x' * 200:
            talk.say(bytes([byte]))
            time.sleep(1)

    @script('a reply that never ends, a line a second', 'timeout protocol')
    def _(talk):
        while True:
            talk.say(b'220-wait\r\n')
            time.sleep(1)

    @script('as fast as it goes, for ever', 'protocol')
    def _(talk):
        while True:
            talk.say(b'220-' + b'y' * 60000)

    @script('silent after the greeting', 'timeout')
    def _(talk):
        talk.say(HELLO)
        talk.linger()

    @script('silent at STARTTLS', 'timeout')
    def _(talk):
        talk.say(HELLO)
        talk.hear()
        talk.say(OFFER)
        talk.linger()

    @script('silent in the handshake', 'timeout')
    def _(talk):
        for part in after:
            talk.say(part)
            talk.hear()
        talk.linger()

    within_tls('refuses the login', 'refused', LOGINS, b'535-5.7.8 no\r\n535 5.7.8 really\r\n')
    within_tls('asks for ever', 'protocol', b'250-h\r\n250 AUTH LOGIN\r\n', *[b'334 VXNlcm5hbWU6\r\n'] * 20)
    within_tls('asks after the end', 'protocol', LOGINS, b'334 \r\n', b'235 in\r\n')
    within_tls('success before the end', 'protocol', b'250-h\r\n250 AUTH LOGIN\r\n', b'235 in\r\n')
    within_tls('a challenge of 1 MB', 'protocol', b'250-h\r\n250 AUTH LOGIN\r\n', b'334 ' + b'QUFB' * 250000 + b'\r\n')
    within_tls('a challenge that is no base64', 'protocol', b'250-h\r\n250 AUTH LOGIN\r\n', b'334 %%%\r\n')
    within_tls('no login offered', 'no_mechanism', b'250 h\r\n')
    within_tls('only what nobody has', 'no_mechanism', b'250-h\r\n250 AUTH X-OWN\r\n')
    within_tls('503 to the login', 'protocol', LOGINS, b'503 5.5.1 EHLO first\r\n')
    within_tls('504 to the login', 'no_mechanism', LOGINS, b'504 5.7.4 Unrecognized Authentication Type\r\n')
    within_tls('432 to the login', 'no_mechanism', LOGINS, b'432 4.7.12 A password transition is needed\r\n')
    within_tls('538 to the login', 'tls', LOGINS, b'538 5.7.11 Encryption required\r\n')
    within_tls('525 to the login', 'refused', LOGINS, b'525 5.7.13 User account disabled\r\n')
    within_tls('454 to the login', 'temporary', LOGINS, b'454 4.7.0 later\r\n')
    within_tls('421 to the login', 'temporary', LOGINS, b'421 4.7.0 too many\r\n')
    within_tls('a reply before it is asked', 'protocol', LOGINS + b'235 in\r\n')
    within_tls('closed after EHLO', 'unreachable')


def serve(listener, function, seen):
    sock, _ = listener.accept()
    listener.close()
    sock.settimeout(LIMIT_S + 10)
    talk = Talk(sock)
    try:
        function(talk)
    except (OSError, ValueError):  # the probe has left, as it may
        pass
    finally:
        try:
            talk.sock.close()
        except OSError:
            pass
        seen.append(talk)


def fields(output):
    return dict(line.split('=', 1) for line in output.decode('latin-1').split('\n') if '=' in line)


def run(name, wanted, implicit, function):
    """None, or why it is not as it should be."""
    listener, seen = socket.create_server(('127.0.0.1', 0)), []
    server = threading.Thread(target=serve, args=(listener, function, seen), daemon=True)
    server.start()
    begun = time.time()
    done = subprocess.run([ASK, PROBE, '127.0.0.1', str(listener.getsockname()[1]), 'implicit' if implicit else 'starttls',
                           NAME, os.path.join(FOLDER, 'ca.pem'), USER], input=SECRET.encode(), capture_output=True)
    took = time.time() - begun
    server.join(LIMIT_S + 20)
    if not seen:
        return 'the server did not come to its end'
    got = fields(done.stdout)
    if b'Sanitizer' in done.stderr or b'runtime error' in done.stderr:
        return done.stderr.decode('latin-1')[:500]
    if got.get('result') not in wanted:
        return f"wanted {'or '.join(wanted)}, got {got.get('result')}: {got.get('text')!a} {done.stderr[:200]}"
    if took > LIMIT_S:
        return f'took {took:.1f} s'
    for form in FORMS:
        if form in seen[0].unsafe:
            return f'{form} was sent to a server that had proved nothing: {seen[0].unsafe[-200:]}'
        if form in done.stdout + done.stderr and form != b'AUTH ':
            return f'{form} in the output'
    if wanted == ['ok'] and FORMS[2] not in seen[0].safe:
        return 'no login came through TLS: this test sees nothing'
    return None


def main():
    make_certificates()
    write_scripts()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [(name, pool.submit(run, name, *rest)) for name, *rest in SCRIPTS]
        bad = 0
        for name, result in waiting:
            why = result.result()
            print(f'ok - {name}' if why is None else f'not ok - {name}: {why}', flush=True)
            bad += why is not None
    return 1 if bad else 0


sys.exit(main())
