#!/usr/bin/env python3
"""fleet_hosts.py REDIS_SOCKET COUNT [CAUSE]: writes COUNT hosts into Redis as relaywatchd writes itself (relaywatchd(8),
REDIS): each tenth refuses its login; with CAUSE an alert of this id fires on all. Every host gives a sign of life now."""
import json
import socket
import sys
import time


def command(*words):
    out = b"*%d\r\n" % len(words)
    for word in words:
        out += b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode())
    return out


def summary(number, now, cause):
    alerts = []
    if cause:
        alerts = [{"id": cause, "diagnosis": "G01 BAD_CREDENTIALS", "severity": "critical", "since": now - 60,
                   "summary": "The smarthost refuses our user name or password.", "told": True}]
    return {"v": 1, "state": "critical" if alerts else "ok", "since": now - 60 - number, "version": "0.1.0",
            "relay": "smtp-relay.gmail.com:587", "queue": 10 * number if alerts else 0, "oldest": 60 * len(alerts),
            "rates": {"accepted": 10, "sent": 10 - 9 * len(alerts), "deferred": 9 * len(alerts)},
            "counters": {"accepted": 1000, "sent": 900, "deferred": 50}, "firing": len(alerts), "alerts": alerts}


def main():
    now = time.time()
    count = int(sys.argv[2])
    cause = sys.argv[3] if len(sys.argv) > 3 else None
    redis = socket.socket(socket.AF_UNIX)
    redis.connect(sys.argv[1])
    answers = redis.makefile("rb")
    for i in range(count):
        host = "sim%03d" % i
        what = cause or ("login-refused" if i % 10 == 3 else None)
        redis.sendall(command("HSET", "rw:{%s}:alert" % host, "summary", json.dumps(summary(i, now, what))) +
                      command("ZADD", "rw:hosts", "%.3f" % now, host))
        for _ in range(2):
            if not answers.readline().startswith(b":"):
                sys.exit("Redis refuses")


main()
