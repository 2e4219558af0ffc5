#!/usr/bin/env python3
"""black_hole.py PORT: a port on 127.0.0.1 that neither takes nor refuses a connection, as behind a firewall that drops: its
queue is full, and nobody empties it. Prints "ready", then waits until it is ended."""
import socket
import sys
import time

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('127.0.0.1', int(sys.argv[1])))
listener.listen(0)
waiting = []
for _ in range(4):
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(listener.getsockname())
    waiting.append(sock)
time.sleep(0.2)
print('ready', flush=True)
time.sleep(3600)
