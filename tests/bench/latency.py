#!/usr/bin/env python3
"""latency.py LOG COUNT redis SOCKET KEY FIELD | http PORT METRIC

Appends deliveries to LOG, one at a time, and measures how long it takes until somebody who asks again and again is told
of each: by a field of a hash in Redis, or by the sum of a metric. Prints p50, p99 and the longest in milliseconds. One
question takes about 0.1 ms: that is the error.
"""
import random
import socket
import sys
import time

LIMIT_S = 5


class Redis:
    def __init__(self, path, key, field):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        parts = [b"HGET", key.encode(), field.encode()]
        self.ask = b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)

    def value(self):
        self.socket.sendall(self.ask)
        answer = self.socket.recv(256)
        return int(answer.split(b"\r\n")[1]) if answer[:2] != b"$-" else 0


class Http:
    def __init__(self, port, metric):
        self.port = int(port)
        self.metric = metric.encode()

    def value(self):
        with socket.create_connection(("127.0.0.1", self.port), LIMIT_S) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        lines = [line for line in answer.split(b"\n") if line.startswith(self.metric)]
        return sum(float(line.rsplit(b" ", 1)[1]) for line in lines)


def delivery(number):
    return (
        time.strftime("%b %d %H:%M:%S") + " mx postfix/smtp[4711]: %X: to=<u@example.com>, relay=r.example.com[192.0.2.1]:587,"
        " delay=0.4, delays=0.1/0/0.2/0.1, dsn=2.0.0, status=sent (250 2.0.0 OK)\n" % (0xA00000 + number)
    )


def main():
    log, count, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    source = (Redis if kind == "redis" else Http)(*sys.argv[4:])
    took_ms = []
    with open(log, "a", buffering=1) as out:
        for number in range(count):
            before = source.value()
            time.sleep(random.uniform(0.001, 0.03))
            begun = time.monotonic()
            out.write(delivery(number))
            while source.value() == before:
                if time.monotonic() - begun > LIMIT_S:
                    sys.exit("latency.py: a line was not counted within %d s" % LIMIT_S)
            took_ms.append((time.monotonic() - begun) * 1000)
    took_ms.sort()
    print("%.2f %.2f %.2f" % (took_ms[count // 2], took_ms[count * 99 // 100], took_ms[-1]))


main()
