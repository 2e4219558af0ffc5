#!/usr/bin/env python3
"""power_cut.py TRACE BEFORE OUT FOLDER...: what a power cut may leave of these folders.

TRACE is of strace -f -y -xx -s 1000000 of a run that changed files below the FOLDERs, BEFORE a copy of the root (with
the folders in it) from before the run. After each call that changes something, and for each way in which a file system
may have kept what was not synced, the folders are laid out below OUT/N/ (each different result once); OUT/N.why tells
after which call, and how. What may be lost or kept, until fsync(2) says that it is safe:

  entries   what happened to names in a folder whose fsync has not come: nothing of it, its first steps, all of it, or
            all but one step
  contents  of a file whose fsync has not come: as at the last one, whole, the first half, or its length in zeros
"""
import itertools
import os
import re
import shutil
import sys

TRACE, BEFORE, OUT = sys.argv[1:4]
FOLDERS = [os.path.realpath(folder) for folder in sys.argv[4:]]
CALL = re.compile(r'^(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*)$')
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
PATH = re.compile(r'<((?:\\x[0-9a-f]{2})+)>')
FD = re.compile(r'^(AT_FDCWD|\d+)<([^>]*)>')


class File:
    """One inode: `data` as programs see it, `safe` as it is on the disk for sure."""

    def __init__(self, data=b'', mode=0o600):
        self.data, self.safe, self.mode = data, data, mode


class Disk:
    def __init__(self):
        self.entries = {}    # path -> File, or None for a folder: as programs see it
        self.safe = {}       # likewise, for sure
        self.pending = []    # (folder, function that changes a table) since that folder's fsync
        self.offsets = {}    # (pid, fd) -> position

    def load(self):
        for folder in FOLDERS:
            for root, folders, files in os.walk(BEFORE + folder):
                at = root[len(BEFORE):]
                self.entries[at] = None
                for name in files:
                    path = os.path.join(root, name)
                    if os.path.islink(path) or not os.path.isfile(path):
                        continue
                    with open(path, 'rb') as file:
                        self.entries[os.path.join(at, name)] = File(file.read(), os.stat(path).st_mode & 0o777)
        self.safe = dict(self.entries)

    def knows(self, path):
        return any(path == folder or path.startswith(folder + '/') for folder in FOLDERS)

    def change(self, folder, function):
        function(self.entries)
        self.pending.append((folder, function))

    def create(self, path, file):
        self.change(os.path.dirname(path), lambda table: table.__setitem__(path, file))

    def remove(self, path):
        self.change(os.path.dirname(path), lambda table: table.pop(path, None))

    def rename(self, old, new):
        def move(table):
            if old in table:
                table[new] = table.pop(old)
        self.change(os.path.dirname(new), move)

    def sync(self, path):
        file = self.entries.get(path)
        if file is not None:
            file.safe = file.data
            return
        for folder, function in self.pending:
            if folder == path:
                function(self.safe)
        self.pending = [step for step in self.pending if step[0] != path]

    def tables(self):
        """Each way in which the names may have been kept."""
        steps = [function for _, function in self.pending]
        kept = [steps[:n] for n in range(len(steps) + 1)] + [steps[:n] + steps[n + 1:] for n in range(len(steps))]
        for some in kept:
            table = dict(self.safe)
            for function in some:
                function(table)
            yield table

    def views(self):
        for table in self.tables():
            for way in ('safe', 'whole', 'half', 'zeros'):
                yield way, {path: file if file is None else (contents(file, way), file.mode)
                            for path, file in table.items()}


