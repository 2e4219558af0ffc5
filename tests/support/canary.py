#!/usr/bin/env python3
"""canary.py watch SEEN | report SEEN FOLDER... | look FOLDER...: does a secret of the tests show where none belongs?

The secrets of the process tests hold one word, which stands in support/canary. `watch` looks into the arguments and the
environment of all processes until it is ended, and notes what it finds in the file SEEN. `report` tells of that, and
searches the folders for files written since the watch began: logs, state, Redis, temporary files, core files. `look`
searches folders alone, whenever they were written. It is looked for as it is and as base64 (a login on its way). Prints
"ok - name" or "not ok - name: why".
"""
import base64
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
WORD = open(os.path.join(HERE, 'canary'), 'rb').read().strip()
# Of the three ways in which base64 may fall on it, what does not depend on its neighbours.
FORMS = [WORD] + [base64.b64encode(b'x' * shift + WORD)[4 if shift else 0:-4] for shift in range(3)]
FOUND = re.compile(b'|'.join(re.escape(form) for form in FORMS))
SELF = b'-self-test'

# Where a secret belongs: whole paths, as patterns.
BELONGS = [
    r'.*/sasl_passwd(\.new|\.db|\.lmdb|\.cdb)?',  # the operator's file and Postfix's index
    r'.*/\.relaywatch-stage/.*',                  # the same, while a change is under way
    r'.*/previous(\.new)?',                       # the keeper's: the login of before
    r'.*/sasldb2?',                               # the smarthost's accounts
    r'.*/(vault|drop)/.*',                        # what a secret manager wrote
    r'.*/words',                                  # rotations.sh's own list, to search for
    r'.*/trace',                                  # strace's, of the tests that kill and cut
    re.escape(HERE) + r'/canary',
]
BELONGS = re.compile('|'.join(f'(?:{pattern})' for pattern in BELONGS))


def read(path):
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError:
        return b''


def self_test():
    """A process that has it: who does not see this one sees nothing."""
    word = (WORD + SELF).decode()
    return subprocess.Popen(['/bin/sh', '-c', 'sleep 2; :', word], env={'WORD': word}, stdin=subprocess.DEVNULL)


def watch(seen):
    """The young ones each time, all of them twice a second: an exec changes both files."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    known, round_number, told = {}, 0, set()
    child = self_test()
    with open(seen, 'w', buffering=1) as out:
        while True:
            now, round_number = time.monotonic(), round_number + 1
            pids = [pid for pid in os.listdir('/proc') if pid.isdigit()]
            known = {pid: known.get(pid, now) for pid in pids}
            for pid in pids:
                if round_number % 20 and now - known[pid] > 1:
                    continue
                for kind in ('cmdline', 'environ'):
                    text = read(f'/proc/{pid}/{kind}')
                    if not FOUND.search(text):
                        continue
                    own = SELF in text
                    name = read(f'/proc/{pid}/comm').decode('latin-1').strip()
                    line = f'{"self" if own else "seen"} {kind} of {name}'
                    if line not in told:
                        told.add(line)
                        out.write(line + '\n')
            child.poll()
            time.sleep(0.025)


def search(folders, since):
    """Files that hold it: (where it does not belong, where it does, files read)."""
    wrong, right, count = [], [], 0
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                try:
                    info = os.lstat(path)
                except OSError:
                    continue
                if not os.path.isfile(path) or os.path.islink(path) or info.st_mtime < since or info.st_size > 1 << 28:
                    continue
                count += 1
                if FOUND.search(read(path)):
                    (right if BELONGS.fullmatch(path) else wrong).append(path)
    return wrong, right, count


def tell(name, wrong):
    print(f'ok - {name}' if not wrong else f'not ok - {name}: {"; ".join(wrong[:5])}', flush=True)
    return 1 if wrong else 0


def report(seen, folders):
    lines = read(seen).decode('latin-1').split('\n')
    wrong = [line for line in lines if line.startswith('seen')]
    for kind in ('cmdline', 'environ'):
        if not any(line.startswith(f'self {kind}') for line in lines):
            wrong.append(f'the watch has not seen its own {kind}')
    failed = tell('no secret in the arguments or environment of a process', wrong)
    begun = read(seen + '.begun')
    wrong, _, count = search(folders, float(begun or 0))
    return failed | tell(f'no secret in {count} files that the tests left', wrong)


def look(folders):
    wrong, right, count = search(folders, 0)
    if not right and not wrong:
        return 0  # this test has none
    return tell(f'no secret in {count} files but the {len(right)} where it belongs', wrong)


def main():
    what, *words = sys.argv[1:]
    if what == 'watch':
        with open(words[0] + '.begun', 'w') as begun:
            begun.write(str(time.time()))
        watch(words[0])
    return report(words[0], words[1:]) if what == 'report' else look(words)


sys.exit(main())
