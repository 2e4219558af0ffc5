#!/usr/bin/env python3
"""network_smarthost.py CERTIFICATE KEY: a smarthost on port 587 of every address, IPv4 and IPv6. STARTTLS, then any login
is taken; its EHLO says whom it sees, as Google's does. Prints "ready" once it listens."""
import re
import socket
import ssl
import sys
import threading


def read_line(s):
    line = b''
    while not line.endswith(b'\n'):
        one = s.recv(1)
        if not one:
            raise EOFError
        line += one
    return line.decode('latin-1').strip()


def serve(s, context):
    peer = s.getpeername()[0].removeprefix('::ffff:')
    secure = False

    def say(text):
        s.sendall(text.encode() + b'\r\n')

    say('220 relay.world.test ESMTP')
    while True:
        verb = re.split(r'[ :]', read_line(s).upper())[0]
        if verb == 'EHLO':
            say(f'250-relay.world.test at your service, [{peer}]')
            say('250 AUTH PLAIN LOGIN' if secure else '250 STARTTLS')
        elif verb == 'STARTTLS':
            say('220 go on')
            s = context.wrap_socket(s, server_side=True)
            secure = True
        elif verb == 'AUTH':
            say('235 2.7.0 Accepted')
        elif verb == 'QUIT':
            say('221 bye')
            return
        else:
            say('250 ok')


def guarded(s, context):
    try:
        serve(s, context)
    except (OSError, EOFError):
        pass
    finally:
        s.close()


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1], sys.argv[2])
server = socket.create_server(('', 587), family=socket.AF_INET6, dualstack_ipv6=True)
print('ready', flush=True)
while True:
    threading.Thread(target=guarded, args=(server.accept()[0], tls), daemon=True).start()