def contents(file, way):
    if file.data == file.safe or way == 'safe':
        return file.safe
    return {'whole': file.data, 'half': file.data[:len(file.data) // 2], 'zeros': bytes(len(file.data))}[way]


def plain(text):
    return bytes.fromhex(text.replace('\\x', '')).decode('latin-1')


def strings(text):
    return [plain(found.group(1)).encode('latin-1') for found in STRING.finditer(text)]


def place(args, name):
    """The path of a name beside the descriptor at the head of `args`."""
    name = os.fsdecode(name)
    at = FD.match(args)
    return os.path.normpath(name if name.startswith('/') or at is None else os.path.join(at.group(2), name))


def fd_of(text):
    found = FD.match(text)
    return (int(found.group(1)), found.group(2)) if found and found.group(1) != 'AT_FDCWD' else (None, None)


def opened(disk, pid, args, result):
    fd, path = fd_of(result)
    if fd is None or not disk.knows(path):
        return False
    changed = False
    if path not in disk.entries and 'O_CREAT' in args:
        mode = re.search(r', (0\d+)$', args)
        disk.create(path, File(mode=int(mode.group(1), 8) if mode else 0o600))
        changed = True
    file = disk.entries.get(path)
    if file is not None and 'O_TRUNC' in args and file.data:
        file.data = b''
        changed = True
    disk.offsets[pid, fd] = len(file.data) if file is not None and 'O_APPEND' in args else 0
    return changed


def written(disk, pid, name, args, result):
    fd, path = fd_of(args)
    file = disk.entries.get(path) if fd is not None else None
    if file is None:
        return False
    n = int(result)
    data = b''.join(strings(args))[:n]
    at = int(args.rsplit(', ', 1)[1]) if name == 'pwrite64' else disk.offsets.get((pid, fd), 0)
    file.data = file.data[:at].ljust(at, b'\0') + data + file.data[at + n:]
    if name != 'pwrite64':
        disk.offsets[pid, fd] = at + n
    return True


def apply(disk, pid, name, args, result):
    """True when the call changed what a power cut could leave."""
    if result.startswith('-1') or result.startswith('?'):
        return False
    if name in ('open', 'openat', 'creat', 'openat2'):
        return opened(disk, pid, args, result)
    if name in ('write', 'pwrite64', 'writev'):
        return written(disk, pid, name, args, result)
    if name == 'read' and (pid, fd_of(args)[0]) in disk.offsets:
        disk.offsets[pid, fd_of(args)[0]] += int(result)
    elif name == 'lseek' and (pid, fd_of(args)[0]) in disk.offsets:
        disk.offsets[pid, fd_of(args)[0]] = int(result)
    elif name in ('fsync', 'fdatasync') and disk.knows(fd_of(args)[1]):
        disk.sync(fd_of(args)[1])
        return True
    elif name == 'ftruncate' and disk.entries.get(fd_of(args)[1]) is not None:
        size = int(args.rsplit(', ', 1)[1])
        file = disk.entries[fd_of(args)[1]]
        file.data = file.data[:size].ljust(size, b'\0')
        return True
    elif name in ('rename', 'renameat', 'renameat2'):
        old, new = strings(args)[:2]
        second = args[STRING.search(args).end():].lstrip(', ')
        old, new = place(args, old), place(second, new)
        if disk.knows(old) and disk.knows(new):
            disk.rename(old, new)
            return True
    elif name in ('unlink', 'unlinkat', 'rmdir', 'mkdir', 'mkdirat'):
        path = place(args, strings(args)[0])
        if disk.knows(path):
            disk.create(path, None) if name.startswith('mkdir') else disk.remove(path)
            return True
    elif name in ('link', 'linkat', 'symlink', 'symlinkat', 'truncate', 'sendfile', 'copy_file_range', 'pwritev'):
        if any(folder in args for folder in FOLDERS):
            sys.exit(f'power_cut.py does not know {name}: {args[:200]}')
    return False


def lay_out(number, why, view):
    root = os.path.join(OUT, str(number))
    for path, kept in sorted(view.items()):
        if kept is None:
            os.makedirs(root + path, exist_ok=True)
    for path, kept in view.items():
        if kept is not None and os.path.isdir(os.path.dirname(root + path)):
            with open(root + path, 'wb') as file:
                file.write(kept[0])
            os.chmod(root + path, kept[1])
    with open(root + '.why', 'w') as note:
        note.write(why + '\n')


def calls():
    begun = {}
    with open(TRACE, encoding='latin-1') as trace:
        for line in trace:
            pid, _, rest = CALL.match(line).groups()
            rest = begun.pop(pid, '') + PATH.sub(lambda path: f'<{plain(path.group(1))}>', rest)
            if rest.endswith('<unfinished ...>'):
                begun[pid] = rest[:-len('<unfinished ...>')]
                continue
            found = re.match(r'(\w+)\((.*)\) += (\S.*)$', rest.strip())
            if found:
                yield pid, found.group(1), found.group(2), found.group(3)


def main():
    disk, seen, points = Disk(), {}, 0
    disk.load()
    os.makedirs(OUT)
    for number, call in enumerate(itertools.chain([('0', 'nothing', '', '0')], calls())):
        pid, name, args, result = call
        if name != 'nothing' and not apply(disk, pid, name, args, result):
            continue
        points += 1
        for way, view in disk.views():
            key = tuple(sorted((path, kept) for path, kept in view.items() if kept is not None)) + tuple(
                sorted(path for path, kept in view.items() if kept is None))
            if key not in seen:
                seen[key] = len(seen)
                lay_out(seen[key], f'call {number}, {name}: contents {way}', view)
    print(f'points={points}\nviews={len(seen)}')


main()
