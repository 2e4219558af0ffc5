#!/usr/bin/env python3
"""dns_server.py ZONE [PORT]: a DNS server on 127.0.0.1, UDP and TCP, for tests. Prints its port, then serves until it is
ended.

ZONE has lines "name TYPE value": TYPE A, AAAA, TXT, PTR, MX or CNAME; a TXT value is cut into strings of 255 bytes. A name
with the type MUTE is not answered, one with SERVFAIL is refused. The file is read anew for each question."""
import ipaddress
import socket
import struct
import sys
import threading

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
UDP_MOST = 512


def encode_name(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def encode_value(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "TXT":
        raw = value.encode()
        return b"".join(bytes([len(raw[i:i + 255])]) + raw[i:i + 255] for i in range(0, len(raw) or 1, 255))
    return (b"\0\x0a" if kind == "MX" else b"") + encode_name(value)


def read_zone(path):
    with open(path) as file:
        return [(parts[0].lower(), parts[1], parts[2] if len(parts) > 2 else "")
                for parts in (line.rstrip("\n").split(" ", 2) for line in file) if len(parts) > 1]


def question_of(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack("!H", packet[at + 1:at + 3])[0], packet[12:at + 5]


def answer(packet, zone, most):
    name, wanted, question = question_of(packet)
    here = [row for row in zone if row[0] == name]
    kinds = {row[1] for row in here}
    if "MUTE" in kinds:
        return None
    code = 2 if "SERVFAIL" in kinds else 0 if here else 3
    body, count = b"", 0
    for _, kind, value in here:
        if TYPES.get(kind) == wanted:
            data = encode_value(kind, value)
            body += b"\xc0\x0c" + struct.pack("!HHIH", wanted, 1, 60, len(data)) + data
            count += 1
    truncated = 12 + len(question) + len(body) > most
    if truncated:
        body, count = b"", 0
    flags = 0x8180 | code | (0x0200 if truncated else 0)
    return packet[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0) + question + body


def serve_tcp(listener, path):
    while True:
        connection, _ = listener.accept()
        with connection:
            size = connection.recv(2)
            if len(size) == 2:
                reply = answer(connection.recv(struct.unpack("!H", size)[0]), read_zone(path), 65535)
                if reply is not None:
                    connection.sendall(struct.pack("!H", len(reply)) + reply)


def main():
    path = sys.argv[1]
    tcp = socket.create_server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(tcp.getsockname())
    threading.Thread(target=serve_tcp, args=(tcp, path), daemon=True).start()
    print(tcp.getsockname()[1], flush=True)
    while True:
        packet, peer = udp.recvfrom(4096)
        reply = answer(packet, read_zone(path), UDP_MOST)
        if reply is not None:
            udp.sendto(reply, peer)


main()
