#!/usr/bin/env python3
"""scripted_smarthost.py PORT CERTIFICATE KEY SCRIPT TAKEN: a smarthost on 127.0.0.1 that answers as SCRIPT says.

STARTTLS, then a login (any is taken), then mail; each message that it takes is a line "SENDER RECIPIENT..." of TAKEN. SCRIPT
is read anew for each command; its first line that fits gives the answer, without one all goes well:

    STAGE PATTERN ANSWER

STAGE: greeting ehlo starttls auth mail rcpt data end. PATTERN: a regular expression looked for in the command (for `end` in
the recipients), "*" for all, "first:EXPRESSION" for the first time only that this very command is seen, "once:EXPRESSION"
as long as the line stands once. ANSWER: reply lines with "\\n" between, or one of: hang (say nothing), close (end the
connection), silent-tls (an EHLO without STARTTLS).
Runs until it is ended; prints "ready" once it listens.
"""
import re
import socket
import ssl
import sys
import threading
import time

CERTIFICATE, KEY, SCRIPT, TAKEN = sys.argv[2:6]
NAME = 'smtp-relay.example'
HANG_S = 600
seen, lock = set(), threading.Lock()


class Over(Exception):
    pass


def is_new(key):
    with lock:
        new = key not in seen
        seen.add(key)
        return new


def fits(pattern, stage, words, line):
    if pattern == '*':
        return True
    if pattern.startswith('first:'):
        return re.search(pattern[6:], words) is not None and is_new((stage, pattern, words))
    if pattern.startswith('once:'):
        return re.search(pattern[5:], words) is not None and is_new((stage, line))
    return re.search(pattern, words) is not None


def scripted(stage, words):
    """The answer of SCRIPT, or None."""
    try:
        with open(SCRIPT) as script:
            lines = script.read().split('\n')
    except FileNotFoundError:
        return None
    for line in lines:
        parts = line.split(' ', 2)
        if len(parts) == 3 and parts[0] == stage and fits(parts[1], stage, words, line):
            return parts[2]
    return None


class Session:
    def __init__(self, sock):
        self.sock, self.file, self.safe, self.sender, self.recipients = sock, sock.makefile('rb'), False, '', []

    def say(self, text):
        self.sock.sendall(text.replace('\n', '\r\n').encode() + b'\r\n')

    def answer(self, stage, words, good):
        """Says what the script wants, else `good`; returns whether all is well."""
        answer = scripted(stage, words)
        if answer == 'hang':
            time.sleep(HANG_S)
            raise Over
        if answer == 'close':
            raise Over
        if answer == 'silent-tls':
            self.say(f'250-{NAME}\n250 SIZE 35882577')
            return True
        self.say(good if answer is None else answer.replace('\\n', '\n'))
        if answer is not None and answer.startswith('421'):
            raise Over
        return answer is None

    def hear(self):
        line = self.file.readline(10000)
        if not line:
            raise Over
        return line.decode('latin-1').rstrip('\r\n')

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.file, self.safe = self.sock.makefile('rb'), True

    def login(self, words):
        if words.upper().startswith('AUTH LOGIN'):
            for question in ('334 VXNlcm5hbWU6', '334 UGFzc3dvcmQ6'):
                self.say(question)
                self.hear()
        self.answer('auth', words.split(' ')[1], '235 2.7.0 Accepted')

    def take(self):
        if not self.answer('data', '', '354 Go ahead'):
            return
        while self.hear() != '.':
            pass
        if self.answer('end', ' '.join(self.recipients), f'250 2.0.0 OK  {int(time.time())} x-20020a05 - gsmtp'):
            with lock, open(TAKEN, 'a') as taken:
                taken.write(' '.join([self.sender, *self.recipients]) + '\n')

    def command(self, words):
        verb = words.split(' ')[0].upper()
        if verb == 'EHLO':
            offer = 'AUTH LOGIN PLAIN' if self.safe else 'STARTTLS'
            self.answer('ehlo', words, f'250-{NAME} at your service, [127.0.0.1]\n250-SIZE 35882577\n250-{offer}\n'
                                       '250-ENHANCEDSTATUSCODES\n250-8BITMIME\n250 SMTPUTF8')
        elif verb == 'STARTTLS':
            if self.answer('starttls', words, '220 2.0.0 Ready to start TLS'):
                self.start_tls()
        elif verb == 'AUTH':
            self.login(words)
        elif verb == 'MAIL':
            self.sender, self.recipients = re.sub(r'.*<(.*)>.*', r'\1', words) or '<>', []
            self.answer('mail', words, '250 2.1.0 OK x-20020a05 - gsmtp')
        elif verb == 'RCPT':
            recipient = re.sub(r'.*<(.*)>.*', r'\1', words)
            if self.answer('rcpt', recipient, '250 2.1.5 OK x-20020a05 - gsmtp'):
                self.recipients.append(recipient)
        elif verb == 'DATA':
            self.take()
        elif verb == 'QUIT':
            self.say('221 2.0.0 closing connection x-20020a05 - gsmtp')
            raise Over
        else:
            self.say('250 2.0.0 OK')

    def run(self):
        try:
            if self.answer('greeting', '', f'220 {NAME} ESMTP x-20020a05 - gsmtp'):
                while True:
                    self.command(self.hear())
        except (Over, OSError, ValueError):
            pass
        finally:
            self.sock.close()


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', int(sys.argv[1])))
    listener.listen(128)
    print('ready', flush=True)
    while True:
        sock, _ = listener.accept()
        sock.settimeout(HANG_S)
        threading.Thread(target=Session(sock).run, daemon=True).start()


main()
